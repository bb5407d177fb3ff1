"""The bar: what it says is being done, and how much of it is."""

import pytest

from tb_nnhealth.flight import progress as module
from tb_nnhealth.flight.progress import Progress


@pytest.fixture
def updates(monkeypatch):
    """What the bar is told, where a terminal is watched."""
    told = []

    class Bar(module.Bar):
        def update(self, task, **changes):
            told.append(changes)
            super().update(task, **changes)

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module, "Bar", Bar)
    return told


def test_each_part_is_shown_with_what_was_done_before_it(updates, capsys):
    with Progress(2) as progress:
        progress.begin("first steps")
        progress.begin("data-order")
    assert [(told["completed"], told["total"]) for told in updates] == [(0, 2), (1, 2)]
    assert "preflight: data-order" in capsys.readouterr().err


def test_a_part_that_is_begun_again_makes_the_whole_longer(updates):
    with Progress(2) as progress:
        for part in ("first steps", "data-order", "data-order"):
            progress.begin(part)
    assert (updates[-1]["completed"], updates[-1]["total"]) == (2, 3)


@pytest.mark.parametrize("fraction, shown", [(-1.0, 1.0), (0.25, 1.25), (7.0, 2.0)])
def test_a_part_is_done_between_nothing_and_all_of_it(updates, fraction, shown):
    with Progress(2) as progress:
        progress.begin("first steps")
        progress.begin("data-order")
        progress.done(fraction)
    assert updates[-1]["completed"] == shown


def test_nothing_is_shown_where_nobody_looks(capsys):
    with Progress(1) as progress:
        progress.begin("first steps")
    assert capsys.readouterr().err == ""
