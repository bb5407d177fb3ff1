"""What a preflight gives back, as people look at it."""

import re
from dataclasses import replace

from rich.console import Console

from tb_nnhealth.flight.report import PreflightReport
from tb_nnhealth.records import INTERRUPTED, Flight, Probed
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import healthy, stuck, with_probe


def report(run):
    return PreflightReport(Scorecard.from_run(run), run, 12.0, None)


def passing(run):
    """Returns the report of a run whose data are in no order."""
    card = Scorecard.from_run(run)
    rules = tuple(replace(v, status="pass") if v.rule.name == "data-order" else v for v in card.rules)
    return PreflightReport(replace(card, rules=rules), run, 12.0, None)


def test_it_passes_where_a_probe_passes_and_nothing_fails():
    run = with_probe("data-order")
    assert passing(run).passed
    assert not report(with_probe("data-order", reason="there are no labels")).passed, "nothing was judged"
    failing = passing(stuck(run))
    assert failing.findings and not failing.passed


def test_each_probe_has_a_line_with_what_it_took():
    run = replace(healthy(), probes={"data-order": Probed(1.25, {}, "there are no labels")})
    text = str(report(run))
    assert "data-order" in text and "not judged" in text and "1.3 s" in text and "There are no labels." in text
    assert "12 s" in text and "\x1b" not in text


def test_the_first_steps_are_told_with_what_they_took():
    run = replace(healthy(), probes={"data-order": Probed(1.0)}, flight=Flight(60.0, 10.0, False))
    assert "10 s for reading the data and the first steps of the training, 1 s for the probes" in " ".join(
        str(report(run)).split()
    )


def test_what_was_interrupted_has_not_passed():
    run = with_probe("data-order")
    assert passing(run).passed
    shown = passing(replace(run, probes={**run.probes, "gradient-check": Probed(0.0, {}, INTERRUPTED)}))
    assert not shown.passed and "preflight interrupted" in str(shown) and "interrupted, " in repr(shown)


def test_it_says_how_many_probes_were_judged():
    assert "not judged  1 not judged · 12 s" in str(report(with_probe("data-order", reason="x")))


def test_of_what_passed_it_says_how_much_was_judged():
    unjudged = {name: Probed(1.0, {}, "there are no labels") for name in ("label-noise", "random-input")}
    run = with_probe("data-order")
    run = replace(run, probes={**run.probes, **unjudged}, flight=Flight(60.0, 10.0, False))
    shown = passing(run)
    shown = replace(shown, scorecard=replace(shown.scorecard, status="no_data"))
    assert shown.passed and "preflight passed, 1 of 3 probes judged  1 passed and 2 not judged · 12 s" in str(shown)
    assert "passed, 1 of 3 probes judged, " in repr(shown)
    sentence = (
        "Not trained yet: nothing wrong was found in the [0-9]+ checks that could be judged, 1 of 3 probes among "
    )
    sentence += "them"
    assert all(re.search(sentence, page) for page in (" ".join(str(shown).split()), shown.to_html()))


def test_a_narrow_terminal_cuts_no_name(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    names = ("train-validation-shift", "learning-rate-range", "batch-independence")
    run = replace(healthy(), probes={name: Probed(12.5, {}, "there are no labels, " * 9) for name in names})
    lines = str(report(run)).splitlines()
    assert max(map(len, lines)) <= 60
    assert all(any(f"  {name} " in line and "not judged" in line for line in lines) for name in names)


def test_its_repr_is_one_line():
    shown = report(stuck(with_probe("data-order", reason="x")))
    assert repr(shown) == f"<PreflightReport of {shown.run.name!r}: not passed, {len(shown.findings)} findings, 12 s>"


def test_findings_stand_with_what_to_try():
    found = report(stuck(with_probe("data-order", reason="x")))
    text = " ".join(str(found).split())
    assert "not passed" in text and all(finding.message in text for finding in found.findings) and "try: " in text


def test_problems_are_told():
    run = replace(with_probe("data-order", reason="x"), problems=("The model is not compiled.",))
    assert "The model is not compiled." in str(report(run))


def test_rich_prints_it_and_a_notebook_shows_the_page(capsys):
    shown = report(with_probe("data-order", reason="x"))
    Console(width=100).print(shown)
    assert "data-order" in capsys.readouterr().out
    page = shown._repr_html_()
    assert page.startswith('<iframe srcdoc="&lt;!DOCTYPE html') and "<script" not in page
