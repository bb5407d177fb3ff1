"""The command line: what goes where, and the exit codes."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth import cli, commands, engine, terminal
from tb_nnhealth.reader import read_run
from tb_nnhealth.report import html
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import change, healthy, losses, stuck, table, unmeasured, with_head, with_layers
from tests.written import write_run


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A directory of runs: one healthy, one with a warning, one with an error."""
    root = tmp_path_factory.mktemp("logs")
    sinking = losses(healthy(), np.concatenate([np.full(5, 2.6), np.full(23, 2.3)]))
    write_run(healthy(), root / "good")
    write_run(sinking, root / "slow")
    write_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95), root / "deep" / "bad")
    return root


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    root = tmp_path_factory.mktemp("broken") / "run"
    (root / "health").mkdir(parents=True)
    (root / "health" / "events.out.tfevents.1").write_bytes(b"no event file")
    return root


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_show_tells_the_verdict_on_each_run_on_stderr(logs, capsys):
    assert run("show", logs) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert all(word in err for word in ("dead-units", "stalled-loss", "activations", " of 5 checks", "try: "))


def test_show_names_the_layer_and_the_tensor_that_a_message_does_not(capsys):
    judged = with_head(stuck(healthy()), "MeanSquaredError")
    card = Scorecard.from_run(judged)
    (finding,) = (one for one in card.findings if one.rule == "loss-activation-mismatch")
    assert finding.layer in finding.message and finding.tensor not in finding.message
    terminal.show(judged, card, "run")
    assert f"({finding.tensor}; also " in " ".join(capsys.readouterr().err.split())


def test_show_of_a_healthy_run_finds_nothing(logs, capsys):
    assert run("show", logs / "good") == 0
    assert "score 100" in capsys.readouterr().err


def test_export_writes_the_scorecards_bytes_to_stdout(logs, capfdbinary):
    assert run("export", logs / "good") == 0
    out, err = capfdbinary.readouterr()
    assert out == Scorecard.from_logdir(logs / "good").to_json().encode()
    assert err == b""
    assert json.loads(out)["status"] == "pass"


def test_export_writes_the_same_bytes_to_a_file(logs, tmp_path, capfdbinary):
    assert run("export", logs, "--run", "deep/bad", "-o", tmp_path / "card.json") == 0
    assert (tmp_path / "card.json").read_bytes() == Scorecard.from_logdir(logs / "deep" / "bad").to_json().encode()
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("given", ["json", "html"])
def test_export_of_several_runs_asks_which(logs, given, capsys):
    assert run("export", logs, "--format", given) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Expected one run, chosen with --run" in err and "deep/bad" in err and "good" in err


def test_export_to_a_place_that_cannot_be_written(logs, tmp_path, capsys):
    assert run("export", logs / "good", "-o", tmp_path / "missing" / "card.json") == 2
    assert "Expected a file that can be written" in capsys.readouterr().err


def test_export_writes_the_report(logs, tmp_path, capfdbinary):
    assert run("export", logs / "deep" / "bad", "--format", "html", "-o", tmp_path / "report.html") == 0
    health = read_run(logs / "deep" / "bad")
    expected = html(health, Scorecard.from_run(health)).encode()
    assert (tmp_path / "report.html").read_bytes() == expected
    assert run("export", logs, "--run", "deep/bad", "--format", "html") == 0
    out, err = capfdbinary.readouterr()
    assert (out, err) == (expected, b"")


def test_report_tells_the_limits_that_were_given(logs, capfdbinary):
    assert run("export", logs / "good", "--format", "html", "--limit", "dead-units.warning=0.25") == 0
    assert b"25 % <b>(default 40 %)</b>" in capfdbinary.readouterr().out


@pytest.mark.parametrize("given", ["json", "html"])
def test_export_of_a_run_that_cannot_be_read(broken, given, capsys):
    assert run("export", broken, "--format", given) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "severity", "code"),
    [
        ("good", "warning", 0), ("good", "error", 0), ("slow", "warning", 1), ("slow", "error", 0),
        ("deep/bad", "warning", 1), ("deep/bad", "error", 1),
    ],
)  # fmt: skip
def test_check_exits_by_severity(logs, capsys, name, severity, code):
    assert run("check", logs / name, "--fail-on", severity) == code
    assert capsys.readouterr().out == ""


def test_check_of_a_directory_fails_if_any_run_does(logs, capsys):
    assert run("check", logs) == 1
    assert "dead-units" in capsys.readouterr().err


