"""From a statistic's values to places on a scale, and from these to colours, in perceptual order."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import FloatArray

Kind = Literal["log", "linear", "signed"]

LEVELS = 254
"""Colours of a scale; beside them stand those of what is not measured, and of infinity."""

INFINITE = (230, 0, 80)

WIDE = 1000.0
"""Positive values that differ by more than this factor stand on a logarithmic scale, whatever the statistic."""

MOST_DECADES = 12

_LOG = re.compile(r"(norm|rms|ratio|absmax|std|std_min|std_max)$")
_SIGNED = re.compile(r"(mean|skewness|kurtosis|_min|_max)$")


@dataclass(frozen=True)
class Scale:
    """What a statistic's colours stand for: `low` the first of them, `high` the last."""

    kind: Kind
    low: float
    high: float


def is_logarithmic(statistic: str) -> bool:
    return bool(_LOG.search(statistic))


def scale(statistic: str, unit: str, values: FloatArray) -> Scale:
    """Returns the scale that holds all finite values."""
    known = values[np.isfinite(values)].astype(np.float64)
    if is_logarithmic(statistic):
        positive = known[known > 0]
        if not positive.size:
            return Scale("log", 1e-3, 1.0)
        high = float(positive.max())
        low = max(float(positive.min()), high * 10**-MOST_DECADES)
        return Scale("log", min(low, high / 10), high)
    if _SIGNED.search(statistic):
        size = float(np.abs(known).max(initial=0)) or 1.0
        return Scale("signed", -size, size)
    if unit in ("fraction", "0 or 1"):
        return Scale("linear", 0.0, 1.0)
    high = float(known.max(initial=0))
    return Scale("linear", min(0.0, float(known.min(initial=0))), high if high > 0 else 1.0)


def levels(given: Scale, values: FloatArray) -> NDArray[np.uint8]:
    """Returns of each value the number of its colour, 0 to LEVELS − 1; LEVELS is infinite, LEVELS + 1 not measured."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if given.kind == "log":
            share = np.log(np.maximum(values, given.low) / given.low) / np.log(given.high / given.low)
        else:
            share = (values - given.low) / (given.high - given.low)
    share = np.clip(np.where(np.isfinite(values), share, 0), 0, 1)
    found = np.round(share * (LEVELS - 1)).astype(np.uint8)
    found[np.isinf(values)] = LEVELS
    found[np.isnan(values)] = LEVELS + 1
    return found


def palette(kind: Kind) -> NDArray[np.uint8]:
    """Returns the colours `[LEVELS + 2, 3]` of a scale, of infinity and of what is not measured."""
    at = np.linspace(0, 1, LEVELS)
    if kind == "signed":
        side = 2 * at - 1
        size = np.abs(side) ** 0.8
        colours = _oklch(0.97 - 0.47 * size, 0.16 * size, np.where(side < 0, 255, 45))
    else:
        colours = _oklch(0.25 + 0.68 * at, 0.075 + 0.075 * np.sin(np.pi * (0.15 + 0.8 * at)), 300 - 200 * at)
    return np.concatenate([colours, np.array([INFINITE, (0, 0, 0)], np.uint8)])


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
