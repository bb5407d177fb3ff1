"""Examples as a model got them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

SLENDER = 8

Token = tuple[int, str]
Share = tuple[int, float, str]
"""An id and its word; a class, its share and its name. "" where there is no word."""


def is_slender(height: int, width: int) -> bool:
    """Returns whether one side of a picture is so much longer than the other that each has a scale of its own: such as
    the steps and the channels of a signal."""
    return max(height, width) > SLENDER * min(height, width)


@dataclass(frozen=True)
class Exhibit:
    """What one tensor of a gallery's examples looks like.

    `stage` is "input", "first" (what the first layer that learns gets, of its inputs' names), "target" or
    "prediction"; `layer` the path of the layer that gets it as it is, None where none does. `values` has one value an
    example, by `kind`:

    * "picture": a PNG in base64, of `size` (height, width), drawn from black to white at the two values of `drawn`;
    * "numbers": a tuple of floats (NaN = not finite), by `columns`;
    * "tokens": a tuple of ids with their words;
    * "text": a str;
    * "classes": a tuple of the foremost classes with their shares, of `unit` "fraction" or ""; `several`: an example
      may be of several.

    `shape` is that of an example, `low`, `high`, `mean` and `std` are over all examples (NaN = not known), `nonfinite`
    elements left out. `channels` tells of a picture's in words.
    """

    stage: str
    name: str
    kind: str
    values: tuple[Any, ...]
    shape: tuple[int, ...] = ()
    dtype: str = ""
    layer: str | None = None
    low: float = float("nan")
    high: float = float("nan")
    mean: float = float("nan")
    std: float = float("nan")
    nonfinite: int = 0
    size: tuple[int, ...] = ()
    drawn: tuple[float, ...] = ()
    channels: str = ""
    columns: tuple[str, ...] = ()
    unit: str = ""
    several: bool = False


@dataclass(frozen=True)
class Gallery:
    """A few examples as a model got them, with targets and predictions, after the step `step`.

    `epoch` is the one that had ended, None in a preflight; `left_out` are sentences about what is not shown.
    """

    step: int
    epoch: int | None
    examples: int
    exhibits: tuple[Exhibit, ...]
    left_out: tuple[str, ...] = ()

    def of(self, *stages: str) -> tuple[Exhibit, ...]:
        return tuple(exhibit for exhibit in self.exhibits if exhibit.stage in stages)


class Galleries(Sequence[Gallery]):
    """The galleries of a run, in order. No rule needs them, and they are large: they are read when they are asked for.

    `are_there` says without reading whether any were written, `problems` what could not be read of them.
    """

    def __init__(self, are_there: bool, read: Callable[[], tuple[Sequence[Gallery], Sequence[str]]]) -> None:
        self.are_there = are_there
        self._read = read

    @classmethod
    def of(cls, galleries: Sequence[Gallery] = (), problems: Sequence[str] = ()) -> "Galleries":
        """Returns those that are at hand."""
        return cls(bool(galleries or problems), lambda: (galleries, problems))

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self._both[1])

    @overload
    def __getitem__(self, index: int) -> Gallery: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Gallery]: ...

    def __getitem__(self, index: int | slice) -> Gallery | Sequence[Gallery]:
        return self._both[0][index]

    def __len__(self) -> int:
        return len(self._both[0])

    @cached_property
    def _both(self) -> tuple[Sequence[Gallery], Sequence[str]]:
        return self._read() if self.are_there else ((), ())