def test_check_of_a_run_without_samples_could_not_judge(tmp_path, capsys):
    write_run(unmeasured(healthy()), tmp_path)
    assert run("check", tmp_path) == 2
    assert "no_data" in capsys.readouterr().err


@pytest.mark.parametrize("steps", [range(2), (0, 1, 4, 8)])
def test_check_of_a_few_steps_could_not_judge(tmp_path, capsys, steps):
    write_run(healthy(steps=np.array(steps)), tmp_path)
    assert run("check", tmp_path) == 2
    assert "no_data  score unknown" in capsys.readouterr().err


def test_a_long_run_of_which_only_the_loss_was_seen_has_no_lack_of_steps(tmp_path, capsys):
    nothing = table((), {"value_norm": 0.0})
    write_run(replace(healthy(), variables=nothing, activations=nothing), tmp_path)
    assert run("check", tmp_path) == 2
    assert "951 steps, 28 judged, not enough to call it healthy" in " ".join(capsys.readouterr().err.split())


def test_check_with_a_broken_rule_could_not_judge(logs, capsys, monkeypatch):
    verdict = engine.Verdict(DIAGNOSES["stalled-loss"], "error", {}, reason="RuntimeError: out of order")
    monkeypatch.setattr("tb_nnhealth.scorecard.judge", lambda run, limits: (verdict,))
    assert run("check", logs / "good") == 2
    assert "out of order" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "check"])
def test_runs_go_by_the_name_that_the_option_takes(command, logs, capsys):
    run(command, logs)
    names = [line.split()[0] for line in capsys.readouterr().err.splitlines() if " judged" in line]
    assert names == ["deep/bad", "good", "slow"]
    for name in names:
        run(command, logs, "--run", name)
        assert capsys.readouterr().err.startswith(f"{name} (run1)  ")


@pytest.mark.parametrize(
    ("command", "beside", "code"), [("show", "good", 2), ("check", "good", 2), ("check", "bad", 1)]
)
def test_an_unreadable_run_among_others_is_told(command, beside, code, logs, tmp_path, capsys, monkeypatch):
    shutil.copytree(logs / "good", tmp_path / "locked")
    shutil.copytree(logs / ("deep/bad" if beside == "bad" else beside), tmp_path / beside)
    scandir = os.scandir

    def refuse(path):
        if str(path) == str(tmp_path / "locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert run(command, tmp_path) == code
    told = f"nnhealth: {tmp_path / 'locked'} cannot be read (Permission denied)\n"
    assert capsys.readouterr().err.count(told) == 1
    assert run(command, tmp_path, "--run", beside) == (1 if (command, beside) == ("check", "bad") else 0)


@pytest.mark.parametrize("command", ["show", "export", "check"])
def test_an_empty_name_is_no_log_directory(command, capsys):
    assert run(command, "") == 2
    assert capsys.readouterr().err == "nnhealth: Expected a log directory. Received: ''\n"


def flip_a_byte(run_dir, share):
    """Flips one byte of the run's event file, at a share of its length."""
    (path,) = (run_dir / "health").iterdir()
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 0x10
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("command", ["show", "export", "check"])
def test_what_a_corrupt_log_lacks_is_told(command, logs, tmp_path, capfd):
    shutil.copytree(logs / "good", tmp_path / "good")
    flip_a_byte(tmp_path / "good", 0.6)
    assert run(command, tmp_path) == (2 if command == "check" else 0)
    out, err = capfd.readouterr()
    (told,) = [line for line in err.splitlines() if line.startswith("nnhealth: ")]
    assert told.startswith("nnhealth: good: events.out") and "is corrupt at byte" in told
    assert out == (Scorecard.from_logdir(tmp_path / "good").to_json() if command == "export" else "")


@pytest.mark.parametrize("name", ["good", "deep/bad"])
def test_no_flipped_byte_makes_a_run_clean(name, logs, tmp_path, capsys):
    codes = set()
    for share in np.linspace(0, 0.9999, 25):
        shutil.copytree(logs / name, tmp_path / "run")
        flip_a_byte(tmp_path / "run", share)
        codes.add(run("check", tmp_path / "run"))
        shutil.rmtree(tmp_path / "run")
    assert codes == ({2} if name == "good" else {1, 2})


@pytest.mark.parametrize("command", ["show", "export", "check"])
def test_unreadable_runs_are_one_sentence_and_exit_2(command, broken, tmp_path, capsys):
    for place in (broken, tmp_path, tmp_path / "missing", __file__):
        assert run(command, place) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "Received: " in err and "Traceback" not in err


def test_an_unknown_run_names_the_runs(logs, capsys):
    assert run("show", logs, "--run", "nope") == 2
    assert "Expected one of the runs deep/bad, good, slow. Received: --run nope" in capsys.readouterr().err


def test_names_of_the_log_are_shown_as_plain_text(tmp_path, capsys):
    name = "[red]x[/red]\x1b[31m"
    hostile = with_layers(stuck(healthy()), dense_0={"path": name})
    write_run(change(hostile, "activation", "dead_unit_fraction", 0.95, "dense_0"), tmp_path / "[bold]run")
    assert run("show", tmp_path) == 0
    err = capsys.readouterr().err
    assert "[red]x[/red]" in err and "\x1b[31m" not in err


def test_rules_lists_every_rule(capsys):
    assert run("rules") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert all(name in err for name in DIAGNOSES)


@pytest.mark.parametrize("name", DIAGNOSES)
def test_explain_tells_why_and_what_to_try(name, capsys):
    assert run("explain", name) == 0
    assert "What to try" in capsys.readouterr().err


def test_explain_of_an_unknown_rule_names_the_nearest(capsys):
    assert run("explain", "dead-unit") == 2
    told = "Expected the name of a rule, perhaps dead-units; `nnhealth rules` lists them. Received: dead-unit"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["dance"], ["check", ".", "--fail-on", "whim"]])
