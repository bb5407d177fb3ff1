"""What the command line shows to people, with rich, on stderr. Names from a log are shown as plain text."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from tb_nnhealth.diff import KINDS, Change, Kind, ScorecardDiff
from tb_nnhealth.engine import UNTRAINED, Verdict
from tb_nnhealth.faces.flight import costs_of, counted, lines
from tb_nnhealth.faces.verdict import has_passed, headline, is_ready, outcome
from tb_nnhealth.faces.wording import part, plural, took
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules import DIAGNOSES, HEADINGS, Diagnosis, Finding
from tb_nnhealth.scorecard import Scorecard

STYLES = {
    "pass": "green", "fail": "bold red", "no_data": "dim", "error": "magenta",
    "warning": "yellow", "info": "cyan",
}  # fmt: skip

KIND_STYLES = {"new": "bold red", "worse": "red", "unjudged": "magenta", "better": "green", "gone": "green"}

SHOWN_OTHERS = 3


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would end the process with 1, which means findings


def console() -> Console:
    return _Console(stderr=True, highlight=False)


def show(run: HealthRun, scorecard: Scorecard, name: str) -> None:
    """Shows the verdict on a run: its categories, its findings with what to try, and what was not judged.

    Args:
      run: what was measured.
      scorecard: the verdict on it.
      name: what the run is called in the log directory, which `--run` takes.
    """
    out = console()
    out.print(_headline(run, scorecard, name))
    out.print(_categories(scorecard))
    for text in _findings(scorecard):
        out.print(text)
    waiting = [verdict for verdict in scorecard.rules if verdict.reason == UNTRAINED]
    for verdict in scorecard.rules:
        if verdict.status in ("no_data", "error") and verdict not in waiting:
            out.print(_unjudged(verdict))
    if waiting:
        told = f"{plural(len(waiting), 'check')} wait{'s' if len(waiting) == 1 else ''} for the training"
        out.print(Text.assemble(("  no_data ", STYLES["no_data"]), (told, "dim")))
    out.print()


def flight(run: HealthRun, scorecard: Scorecard, seconds: float) -> Iterator[RenderableType]:
    """Yields what is shown of a preflight: a line for each probe, and all findings with what to try.

    Args:
      run: what was measured.
      scorecard: the verdict on it.
      seconds: what it took.
    """
    yield Text.assemble(_outcome(run, scorecard), (f"  {counted(run, scorecard)} · {took(seconds)}", "dim"))
    yield Text(f"  {headline(run, scorecard)[1]}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for justify in ("left", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)  # A narrow terminal must not cut a name: the sentence folds.
    table.add_column(overflow="fold")
    for line in lines(run, scorecard):
        state = Text(line.word, STYLES[line.state])
        table.add_row(f"  {line.name}", state, line.took, _plain(line.told))
    yield table
    yield Text(f"  {costs_of(run)}", "dim")
    yield from _findings(scorecard)
    for problem in run.problems:
        yield Text.assemble(("  note ", STYLES["info"]), _plain(problem))


def _outcome(run: HealthRun, scorecard: Scorecard) -> Text:
    """Returns what is said of a preflight in a few words: green where all that concerns the model was tried."""
    state = ("pass" if is_ready(run, scorecard) else "warning") if has_passed(run, scorecard) else "fail"
    style = STYLES["no_data" if run.is_interrupted and not scorecard.failing else state]
    return Text.assemble(("preflight ", "bold"), (outcome(run, scorecard), style))


def _findings(scorecard: Scorecard) -> Iterator[Text]:
    """Yields the findings, those that fail a rule with what to try."""
    remedies = {verdict.rule.name: verdict.diagnosis.remedies for verdict in scorecard.rules}
    for finding in scorecard.findings:
        yield _finding(finding)
        if finding.severity != "info":
            yield from (Text(f"    try: {remedy}", "dim") for remedy in remedies[finding.rule][:3])


def summary(
    run: HealthRun, scorecard: Scorecard, name: str, findings: Sequence[Finding], broken: Sequence[Verdict]
) -> None:
    """Shows a run's headline, the given findings, and the rules that broke."""
    out = console()
    out.print(_headline(run, scorecard, name))
    for finding in findings:
        out.print(_finding(finding))
    for verdict in broken:
        out.print(_unjudged(verdict))


