"""What each command of the command line does."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tb_nnhealth.output import BadUse, say, spinner, write

if TYPE_CHECKING:
    from tb_nnhealth.records import HealthRun
    from tb_nnhealth.rules import Finding
    from tb_nnhealth.scorecard import Scorecard

CLEAN, FINDINGS, UNKNOWN = 0, 1, 2

FORMATS = ("json", "html", "sarif", "junit")

PROBES = (
    "input-gallery", "data-order", "train-validation-shift", "label-noise", "dimension-probe", "batch-independence",
    "gradient-check", "overfit-tiny-batch", "simple-baseline", "shuffled-labels", "random-input", "learning-rate-range",
)  # fmt: skip
"""Those of `tb_nnhealth.flight.probes`, which needs TensorFlow."""

OF_ONE_RUN = ("json", "html")


def show(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal

    judge = _judge(options)
    runs, unread = _runs(options)
    for name, path in runs.items():
        run = _read(name, path)
        unread += run is None
        if run:
            terminal.show(run, judge(run), name)
    return UNKNOWN if unread else CLEAN


def export(options: argparse.Namespace) -> int:
    judge = _judge(options)
    runs, unread = _runs(options)
    if options.format in OF_ONE_RUN:
        return _export_one(options, runs, judge)
    scorecards = {}
    for name, path in runs.items():
        run = _read(name, path)
        unread += run is None
        if run:
            scorecards[name] = judge(run)
    if not scorecards:
        return UNKNOWN
    write(_rendered(options.format, scorecards, runs), options.output)
    return UNKNOWN if unread else CLEAN


def _export_one(options: argparse.Namespace, runs: dict[str, str], judge: "Callable[[HealthRun], Scorecard]") -> int:
    if len(runs) > 1:
        raise BadUse(f"Expected one run, chosen with --run. Received: LOGDIR with the runs {', '.join(runs)}")
    ((name, path),) = runs.items()
    run = _read(name, path)
    if run is None:
        return UNKNOWN
    scorecard = judge(run)
    if options.format == "html":
        from tb_nnhealth.report import html

        write(html(run, scorecard).encode(), options.output)
    else:
        write(scorecard.to_json().encode(), options.output)
    return CLEAN


def check(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal

    severities = ("error",) if options.fail_on == "error" else ("warning", "error")
    judge = _judge(options)
    baseline = None if options.baseline is None else _from_file(options.baseline)
    runs, unread = _runs(options)
    codes = {UNKNOWN} if unread else set()
    for name, path in runs.items():
        run = _read(name, path)
        if run is None:
            codes.add(UNKNOWN)
            continue
        scorecard = judge(run)
        found = [finding for finding in _new(scorecard, baseline) if finding.severity in severities]
        broken = [verdict for verdict in scorecard.rules if verdict.status == "error"]
        unknown = broken or run.problems or scorecard.status == "no_data"
        codes.add(FINDINGS if found else UNKNOWN if unknown else CLEAN)
        terminal.summary(run, scorecard, name, found, broken)
    return next(code for code in (FINDINGS, UNKNOWN, CLEAN) if code in codes)


def diff(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal

    judge = _judge(options)
    (before, _), (after, is_whole) = (_scorecard(place, judge) for place in (options.before, options.after))
    changed = before.diff(after)
    if options.format == "json":
        write(changed.to_json().encode(), None)
    else:
        terminal.diff(changed)
    if changed.is_worse:
        return FINDINGS
    is_broken = any(verdict.status == "error" for verdict in after.rules)
    return UNKNOWN if not is_whole or is_broken or after.status == "no_data" or changed.unjudged else CLEAN


def preflight(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal
    from tb_nnhealth.faces.verdict import is_judged
    from tb_nnhealth.telling import told

    try:
        from tb_nnhealth.flight.log import refusal
        from tb_nnhealth.flight.preflight import preflight as fly
        from tb_nnhealth.flight.target import made
    except ModuleNotFoundError as error:
        needed = "Expected TensorFlow and Keras, which preflight trains with: pip install 'tb_nnhealth[train]'"
        raise BadUse(f"{needed}. Received: no module named {error.name!r}") from None
    refused = None if options.log_dir is None else refusal(options.log_dir)
    if refused is not None:
        raise BadUse(refused)
    arguments = made(options.target)
    probes = "default" if options.probes is None else [name.strip() for name in options.probes.split(",")]
    try:
        report = fly(**arguments, log_dir=options.log_dir, probes=probes, budget=options.budget, seed=options.seed)
    except ValueError as error:
        raise BadUse(" ".join(str(error).split())) from None
    except SystemExit as error:
        expected = "Expected a model and data that do not end the process"
        raise BadUse(f"{expected}. Received: {options.target}, which gives {told(error)}") from None
    terminal.console().print(report)
    severities = ("error",) if options.fail_on == "error" else ("warning", "error")
    if any(finding.severity in severities for finding in report.findings):
        return FINDINGS
    return CLEAN if is_judged(report.run, report.scorecard) else UNKNOWN


def rules(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal

    terminal.rules()
    return CLEAN


def explain(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal
    from tb_nnhealth.configuration import perhaps
    from tb_nnhealth.rules import DIAGNOSES

    diagnosis = DIAGNOSES.get(options.rule)
    if diagnosis is None:
        near = perhaps(options.rule, DIAGNOSES)
        raise BadUse(f"Expected the name of a rule{near}; `nnhealth rules` lists them. Received: {options.rule}")
    terminal.explain(diagnosis)
    return CLEAN


def _judge(options: argparse.Namespace) -> "Callable[[HealthRun], Scorecard]":
    """Returns what judges a run by the project's settings and those of the options.

    Raises:
      BadUse: one of them is not what is expected.
    """
    from tb_nnhealth.configuration import SettingsError, checked
    from tb_nnhealth.project import judged_here, project_settings
    from tb_nnhealth.scorecard import Scorecard

    try:
        settings = checked(_settings(options), "on the command line")
        project_settings()  # Wrong ones are told before any run is read.
    except SettingsError as error:
        raise BadUse(str(error)) from None
    return lambda run: Scorecard.from_run(judged_here(run), settings)


def _settings(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = {}
    for text in options.limit:
        parts = re.fullmatch(r"([^.=]+)\.([^.=]+)=(.+)", text)
        try:
            rule, threshold, number = parts.groups() if parts else ("", "", "")
            settings.setdefault(rule, {})[threshold] = float(number)
        except ValueError:
            raise BadUse(
                f"Expected --limit RULE.THRESHOLD=NUMBER, such as dead-units.warning=0.5. Received: --limit {text}"
            ) from None
    for text in options.ignore:
        rule, has_pattern, pattern = text.partition("=")
        own = settings.setdefault(rule, {})
        if has_pattern:
            own["ignore"] = [*own.get("ignore", []), pattern]
        else:
            own["enabled"] = False
    return settings


def _rendered(form: str, scorecards: "dict[str, Scorecard]", runs: dict[str, str]) -> bytes:
    """Returns the scorecards, by the names of their runs, as SARIF or JUnit XML; warns of too many runs."""
    if form == "sarif":
        from tb_nnhealth.sarif import MOST_RUNS, sarif

        if len(scorecards) > MOST_RUNS:
            has = f"this one has {len(scorecards)}: export them in parts"
            say(f"GitHub takes at most {MOST_RUNS} runs in one SARIF file, and {has}.")
        return sarif({name: (scorecard, runs[name]) for name, scorecard in scorecards.items()}).encode()
    from tb_nnhealth.junit import junit

    return junit(scorecards)


def _new(scorecard: "Scorecard", baseline: "Scorecard | None") -> "tuple[Finding, ...]":
    """Returns the findings that are new or worse than in the baseline, all where there is none."""
    if baseline is None:
        return scorecard.findings
    changed = baseline.diff(scorecard)
    new = {(c.rule, c.layer, c.variable, c.tensor, c.after) for c in changed.new + changed.worse}
    return tuple(f for f in scorecard.findings if (f.rule, f.layer, f.variable, f.tensor, f.severity) in new)


def _scorecard(place: str, judge: "Callable[[HealthRun], Scorecard]") -> "tuple[Scorecard, bool]":
    """Returns the scorecard in a file, or of the run in a log directory, and whether all of the run could be read."""
    if Path(place).is_file():
        return _from_file(Path(place)), True
    from tb_nnhealth.reader import LogError, find_runs

    try:
        runs = find_runs(place)
    except LogError as error:
        raise BadUse(str(error)) from None
    if len(runs) > 1:
        raise BadUse(f"Expected one run. Received: {place} with the runs {', '.join(runs)}")
    ((name, path),) = runs.items()
    run = _read(name, path)
    if run is None:
        raise BadUse(f"Expected a run that can be read. Received: {place}")
    return judge(run), not run.problems


def _from_file(path: Path) -> "Scorecard":
    from tb_nnhealth.document import ScorecardError
    from tb_nnhealth.scorecard import Scorecard

    try:
        return Scorecard.from_file(path)
    except ScorecardError as error:
        raise BadUse(str(error)) from None


def _runs(options: argparse.Namespace) -> tuple[dict[str, str], int]:
    """Returns the runs that were asked for, and how many directories that may hold more cannot be read."""
    from tb_nnhealth.reader import LogError, find_runs

    try:
        unreadable: list[str] = []
        runs = find_runs(options.logdir, unreadable.append)
    except LogError as error:
        raise BadUse(str(error)) from None
    for sentence in unreadable:
        say(sentence)
    if options.run is None:
        return runs, len(unreadable)
    if options.run not in runs:
        raise BadUse(f"Expected one of the runs {', '.join(runs)}. Received: --run {options.run}")
    return {options.run: runs[options.run]}, 0


def _read(name: str, path: str) -> "HealthRun | None":
    """Returns a run, None where it cannot be read; what cannot be read of it is told on stderr, a sentence each."""
    from tb_nnhealth.reader import LogError, read_run

    try:
        with spinner(f"reading {name}"):
            run = read_run(path)
    except LogError as error:
        say(f"{name}: {error}")
        return None
    for problem in run.problems:
        say(f"{name}: {problem}")
    return run
