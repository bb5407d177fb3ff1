"""The demo's models are what they claim to be: each sick one makes its rule fire, the healthy one none."""

import contextlib
import json
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from demo import healthy, run
from demo.faults import FAULTS
from tb_nnhealth import Scorecard
from tb_nnhealth.rules import Finding

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("rule", FAULTS)
def test_sick_model_makes_its_rule_fire(rule: str, tmp_path: Path) -> None:
    found = FAULTS[rule].build().run(tmp_path / rule).findings
    fired = {finding.rule for finding in found if finding.severity != "info" or FAULTS[rule].informs}
    assert rule in fired, found


def test_healthy_model_has_no_findings(tmp_path: Path) -> None:
    scorecard = healthy.build().run(tmp_path / "healthy")
    assert _faults(scorecard) == []
    assert (scorecard.status, scorecard.score) == ("pass", 100)


@pytest.mark.parametrize(("build", "code"), [(FAULTS["dead-units"].build, 0), (healthy.build, 1)])
def test_run_tells_by_its_exit_code_whether_the_rule_fired(
    build: object, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"dead-units": run.Case("dead-units", "a model", "dead-units", build)}
    monkeypatch.setattr(run, "_cases", lambda: cases)
    assert run.main(["dead-units", "--output", str(tmp_path), "--port", "6543"]) == code
    shown = capsys.readouterr().out
    assert f"--logdir {tmp_path / 'logs'}" in shown
    assert "http://localhost:6543/#nnhealth" in shown
    written = (tmp_path / "scorecards" / "dead-units.json").read_text(encoding="utf-8")
    assert written == Scorecard.from_logdir(tmp_path / "logs" / "dead-units").to_json()


def test_run_names_the_models_where_one_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["dead-unit"]) == 2
    shown = capsys.readouterr()
    assert "Expected some of healthy, " in shown.err
    assert shown.err.endswith("Received: dead-unit\n")


def test_served_demo_ends_with_tensorboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the address that was printed there is a TensorBoard with the run in it, until Ctrl-C."""

    class Interrupted(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:
                seen.append(_runs_at(port))
                self.send_signal(signal.SIGINT)
                raise KeyboardInterrupt
            return super().wait(timeout)

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    seen: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    case = run.Case("dead-units", "a model", "dead-units", FAULTS["dead-units"].build)
    monkeypatch.setattr(run, "_cases", lambda: {"dead-units": case})
    assert run.main(["dead-units", "--output", str(tmp_path), "--port", str(port), "--serve"]) == 0
    assert seen == [["dead-units/health"]]
    assert f"TensorBoard is starting at http://localhost:{port}/#nnhealth" in capsys.readouterr().out


def _runs_at(port: int) -> list[str]:
    """Returns the runs that a TensorBoard shows once it has come up and loaded some."""
    for _ in range(240):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://localhost:{port}/data/plugin/nnhealth/runs", timeout=5) as answer:
                runs: list[str] = json.load(answer)["runs"]
            if runs:
                return runs
        time.sleep(0.25)
    raise AssertionError("TensorBoard did not come up")


def _faults(scorecard: Scorecard) -> list[Finding]:
    return [finding for finding in scorecard.findings if finding.severity != "info"]
