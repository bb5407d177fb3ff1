"""How the elements of a tensor spread over the magnitudes, step by step: its histograms as one small picture."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from tb_nnhealth.faces.wording import number, steps
from tb_nnhealth.records import FloatArray, IntArray, Table
from tb_nnhealth.report.axis import Tick
from tb_nnhealth.vocabulary import HISTOGRAM_BINS, HISTOGRAM_EXPONENTS, LOWEST_EXPONENT

MOST_COLUMNS = 48
SHADES = 15
"""Shades of the line's colour, beside none: the picture holds four bits a cell."""

INK = (34, 132, 160)
"""A colour that can be seen on a light ground and on a dark one."""

FAINTEST = 0.1


@dataclass(frozen=True)
class Spread:
    """What the page needs of a tensor's histograms: `picture` is a data address of a PNG file.

    The steps are those of the first and of the last histogram.
    """

    title: str
    told: str
    quantiles: tuple[tuple[str, str], ...]
    picture: Markup
    ticks: tuple[Tick, ...]
    first: str
    last: str


def spread(table: Table, row: str, title: str) -> Spread | None:
    """Returns the histograms of a row over the steps, each up to the next; None where there are none."""
    index = table.row(row)
    counts = None if index is None else np.asarray(table.values[:, index, :], np.float64)
    known = np.zeros(0, np.int64) if counts is None else np.flatnonzero(np.nansum(counts, axis=1) > 0)
    if counts is None or not len(known):
        return None
    first, last = int(table.steps[known[0]]), int(table.steps[known[-1]])
    at = np.linspace(first, last, MOST_COLUMNS if last > first else 1)
    columns = counts[known[np.searchsorted(table.steps[known], at, "right") - 1]]
    shown = (columns / np.nansum(columns, axis=1, keepdims=True)).astype(np.float32)
    filled = np.flatnonzero((shown > 0).any(axis=0))
    low, high = max(0, int(filled[0]) - 1), min(HISTOGRAM_BINS - 1, int(filled[-1]) + 1)
    numbers = quantiles(shown[-1])
    return Spread(
        title,
        f"{title}, {steps(first, last)}; at the last, {', '.join(f'{name} {value}' for name, value in numbers)}",
        numbers,
        _png(shown[:, low : high + 1].T[::-1]),
        _ticks(filled, low, high),
        steps(first, None),
        "" if first == last else f"{last:,}",
    )


def _png(shares: FloatArray) -> Markup:
    """Returns a picture of `[bins, columns]`, the largest magnitudes above 0 at the top."""
    with np.errstate(invalid="ignore"):
        shade = np.ceil(SHADES * np.sqrt(shares / np.nanmax(shares)))
    image = Image.frombytes("P", shares.shape[::-1], np.nan_to_num(shade).astype(np.uint8).tobytes())
    image.putpalette([*INK] * (SHADES + 1))
    file = io.BytesIO()
    alpha = bytes([0, *(round(255 * (FAINTEST + (1 - FAINTEST) * at / SHADES)) for at in range(1, SHADES + 1))])
    image.save(file, "PNG", bits=4, optimize=True, transparency=alpha)
    return Markup(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}")


def _ticks(filled: IntArray, low: int, high: int) -> tuple[Tick, ...]:
    """Returns the magnitudes at both ends of what is filled, and 0 where it is between: the bins are powers of two."""
    ends = int(filled[0]), int(filled[-1])
    bins = sorted({*ends, *((HISTOGRAM_EXPONENTS,) if ends[0] < HISTOGRAM_EXPONENTS < ends[1] else ())})
    return tuple(Tick(_about(bin, "≈"), 100 * (high - bin + 0.5) / (high - low + 1)) for bin in bins)


def _about(bin: int, word: str = "about") -> str:
    """Returns a value in the middle of a bin, of one digit, and "about" it where that is not exact."""
    low, high = _bounds(bin)
    return "0" if low == high else f"{word} {number(float(f'{(low + high) / 2:.1g}'))}"


def _bounds(bin: int) -> tuple[float, float]:
    side = bin - HISTOGRAM_EXPONENTS
    if side == 0:
        return 0.0, 0.0
    inner, outer = (math.copysign(2.0 ** (LOWEST_EXPONENT + abs(side) + end), side) for end in (-1, 0))
    return min(inner, outer), max(inner, outer)


def quantiles(shares: NDArray[np.float32]) -> tuple[tuple[str, str], ...]:
    """Returns what a histogram says in a few numbers, as far as its bins tell."""
    few, half, most = (_bin(shares, share) for share in (0.05, 0.5, 0.95))
    return (
        ("95 % below", number(_bounds(most)[1])),
        ("median", _about(half)),
        ("95 % above", number(_bounds(few)[0])),
    )


def _bin(shares: NDArray[np.float32], share: float) -> int:
    """Returns the bin up to which that share of the elements lies."""
    return int(np.searchsorted(np.cumsum(np.nan_to_num(shares)), share - 1e-6))
