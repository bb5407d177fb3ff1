"""Judges the logs of runs by the present rules."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from rich.console import Console
from rich.progress import track

from tb_nnhealth import LogError, Scorecard
from tools.accuracy.store import Run, read, write


def judge(run: Run) -> dict[str, Any]:
    """Returns what the rules say of a trained run, and keeps it beside the logs."""
    verdict: dict[str, Any] = read(run.trained) | _verdict(run)
    write(run.judged, verdict)
    return verdict


def judge_all(runs: Sequence[Run], jobs: int, console: Console) -> list[dict[str, Any]]:
    """Returns the verdicts on the runs, in their order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        verdicts = pool.map(judge, runs, chunksize=8)
        return list(track(verdicts, "judging", total=len(runs), console=console))


def _verdict(run: Run) -> dict[str, Any]:
    try:
        scorecard = Scorecard.from_logdir(run.logs)
    except LogError as error:
        return {"steps": 0, "findings": [], "no_data": {}, "broken": {"no scorecard": str(error)}}
    reasons = {s: {v.rule.name: v.reason for v in scorecard.rules if v.status == s} for s in ("no_data", "error")}
    return {
        "steps": scorecard.training["steps"],
        "findings": [{"rule": f.rule, "severity": f.severity, "message": f.message} for f in scorecard.findings],
        "no_data": reasons["no_data"],
        "broken": reasons["error"],
    }
