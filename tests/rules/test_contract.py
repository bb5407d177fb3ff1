"""What every rule must have: the form of its module, its page, its test, its sick model."""

import importlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tb_nnhealth.rules import CATEGORIES, DIAGNOSES, HEADINGS, Finding
from tb_nnhealth.rules.pages import LEARNT, differing, main, pages
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.vocabulary import STATISTICS
from tests.rules.builder import change, findings, healthy, lacking, model, stuck, thin, unmeasured, verdict

ROOT = Path(__file__).parents[2]
NAMES = tuple(DIAGNOSES)
MODULES = {path.stem for path in (ROOT / "tb_nnhealth" / "rules").glob("[a-z]*.py")} - {"pages"}


def module_name(name):
    return name.replace("-", "_")


def test_every_module_is_listed_under_its_own_name():
    assert {module_name(name) for name in NAMES} == MODULES


@pytest.mark.parametrize("name", NAMES)
def test_prose_has_the_fixed_headings_in_order(name):
    diagnosis = DIAGNOSES[name]
    assert tuple(diagnosis.prose) == HEADINGS
    assert all(diagnosis.prose.values())
    assert re.fullmatch(r"[A-Z].+\.", diagnosis.summary)
    assert diagnosis.remedies and diagnosis.prose["References"].startswith("* ")


@pytest.mark.parametrize("name", NAMES)
def test_record_is_complete(name):
    rule = DIAGNOSES[name].rule
    assert rule.name == name and rule.category in CATEGORIES
    assert rule.title != rule.passing_title
    assert all(need in STATISTICS for need in rule.needs)
    assert all(threshold.source for threshold in rule.thresholds)
    assert rule.thresholds or rule.category == "definition" or name in ("first-steps", "input-gallery")
    assert len({threshold.name for threshold in rule.thresholds}) == len(rule.thresholds)


@pytest.mark.parametrize("name", NAMES)
def test_each_limit_decides_what_is_found(name):
    """The `LIMITS` of a rule's test have, for each limit, a run and the value with which other findings come of it."""
    moved = getattr(importlib.import_module(f"tests.rules.test_{module_name(name)}"), "LIMITS", {})
    assert list(moved) == list(DIAGNOSES[name].rule.limits)
    for limit, (run, value) in moved.items():
        usual, other = verdict(name, run), verdict(name, run, **{limit: value})
        assert "error" not in (usual.status, other.status)
        assert [replace(f, limit=None) for f in usual.findings] != [replace(f, limit=None) for f in other.findings]


@pytest.mark.parametrize("name", NAMES)
def test_module_has_a_test_and_a_modest_size(name):
    assert (ROOT / "tests" / "rules" / f"test_{module_name(name)}.py").exists()
    lines = (ROOT / "tb_nnhealth" / "rules" / f"{module_name(name)}.py").read_text().splitlines()
    assert len(lines) <= 180


@pytest.mark.parametrize("name", NAMES)
def test_healthy_runs_have_no_warning_also_thinned(name):
    for run in (healthy(), thin(healthy(), 2)):
        result = verdict(name, run)
        assert result.status in ("pass", "no_data")
        assert [finding for finding in result.findings if finding.severity != "info"] == []


@pytest.mark.parametrize("name", NAMES)
def test_few_samples_of_a_run_make_no_symptom_of_it(name):
    """Nothing is known of whether it learns: what TensorBoard left out may have told."""
    few = replace(thin(stuck(healthy()), 4), sampled_steps=7, missing_rows=21)
    told = verdict(name, few)
    assert told.status in ("pass", "no_data") and not told.findings
    assert told.status == "no_data" or told.rule.min_samples <= 1


@pytest.mark.parametrize("name", NAMES)
def test_nothing_measured_is_never_an_error(name):
    assert verdict(name, unmeasured(healthy())).status in ("pass", "no_data")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scope", ["variable", "activation", "step", "data"])
def test_no_rule_breaks_on_what_was_not_measured(name, scope):
    run = stuck(healthy())
    for statistic in run.table(scope).columns:
        run = change(run, scope, statistic, float("nan"))
    assert verdict(name, run).status != "error"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.filterwarnings("error")
def test_no_rule_breaks_on_any_numbers(seed):
    random = np.random.default_rng(seed)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-38, -1.0, 1.0, 3e38])
    run = healthy(model(activation=str(random.choice(["relu", "tanh"]))))
    for scope in ("variable", "activation", "step", "data"):
        for statistic in run.table(scope).columns:
            if random.random() < 0.5 and not statistic.endswith("_nonfinite"):
                table = run.table(scope)
                run = change(run, scope, statistic, random.choice(odd, (len(table.steps), len(table.rows))))
    scorecard = Scorecard.from_run(run)
    assert [verdict.reason for verdict in scorecard.rules if verdict.status == "error"] == []
    assert scorecard.to_json()


def test_pages_are_up_to_date():
    assert differing(ROOT / "docs" / "rules") == []


def test_pages_tell_when_something_is_learnt_where_a_rule_asks_for_it():
    footed = {name for name, text in pages().items() if LEARNT in text}
    assert {"dead-units.md", "batch-size.md", "no-better-than-trivial.md"} <= footed
    assert footed.isdisjoint({"input-gallery.md", "overfit-tiny-batch.md", "random-input.md", "shuffled-labels.md"})


def test_check_of_pages_tells_what_differs(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path), "--check"]) == 0
    (tmp_path / "dead-units.md").write_text("old")
    (tmp_path / "gone.md").write_text("of no rule")
    assert main([str(tmp_path), "--check"]) == 1
    err = capsys.readouterr().err
    assert "dead-units.md differs" in err and "gone.md differs" in err


def test_what_a_finding_lacks_of_its_evidence_is_told():
    bare = Finding("dead-units", "warning", "…", layer="dense_0", first_step=3)
    assert lacking(healthy(), bare) == "observed, limit, unit, steps"
    assert lacking(healthy(), replace(bare, statistic="loss", limit=0.5, unit="", last_step=3)) == ""
    assert lacking(healthy(), replace(bare, statistic="data_std", limit=0.5, unit="", last_step=3)) == "tensor"
    assert lacking(healthy(), Finding("missing-nonlinearity", "warning", "…")) == "a layer"


def test_findings_name_their_rule():
    assert findings("stalled-loss", stuck(healthy()))[0].rule == "stalled-loss"


def test_every_rule_has_a_sick_model_in_the_demo():
    if not (ROOT / "demo" / "faults.py").exists():
        pytest.skip("the demo is not there")
    known = {**importlib.import_module("demo.faults").FAULTS, **importlib.import_module("demo.preflight_faults").FAULTS}
    assert {name for name in NAMES if DIAGNOSES[name].rule.weight} <= set(known)
