"""The heat map as a picture: one statistic of every row of a table over the steps, bounded in size."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from tb_nnhealth.faces.bands import Band
from tb_nnhealth.faces.extents import extent
from tb_nnhealth.faces.thinning import farthest
from tb_nnhealth.faces.wording import quantity, words
from tb_nnhealth.nonfinite import counts, samples
from tb_nnhealth.records import FloatArray, HealthRun, IntArray
from tb_nnhealth.report.scale import INFINITE, LEVELS, MISSING, ZERO, Scale, is_share, levels, palette, scale
from tb_nnhealth.vocabulary import STATISTICS

MOST_ROWS, MOST_COLUMNS = 100, 200
"""Cells of a picture, at most: above that, neighbouring rows and steps share one, and its extreme counts."""

ROW_PIXELS = 15

SHOWN = ("update_ratio", "gradient_rms", "activation_std")
"""The statistics that have a heat map."""

MARKED = {ZERO: "exactly 0", INFINITE: "NaN or Inf"}


@dataclass(frozen=True)
class HeatMap:
    """What the page needs of a heat map; `rows` are the labels, `picture` and `legend` data addresses of PNG files.

    `keys` are the marks that it has beside the colours of its scale, each with its words.
    """

    title: str
    meaning: str
    rows: tuple[str, ...]
    picture: Markup
    height: int
    legend: Markup
    low: str
    high: str
    healthy: str
    keys: tuple[tuple[Markup, str], ...]
    first: str
    last: str
    is_grouped: bool


def heat_maps(run: HealthRun, bands: Mapping[str, Band]) -> list[HeatMap]:
    """Returns the heat maps of those statistics that were measured.

    Args:
      run: the run.
      bands: where statistics are healthy.
    """
    drawn = (_heat_map(run, statistic, bands.get(statistic)) for statistic in SHOWN)
    return [found for found in drawn if found is not None]


def _heat_map(run: HealthRun, name: str, band: Band | None) -> HeatMap | None:
    statistic = STATISTICS[name]
    table = run.table(statistic.scope)
    if not samples(run, table, name):
        return None
    columns = _columns(table.steps)
    groups = np.linspace(0, len(table.rows), min(len(table.rows), MOST_ROWS) + 1).astype(np.int64)
    low, high, counted = (
        extreme.reduceat(_over(extreme, values, columns), groups[:-1], axis=1).T
        for extreme, values in (
            (np.fmin, table.lows(name)), (np.fmax, table.highs(name)), (np.fmax, counts(table, name)),
        )
    )  # fmt: skip
    shown = farthest(low, high)
    given = scale_of(run, name, band)
    colours = levels(given, shown)
    colours[(counted > 0) | np.isinf(low) | np.isinf(high)] = INFINITE
    return HeatMap(
        title=words(name),
        meaning=statistic.meaning,
        rows=tuple(_label(table.rows[begin:end]) for begin, end in pairwise(groups.tolist())),
        picture=_png(colours, given),
        height=ROW_PIXELS * len(shown),
        legend=_png(np.arange(LEVELS, dtype=np.uint8)[None], given),
        low=("≤ " if given.beyond or (band and given.log) else "") + quantity(given.low, statistic.unit),
        high=("≥ " if band and not is_share(statistic.unit) else "") + quantity(given.high, statistic.unit),
        healthy=_told(band, statistic.unit) if band else "",
        keys=tuple(
            (_png(np.array([[mark]], np.uint8), given), told)
            for mark, told in MARKED.items()
            if np.any(colours == mark)
        ),
        first=f"{int(table.steps[0]):,}",
        last=f"{int(table.steps[-1]):,}",
        is_grouped=len(shown) < len(table.rows),
    )


def _columns(steps: IntArray) -> tuple[IntArray, IntArray]:
    """Returns of each column, an equal part of the steps, its first sample and the one after its last.

    A sample lasts until the next one, as in the tab.
    """
    length = int(steps[-1] - steps[0]) + 1
    width = min(length, MOST_COLUMNS)
    places = (steps - steps[0]) * width // length
    end = np.searchsorted(places, np.arange(width), "right")
    return np.minimum(np.searchsorted(places, np.arange(width), "left"), end - 1), end


def _over(extreme: np.ufunc, values: FloatArray, columns: tuple[IntArray, IntArray]) -> FloatArray:
    """Returns an extreme of the samples of each column: `[columns, rows]`."""
    between = np.stack(columns, axis=1).ravel()
    found: FloatArray = extreme.reduceat(np.concatenate([values, values[-1:]]), between, axis=0)[::2]
    return found


def scale_of(run: HealthRun, name: str, band: Band | None) -> Scale:
    """Returns what the colours of a statistic stand for: the same whatever cells are shown."""
    statistic = STATISTICS[name]
    return scale(name, statistic.unit, extent(run.table(statistic.scope), name), band)


def _told(band: Band, unit: str) -> str:
    low, high = (None if end is None else quantity(end, unit) for end in (band.low, band.high))
    if low and high:
        return f"{low} to {high}"
    return f"up to {high}" if high else f"from {low}"


def _label(rows: tuple[str, ...]) -> str:
    return rows[0] if len(rows) == 1 else f"{rows[0]} + {len(rows) - 1}"


def _png(colours: NDArray[np.uint8], given: Scale) -> Markup:
    rows, columns = colours.shape
    image = Image.frombytes("P", (columns, rows), np.ascontiguousarray(colours).tobytes())
    image.putpalette(palette(given).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, transparency=MISSING)
    return Markup(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}")
