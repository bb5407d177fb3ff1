"""From a statistic's values to places on a scale, and from these to colours, in perceptual order."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_nnhealth.faces.bands import Band
from tb_nnhealth.faces.extents import Extent
from tb_nnhealth.records import FloatArray

Kind = Literal["log", "linear", "signed", "band"]

LEVELS = 253
"""Colours of a scale; beside them stand those of exact zeros, of infinity, and of what is not measured."""

ZERO, INFINITE, MISSING = LEVELS, LEVELS + 1, LEVELS + 2
"""Numbers of these colours: zero has one of its own where a logarithmic scale has no place for it."""

MARKS = ((216, 160, 236), (214, 0, 75), (0, 0, 0))

WIDE = 1000.0
"""Positive values that differ by more than this factor stand on a logarithmic scale, whatever the statistic."""

MOST_DECADES = 12

FAR = 100.0
"""How far outside a band the colours are strongest: a hundred times."""

_BELOW, _ABOVE = 255, 45
"""Hues, in degrees, that people tell apart who do not see red, green or blue: blue and orange."""

_FAINT = 0.12
"""How much of its colour a value has that is as bad as a warning at most: a step beyond its limit is no finding yet."""

_LOG = re.compile(r"(norm|rms|ratio|absmax|std|std_min|std_max)$")
_SIGNED = re.compile(r"(mean|skewness|kurtosis|_min|_max)$")


@dataclass(frozen=True)
class Scale:
    """What a statistic's colours stand for: `low` the first of them, `high` the last.

    Those of a band are neutral in it, and apart on its two sides. `beyond`: some values lie below `low`.
    """

    kind: Kind
    log: bool
    low: float
    high: float
    band: Band | None = None
    beyond: bool = False


def is_logarithmic(statistic: str) -> bool:
    return bool(_LOG.search(statistic))


def scale(statistic: str, unit: str, whole: Extent, band: Band | None = None) -> Scale:
    """Returns the scale that holds all finite values, or reaches beyond both ends of a band.

    Args:
      statistic: its name.
      unit: the statistic's.
      whole: where it goes in the whole run.
      band: where it is healthy.
    """
    log = is_logarithmic(statistic)
    low, high = _bounds(whole, log)
    if band is not None:
        return Scale("band", log, *_around(band, log, unit, low, high), band)
    if log:
        bottom = max(low, high * 10**-MOST_DECADES)
        return Scale("log", True, min(bottom, high / 10), high, beyond=low < bottom)
    if _SIGNED.search(statistic):
        size = max(abs(low), abs(high)) or 1.0
        return Scale("signed", False, -size, size)
    if is_share(unit):
        return Scale("linear", False, 0.0, 1.0)
    return Scale("linear", False, min(0.0, low), high if high > 0 else 1.0)


def levels(given: Scale, values: FloatArray) -> NDArray[np.uint8]:
    """Returns of each value the number of its colour, 0 to LEVELS − 1, or ZERO, INFINITE, MISSING."""
    found = np.round(_places(given, np.where(np.isfinite(values), values, 0)) * (LEVELS - 1)).astype(np.uint8)
    found[np.isinf(values)] = INFINITE
    found[np.isnan(values)] = MISSING
    if given.log:
        found[values == 0] = ZERO
    return found


def palette(given: Scale) -> NDArray[np.uint8]:
    """Returns the colours `[LEVELS + 3, 3]` of a scale, and of the marks beside it."""
    at = np.linspace(0, 1, LEVELS)
    if given.band is not None:
        colours = _band_colours(given, given.band, at)
    elif given.kind == "signed":
        side = 2 * at - 1
        size = np.abs(side) ** 0.8
        colours = _oklch(0.97 - 0.47 * size, 0.16 * size, np.where(side < 0, _BELOW, _ABOVE))
    else:
        colours = _oklch(0.25 + 0.68 * at, 0.075 + 0.075 * np.sin(np.pi * (0.15 + 0.8 * at)), 300 - 200 * at)
    return np.concatenate([colours, np.array(MARKS, np.uint8)])


def _band_colours(given: Scale, band: Band, at: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Returns grey inside the band; outside it a colour, faint up to the worst limit, then the stronger the farther."""
    start = 0.0 if band.low is None else float(_places(given, np.float64(band.low)))
    end = 1.0 if band.high is None else float(_places(given, np.float64(band.high)))
    inside = (at >= start) & (at <= end)
    worst = end if not band.worst else max(end, float(_places(given, np.float64(band.worst))))
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(inside, 0, np.where(at < start, (start - at) / start, _strength(at, end, worst)))
    lightness, chroma = np.where(inside, 0.915, 0.9 - 0.44 * size), np.where(inside, 0.01, 0.02 + 0.15 * size)
    return _oklch(lightness, chroma, np.where(inside, 250, np.where(at < start, _BELOW, _ABOVE)))


def _strength(at: NDArray[np.float64], limit: float, worst: float) -> NDArray[np.float64]:
    near = _FAINT * (at - limit) / (worst - limit) if worst > limit else np.zeros_like(at)
    return np.where(at <= worst, near, _FAINT + (1 - _FAINT) * (at - worst) / (1 - worst))


def _places(given: Scale, values: ArrayLike) -> NDArray[np.float64]:
    """Returns where finite values lie on the scale, 0 to 1."""
    array = np.asarray(values, np.float64)
    if given.log:
        share = np.log(np.maximum(array, given.low) / given.low) / np.log(given.high / given.low)
    else:
        share = (array - given.low) / (given.high - given.low)
    placed: NDArray[np.float64] = np.clip(share, 0, 1)
    return placed


def _bounds(whole: Extent, log: bool) -> tuple[float, float]:
    """Returns the ends of what is known, and above 0 on a logarithmic scale."""
    low, high = whole.least if log else whole.low, whole.high
    if low is None or high is None:
        return (1e-3, 1.0) if log else (0.0, 1.0)
    return low, high


def _around(band: Band, log: bool, unit: str, low: float, high: float) -> tuple[float, float]:
    if is_share(unit):
        return 0.0, 1.0
    if log:
        return (low if band.low is None else band.low) / FAR, (high if band.high is None else band.high) * FAR
    return min(0.0, low), max(high, 2 * (1.0 if band.high is None else band.high))


def is_share(unit: str) -> bool:
    return unit in ("fraction", "0 or 1")


def _oklch(lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Returns sRGB `[n, 3]` of Björn Ottosson's OKLab in polar coordinates, the hue in degrees."""
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    cones = np.stack([
        lightness + 0.3963377774 * a + 0.2158037573 * b,
        lightness - 0.1055613458 * a - 0.0638541728 * b,
        lightness - 0.0894841775 * a - 1.291485548 * b,
    ])  # fmt: skip
    to_linear = np.array([
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ])  # fmt: skip
    linear = np.clip(to_linear @ cones**3, 0, 1).T
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)
