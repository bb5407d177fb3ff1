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
from tb_nnhealth.faces.thinning import buckets, cells, farthest, reduced
from tb_nnhealth.faces.wording import quantity, words
from tb_nnhealth.nonfinite import lost, samples
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.scale import INFINITE, LEVELS, MISSING, ZERO, Scale, is_share, levels, palette, scale
from tb_nnhealth.vocabulary import STATISTICS

MOST_ROWS, MOST_COLUMNS = 100, 200
"""Cells of a picture, at most: above that, neighbouring rows and samples share one, and its extreme counts."""

ROW_PIXELS = 15

SHOWN = ("update_ratio", "gradient_rms", "activation_std")
"""The statistics that have a heat map."""

MARKED = {ZERO: "exactly 0", INFINITE: "NaN or infinite"}


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
    _, starts = buckets(table.steps, 0, int(table.steps[-1]), MOST_COLUMNS)
    values = cells(table, name, slice(0, len(table.steps)), starts)
    gone = reduced(np.fmax, lost(run, table, name).astype(np.float32), starts).T > 0
    groups = np.linspace(0, len(table.rows), min(len(table.rows), MOST_ROWS) + 1).astype(np.int64)
    low, high = (extreme.reduceat(values, groups[:-1], axis=0) for extreme in (np.fmin, np.fmax))
    shown = farthest(low, high)
    given = scale_of(run, name, band)
    colours = levels(given, shown)
    colours[np.isnan(shown) & np.logical_or.reduceat(gone, groups[:-1], axis=0)] = INFINITE
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
