"""What changed between two scorecards, and the command that tells it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth import cli
from tb_nnhealth.diff import KINDS
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import change, healthy, stuck, unmeasured, with_data
from tests.written import write_run


def card(*findings, run="run1", unjudged=()):
    """A scorecard with these findings, whose other rules passed but for those that could not judge."""
    base = Scorecard.from_run(healthy())
    rules = tuple(
        replace(verdict, status="no_data" if verdict.rule.name in unjudged else "pass") for verdict in base.rules
    )
    return replace(base, findings=tuple(findings), rules=rules, run=run)


def dead(severity, layer="dense_0", others=()):
    return Finding("dead-units", severity, f"{layer} is {severity}", layer=layer, others=others)


def kinds(before, after):
    diff = before.diff(after)
    return [(kind, c.rule, c.layer, c.before, c.after) for kind in KINDS for c in diff.of_kind(kind)]


def test_equal_scorecards_have_no_changes():
    diff = card(dead("error")).diff(card(dead("error")))
    assert (diff.new, diff.worse, diff.unjudged, diff.better, diff.gone, diff.is_worse) == ((), (), (), (), (), False)
    assert repr(diff) == "<ScorecardDiff of 'run1' and 'run1': score 100 -> 100, no changes>"


@pytest.mark.parametrize(
    ("before", "after", "kind", "is_worse"),
    [
        (None, "error", "new", True), (None, "warning", "new", True), (None, "info", "new", False),
        ("warning", "error", "worse", True), ("info", "warning", "worse", True),
        ("error", "warning", "better", False), ("warning", "info", "better", False), ("error", None, "gone", False),
    ],
)  # fmt: skip
def test_severities_decide(before, after, kind, is_worse):
    cards = [card(*([dead(severity)] if severity else [])) for severity in (before, after)]
    diff = cards[0].diff(cards[1])
    assert kinds(*cards) == [(kind, "dead-units", "dense_0", before, after)]
    assert diff.is_worse is is_worse
    assert diff.of_kind(kind)[0].message == f"dense_0 is {after or before}"


def test_a_finding_is_the_same_by_rule_and_place():
    before = card(dead("error", "a"), Finding("missing-gradient", "error", "…", layer="a", variable="a/kernel"))
    after = card(dead("error", "b"), Finding("missing-gradient", "error", "…", layer="a", variable="a/bias"))
    assert sorted(kind for kind, *_ in kinds(before, after)) == ["gone", "gone", "new", "new"]


def fed(*names):
    """A scorecard of a run with inputs of these names, all far off scale."""
    run = stuck(with_data(healthy(), "input/x", data_mean=200, data_std=300))
    inputs = [replace(run.model.tensors("input")[0], name=name) for name in names]
    source = run.data.rows.index("input/x")
    values = np.repeat(run.data.values[:, [source]], len(names), axis=1)
    data = replace(run.data, rows=tuple(tensor.place for tensor in inputs), values=values, low=values, high=values)
    first, *others = run.model.layers
    layers = (replace(first, inputs=data.rows), *others)
    return Scorecard.from_run(replace(run, data=data, model=replace(run.model, batch=tuple(inputs), layers=layers)))


def test_findings_of_different_tensors_are_not_the_same():
    new = fed("a").diff(fed("a", "b")).new
    assert [(c.tensor, c.after) for c in new if c.rule == "unnormalized-input"] == [("input/b", "error")]
    gone = fed("a").diff(fed("b")).gone
    assert [c.tensor for c in gone if c.rule == "unnormalized-input"] == ["input/a"]


def numbered(count, *findings, classes=("Dense", "Dense"), inputs=1):
    """A scorecard of a model of automatic names, of which Keras has named `count` of each before."""
    layers = tuple(
        {"path": f"mlp/{name(klass.lower(), count + at)}", "class": klass} for at, klass in enumerate(classes)
    )
    base = card(*findings)
    names = [name("input_layer", count + at) for at in range(inputs)]
    return replace(base, layers=layers, model={**base.model, "inputs": names})


def name(text, number):
    return f"{text}_{number}" if number else text


def test_places_of_a_model_that_was_built_twice_are_the_same():
    before = numbered(
        0,
        dead("error", "mlp/dense", ("mlp/dense_1",)),
        Finding("unnormalized-input", "error", "…", tensor="input/input_layer"),
    )
    after = numbered(
        7,
        dead("error", "mlp/dense_8", ("mlp/dense_7",)),
        Finding("unnormalized-input", "error", "…", tensor="input/input_layer_7"),
    )
    assert kinds(before, after) == kinds(after, before) == []
    worse = numbered(7, dead("error", "mlp/dense_7"))
    assert kinds(numbered(0, dead("warning", "mlp/dense")), worse) == [
        ("worse", "dead-units", "mlp/dense_7", "warning", "error")
    ]


def test_places_of_another_model_are_not_the_same():
    before = numbered(0, dead("error", "mlp/dense"))
    other = numbered(7, dead("error", "mlp/dense_7"), classes=("Dense", "Dense", "Dense"))
    assert [kind for kind, *_ in kinds(before, other)] == ["new", "gone"]
    assert kinds(before, numbered(7, dead("error", "mlp/dense_7"), inputs=2)) == []
    assert kinds(before, numbered(0, dead("error", "mlp/dense_1"))) == [
        ("new", "dead-units", "mlp/dense_1", None, "error"), ("gone", "dead-units", "mlp/dense", "error", None)
    ]  # fmt: skip


def test_inputs_of_scorecards_that_do_not_tell_them_go_by_their_names():
    finding = Finding("unnormalized-input", "error", "…", tensor="input/input_layer")
    before, after = numbered(0, finding), numbered(7, replace(finding, tensor="input/input_layer_7"))
    before = replace(before, model={key: value for key, value in before.model.items() if key != "inputs"})
    assert [kind for kind, *_ in kinds(before, after)] == ["new", "gone"]


def test_the_message_and_the_numbers_do_not_matter():
    before = card(replace(dead("error"), observed=0.95, first_step=3))
    assert kinds(before, card(replace(dead("error"), message="otherwise", observed=0.99, first_step=5))) == []


def test_a_place_among_the_others_is_known():
    before = card(dead("error", "a", others=("b", "c")))
    assert kinds(before, card(dead("error", "b", others=("a", "c")))) == []
    assert kinds(card(dead("warning", "a", others=("b",))), card(dead("error", "b", others=("a",)))) == [
        ("worse", "dead-units", "b", "warning", "error")
    ]


def test_of_two_findings_at_one_place_the_worst_counts():
    assert kinds(card(dead("error"), dead("warning")), card(dead("error"))) == []


def test_what_can_no_longer_be_judged_is_not_gone():
    diff = card(dead("error")).diff(card(unjudged=["dead-units"]))
    assert [change.rule for change in diff.unjudged] == ["dead-units"] and diff.gone == ()


def test_new_ones_stand_first_and_severe_ones_first_among_them():
    before = card(dead("error", "gone"), dead("warning", "worse"))
    after = card(dead("error", "worse"), dead("warning", "new-a"), dead("error", "new-b"))
    assert [(kind, layer) for kind, _, layer, _, _ in kinds(before, after)] == [
        ("new", "new-b"), ("new", "new-a"), ("worse", "worse"), ("gone", "gone")
    ]  # fmt: skip


def test_scores_of_categories_are_compared():
    sick = change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1")
    diff = Scorecard.from_run(healthy()).diff(Scorecard.from_run(sick))
    changed = {category.name for category in diff.categories if category.before != category.after}
    assert changed == {"activations", "loss"}
    assert (diff.before.score, diff.after.status) == (100, "fail") and diff.after.score < 100


def test_json_tells_the_same():
    diff = card(dead("warning")).diff(card(dead("error"), run="run2"))
    document = json.loads(diff.to_json())
    assert document == diff.to_dict()
    assert list(document) == ["before", "after", "categories", "new", "worse", "unjudged", "better", "gone"]
    assert document["after"] == {"run": "run2", "status": "pass", "score": 100}
    assert document["worse"] == [
        {
            "rule": "dead-units", "layer": "dense_0", "variable": None, "tensor": None,
            "before": "warning", "after": "error", "message": "dense_0 is error",
        }
    ]  # fmt: skip
    assert repr(diff) == "<ScorecardDiff of 'run1' and 'run2': score 100 -> 100, 1 worse>"


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    root = tmp_path_factory.mktemp("logs")
    write_run(healthy(), root / "good")
    write_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1"), root / "bad")
    write_run(unmeasured(healthy()), root / "unmeasured")
    for name in ("good", "bad"):
        text = Scorecard.from_logdir(root / name).to_json()
        (root / f"{name}.json").write_text(text, encoding="utf-8")
    return root


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("good", "bad", 1), ("good.json", "bad", 1), ("good", "bad.json", 1), ("bad", "good", 0),
        ("bad", "bad.json", 0), ("good", "good", 0), ("bad", "unmeasured", 2), ("good", "unmeasured", 2),
    ],
)  # fmt: skip
def test_exit_codes_of_the_command(before, after, code, logs, capsys):
    assert run("diff", logs / before, logs / after) == code
    out, err = capsys.readouterr()
    assert out == "" and "score" in err


def test_the_table_shows_scores_and_findings(logs, capsys):
    run("diff", logs / "good", logs / "bad")
    err = " ".join(capsys.readouterr().err.split())
    assert "run1 score 100 → run1 score" in err
    assert "activations 100 →" in err and "new dead-units (error)" in err
    run("diff", logs / "bad", logs / "good")
    assert "gone dead-units (error)" in " ".join(capsys.readouterr().err.split())
    run("diff", logs / "bad", logs / "bad")
    assert "no finding is new" in capsys.readouterr().err


def test_json_of_the_command_is_that_of_the_library(logs, capfd):
    assert run("diff", logs / "good.json", logs / "bad", "--format", "json") == 1
    out, err = capfd.readouterr()
    before, after = (Scorecard.from_logdir(logs / name) for name in ("good", "bad"))
    assert out == before.diff(after).to_json()
    assert err == ""


def test_settings_hold_for_log_directories_not_for_files(logs, capsys):
    options = ["--ignore", "dead-units", "--ignore", "stalled-loss"]
    assert run("diff", logs / "good", logs / "bad", *options) == 0
    assert run("diff", logs / "good", logs / "bad.json", *options) == 1
    capsys.readouterr()


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("missing", "Expected a log directory"),
        (".", "Expected one run. Received: "),
        ("broken.json", "Expected a scorecard in JSON"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(after, message, logs, capsys):
    (logs / "broken.json").write_text("{")
    assert run("diff", logs / "good", logs / after) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith(f"nnhealth: {message}")


def test_what_a_corrupt_log_lacks_may_be_worse(logs, tmp_path, capsys):
    shutil.copytree(logs / "good", tmp_path / "good")
    (path,) = (tmp_path / "good" / "health").iterdir()
    data = bytearray(path.read_bytes())
    data[int(0.6 * len(data))] ^= 0x10
    path.write_bytes(data)
    assert run("diff", logs / "good", tmp_path / "good") == 2
    assert run("diff", tmp_path / "good", logs / "good") == 0
    assert "is corrupt at byte" in capsys.readouterr().err


def test_a_rule_that_broke_may_hide_what_is_worse(logs, tmp_path, capsys):
    document = json.loads((logs / "good.json").read_text())
    document["rules"][0]["status"] = "error"
    (tmp_path / "card.json").write_text(json.dumps(document))
    assert run("diff", logs / "good", tmp_path / "card.json") == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    ("baseline", "name", "code"),
    [("good", "bad", 1), ("bad", "bad", 0), ("bad", "good", 0), ("bad", "unmeasured", 2)],
)
def test_check_against_a_baseline_fails_on_what_is_new(baseline, name, code, logs, capsys):
    assert run("check", logs / name, "--fail-on", "warning", "--baseline", logs / f"{baseline}.json") == code
    assert ("dead-units" in capsys.readouterr().err) == (code == 1)


def test_a_known_warning_that_became_an_error_is_new_to_check(logs, tmp_path, capsys):
    run("export", logs / "bad", "--limit", "dead-units.error=0.99", "-o", tmp_path / "card.json")
    assert run("check", logs / "bad", "--baseline", tmp_path / "card.json") == 1
    err = capsys.readouterr().err
    assert "dead-units" in err and "error stalled-loss" not in err


@pytest.mark.parametrize(("text", "message"), [(None, "Expected a scorecard's file"), ("{}", "of schema_version 1")])
def test_a_baseline_that_cannot_be_read_is_bad_use(text, message, logs, tmp_path, capsys):
    path = tmp_path / "baseline.json"
    if text is not None:
        path.write_text(text)
    assert run("check", logs / "bad", "--baseline", path) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_names_in_a_file_do_not_steer_the_terminal(logs, tmp_path, capsys):
    hostile = (logs / "bad.json").read_text().replace('"run1"', '"[red]x\\u001b[31m"').replace("dense_1", "\\u001b[2J")
    (tmp_path / "card.json").write_text(hostile)
    assert run("diff", logs / "good", tmp_path / "card.json") == 1
    assert "\x1b" not in capsys.readouterr().err
