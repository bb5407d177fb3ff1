"""The whole way: a case is trained in a process of its own, judged, told, and not trained again."""

import json

import pytest

from tb_nnhealth import Scorecard
from tools.accuracy.__main__ import main
from tools.accuracy.store import Run

NAME = "tc_zero_lr_bug"


def test_an_unknown_case_is_told(capsys):
    assert main(["--part", "programs", "--only", "nothing", NAME]) == 2
    shown = capsys.readouterr().err
    assert "Expected some of at_blob_x100_bug, " in shown and shown.endswith("Received: nothing\n")


@pytest.mark.parametrize("option", ["--seeds", "--jobs"])
def test_numbers_are_positive(option, capsys):
    with pytest.raises(SystemExit) as error:
        main([option, "0"])
    assert error.value.code == 2
    assert "Expected a positive number. Received: 0" in capsys.readouterr().err


def test_without_runs_nothing_is_claimed(tmp_path, capsys):
    assert main(["--part", "programs", "--judge", "--output", str(tmp_path)]) == 0
    assert "| all | all | 0 of 78 | 0 of 234 | 0 | – |" in capsys.readouterr().out


def test_a_run_without_a_readable_log_is_told(tmp_path, capsys):
    run = Run(tmp_path, NAME, 0)
    run.trained.parent.mkdir()
    run.trained.write_text(json.dumps({"name": NAME, "seed": 0, "raised": None}), encoding="utf-8")
    main(["--part", "programs", "--only", NAME, "--judge", "--jobs", "1", "--output", str(tmp_path)])
    assert "## Rules that broke\n\n| rule | error | runs |\n| --- | --- | --- |\n| `no scorecard` |" in (
        capsys.readouterr().out
    )


@pytest.mark.slow
def test_a_case_is_trained_judged_and_kept(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    page = tmp_path / "page.md"
    options = ["--part", "programs", "--only", NAME, "--seeds", "1", "--jobs", "1"]
    options += ["--output", str(tmp_path), "--page", str(page)]
    assert main(options) == 0
    shown, run = capsys.readouterr().out, Run(tmp_path, NAME, 0)
    assert "| all | all | 1 of 1 | 1 of 1 | 1 |" in shown
    assert json.loads(run.trained.read_text()) == {"name": NAME, "seed": 0, "raised": None}
    judged, scorecard = json.loads(run.judged.read_text()), Scorecard.from_logdir(run.logs)
    assert [finding["rule"] for finding in judged["findings"]] == [finding.rule for finding in scorecard.findings]
    assert judged["steps"] == scorecard.training["steps"] > 50
    assert not page.exists(), "a choice of cases is no page"

    before = run.trained.stat().st_mtime_ns
    assert main(options) == main([*options, "--judge"]) == 0
    assert run.trained.stat().st_mtime_ns == before
    assert capsys.readouterr().out.count("| all | all | 1 of 1 | 1 of 1 | 1 |") == 2


@pytest.mark.slow
def test_all_cases_together_are_a_page(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    page = tmp_path / "page.md"
    assert main(["--judge", "--output", str(tmp_path / "runs"), "--page", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# How often it is right\n") and text.endswith("None.\n")
    assert all(f"## {title}\n" in text for title in ("Real programs", "Zoo", "Blind"))
    assert f"Page: {page}" in capsys.readouterr().out
