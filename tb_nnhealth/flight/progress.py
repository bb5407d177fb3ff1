"""How far a preflight is, on a terminal or in a notebook."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """Shows a bar on stderr while it is open; nothing where nobody looks.

    Args:
      parts: how many parts there are, if none is begun again.
    """

    def __init__(self, parts: int) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        is_watched = console.is_terminal or console.is_jupyter
        self._bar = Bar(*columns, console=console, transient=True, disable=not is_watched)
        self._task = self._bar.add_task("preflight", total=parts)
        self._parts = parts
        self._begun = 0

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, part: str) -> None:
        """Shows that the next part begins."""
        parts = max(self._parts, self._begun + 1)
        self._bar.update(self._task, description=f"preflight: {part}", completed=self._begun, total=parts)
        self._begun += 1

    def done(self, fraction: float) -> None:
        """Shows how much of the part is done, from 0 to 1."""
        self._bar.update(self._task, completed=self._begun - 1 + min(1.0, max(0.0, fraction)))