def diff(changed: ScorecardDiff) -> None:
    """Shows what changed from one scorecard to another: scores, then findings."""
    out = console()
    before, after = changed.before, changed.after
    out.print(
        Text.assemble(
            (_plain(before.run), "bold"), f" score {_score(before.score)} → ",
            (_plain(after.run), "bold"), f" score {_score(after.score)}  ", (after.status, STYLES[after.status]),
        )
    )  # fmt: skip
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for category in changed.categories:
        if category.before != category.after:
            table.add_row(f"  {_plain(category.name)}", f"{_score(category.before)} → {_score(category.after)}")
    if table.row_count:
        out.print(table)
    for kind in KINDS:
        for change in changed.of_kind(kind):
            out.print(_change(kind, change))
    if not any(changed.of_kind(kind) for kind in KINDS):
        out.print(Text("  no finding is new, worse, better or gone", "dim"))


def rules() -> None:
    """Shows all rules."""
    table = Table("rule", "category", "says", box=None, pad_edge=False)
    for diagnosis in DIAGNOSES.values():
        table.add_row(diagnosis.rule.name, diagnosis.rule.category, diagnosis.summary)
    console().print(table)


def explain(diagnosis: Diagnosis) -> None:
    """Shows a rule's prose and limits."""
    limits = "\n".join(f"* {t.name}: {t.value:g} {t.unit} ({t.source})" for t in diagnosis.rule.thresholds)
    sections = [f"## {heading}\n\n{diagnosis.prose[heading]}" for heading in HEADINGS]
    console().print(
        Markdown("\n\n".join([f"# {diagnosis.rule.name}", diagnosis.summary, *sections, "## Limits", limits]))
    )


def _headline(run: HealthRun, scorecard: Scorecard, name: str) -> Text:
    own = "" if scorecard.run == name.rpartition("/")[2] else f" ({scorecard.run})"
    called = Text.assemble((_plain(name), "bold"), (_plain(own), "dim"), "  ")
    if run.untrained:
        return Text.assemble(called, _outcome(run, scorecard), f"\n  {headline(run, scorecard)[1]}")
    training = scorecard.training
    thinned = ", thinned: findings may be missing or wrong" if training["thinned"] else ""
    short = ", not enough to call it healthy" if scorecard.status == "no_data" else ""
    return Text.assemble(
        called, (scorecard.status, STYLES[scorecard.status]), f"  score {_score(scorecard.score)}  ",
        (f"{plural(training['steps'], 'step')}, {training['sampled_steps']} judged{thinned}{short}", "dim"),
    )  # fmt: skip


def _categories(scorecard: Scorecard) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for category in scorecard.categories:
        score = "–" if category.score is None else str(category.score)
        table.add_row(
            f"  {category.name}", Text(category.status, STYLES[category.status]), Text(score, justify="right"),
            Text(part(*scorecard.judged_of(category.name), "check"), "dim"),
        )  # fmt: skip
    return table


def _finding(finding: Finding) -> Text:
    severity = finding.severity
    style = "bold red" if severity == "error" else STYLES[severity]
    shown, more = finding.others[:SHOWN_OTHERS], len(finding.others) > SHOWN_OTHERS
    others = f"also {', '.join(shown)}{', …' if more else ''}" if shown else ""
    beside = "; ".join(part for part in (_unnamed(finding), others) if part)
    return Text.assemble(
        "    " if finding.because else "",
        (f"  {severity} ", style),
        (f"{finding.rule} ", "bold"),
        _plain(finding.message),
        (_plain(f" ({beside})" if beside else ""), "dim"),
    )


def _change(kind: Kind, change: Change) -> Text:
    severity = " → ".join(name for name in (change.before, change.after) if name)
    beside = _unnamed(change)
    return Text.assemble(
        (f"  {kind} ", KIND_STYLES[kind]),
        (f"{_plain(change.rule)} ", "bold"),
        f"({severity}) ",
        _plain(change.message),
        (_plain(f" ({beside})" if beside else ""), "dim"),
    )


def _unnamed(found: Finding | Change) -> str:
    """Returns the places of a finding that its message does not name."""
    return ", ".join(place for place in found.where if place not in found.message)


def _unjudged(verdict: Verdict) -> Text:
    status = verdict.status
    return Text.assemble(
        (f"  {status} ", STYLES[status]), f"{verdict.rule.name} ", (_plain(verdict.reason or ""), "dim")
    )


def _score(score: int | None) -> str:
    return "unknown" if score is None else str(score)


def _plain(text: str) -> str:
    """Returns the text without control characters: a name in a log must not steer the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