def test_bad_arguments_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(arguments)
    assert error.value.code == 2
    assert "usage: nnhealth" in capsys.readouterr().err


def test_interruption_is_one_line(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "rules", interrupt)
    assert run("rules") == 130
    assert capsys.readouterr().err == "nnhealth: interrupted\n"


def test_a_bug_of_ours_is_no_finding(monkeypatch, capsys):
    def break_down(options):
        raise ValueError("shapes do not match")

    monkeypatch.setattr(commands, "check", break_down)
    assert run("check", ".") == 2
    assert (
        capsys.readouterr().err == "nnhealth: it broke, which is a bug of nnhealth: ValueError: shapes do not match\n"
    )


def test_a_closed_pipe_is_no_traceback(logs):
    script = f"{sys.executable} -m tb_nnhealth export {logs / 'deep' / 'bad'} | head -c 1"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "{"
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_reader_that_has_left_is_no_finding(command, logs):
    reading, writing = os.pipe()
    os.close(reading)
    called = [sys.executable, "-m", "tb_nnhealth", command, str(logs / "good")]
    assert subprocess.run(called, stdout=writing, stderr=writing, timeout=60, check=False).returncode == 2
    os.close(writing)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("command", "redirection", "code", "told"),
    [
        ("export", ">/dev/full", 2, "Expected output that can be written. Received: No space left on device"),
        ("export", ">&-", 2, "Expected an open stdout, or a file with -o. Received: a closed stdout"),
        ("export", ">&- 2>&-", 2, None),
        ("show", ">&-", 0, "score 100"),
        ("show", "2>&-", 0, None),
        ("check", "2>&-", 0, None),
        ("check", "2>/dev/full", 2, None),
        ("check /missing", "2>/dev/full", 2, None),
        ("check /missing", "2>&-", 2, None),
    ],
)  # fmt: skip
def test_output_that_cannot_be_written_is_one_sentence(command, redirection, code, told, logs):
    where = "" if "/missing" in command else logs / "good"
    script = f"{sys.executable} -m tb_nnhealth {command} {where} {redirection}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    if told is None:
        assert result.stderr == ""
    elif command == "export":
        assert result.stderr == f"nnhealth: {told}\n"
    else:
        assert told in result.stderr


def test_nothing_imports_tensorflow_or_keras(logs):
    script = (
        "import sys; from tb_nnhealth import cli; codes = [cli.main(a) for a in "
        f"(['show', {str(logs)!r}], ['export', {str(logs / 'good')!r}], ['check', {str(logs)!r}], ['rules'], "
        f"['export', {str(logs)!r}, '--format', 'sarif'], ['export', {str(logs)!r}, '--format', 'junit'], "
        f"['diff', {str(logs / 'good')!r}, {str(logs / 'slow')!r}])]; "
        "assert codes == [0, 0, 1, 0, 0, 0, 1], codes; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr


def test_importing_the_command_line_imports_nothing_heavy():
    script = "import sys, tb_nnhealth.cli; assert not {'numpy', 'rich', 'tensorboard'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
