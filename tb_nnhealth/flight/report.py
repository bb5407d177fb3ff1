"""What a preflight gives back: the verdict, as a table in a terminal and as a page in a notebook."""

import html as markup
import io
import shutil
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult

from tb_nnhealth import terminal
from tb_nnhealth.faces.verdict import has_passed, outcome
from tb_nnhealth.faces.wording import plural, took
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report import html
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard

HEIGHT = 640
"""Pixels of the page in a notebook."""


@dataclass(frozen=True)
class PreflightReport:
    """The verdict of a preflight.

    `run` holds what was measured and `scorecard` what the rules say of it. `seconds` are what the whole preflight took,
    reading the data included. `train_data` and `validation_data` are what the training is to be given: where the data
    could be read once only, an iterator that gives the batches that were taken, too.
    """

    scorecard: Scorecard
    run: HealthRun
    seconds: float
    train_data: Any
    validation_data: Any = None

    @property
    def passed(self) -> bool:
        """Whether a probe has passed and no rule fails: where nothing could be judged, nothing is called healthy, nor
        after an interruption."""
        return has_passed(self.run, self.scorecard)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, the first to mend first."""
        return self.scorecard.findings

    def to_html(self) -> str:
        """Returns the report as one HTML page."""
        return html(self.run, self.scorecard)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from terminal.flight(self.run, self.scorecard, self.seconds)

    def __repr__(self) -> str:
        told = f"{outcome(self.run, self.scorecard)}, {plural(len(self.findings), 'finding')}, {took(self.seconds)}"
        return f"<PreflightReport of {self.run.name!r}: {told}>"

    def __str__(self) -> str:
        text = io.StringIO()
        is_shown = sys.stdout is not None and sys.stdout.isatty()
        width = shutil.get_terminal_size((100, 24)).columns
        Console(file=text, force_terminal=is_shown, width=width, highlight=False).print(self)
        return text.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        page = markup.escape(self.to_html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:{HEIGHT}px;border:0" title="Preflight"></iframe>'
