"""How the columns of validation data differ from those of training data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import values_of
from tb_nnhealth.rules._rule import Limits

ALIKE = 10.0
"""Columns are on one scale where the widest is no more than so many times as wide as the median one."""

NARROW = 0.5
"""Of the median width: what varies by less in training, and not at all in validation, may be noise that was added."""

PIXELS = 255.0

Floats = NDArray[np.float64]

FEWEST_ALIKE = 5
"""Columns: that fewer differ alike is no wonder."""

NEARLY_ALL = 0.8
"""Of the columns: of some, chance hides that they differ alike."""

APART = 0.25
"""Of the width: so far two columns of few examples are from differing alike by chance."""


@dataclass(frozen=True)
class Law:
    """How nearly all columns are made of those of training: `factor` times them, plus `summand`, which is 0 where it is
    nothing beside their width.

    So are `columns` of `measured`, those that vary.
    """

    factor: float
    summand: float
    columns: int
    measured: int


@dataclass(frozen=True)
class Shifts:
    """What differs: the share of the columns that do, the median factor and shift of these, and the one column whose
    width differs most, −1 where none may be told; the law by which all of them differ alike, if there is one."""

    share: float
    factor: float
    shift: float
    column: int
    column_factor: float
    law: Law | None


def shifts_of(measured: Probed, limits: Limits) -> Shifts | None:
    """Returns how the columns of an input or a target differ, None where none was measured."""
    names = ("columns", "factor", "shift", "width", "p", "center")
    columns, factor, shift, width, p, center = (values_of(measured, name) for name in names)
    if len({len(columns), len(factor), len(shift), len(width), len(p)}) > 1:
        return None
    factor = np.where(factor > 0, factor, np.nan)
    is_measured = np.isfinite(columns) & np.isfinite(shift) & np.isfinite(p)
    if not is_measured.any():
        return None
    is_sure = is_measured & (p <= limits["p"])
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.abs(np.log(factor))
    is_other = is_sure & ((times > np.log(limits["factor"])) | (np.abs(shift) > limits["shift"]))
    may_be_told = is_sure & ~((factor < 1) & _is_narrow(width)) & (times > np.log(limits["column"]))
    worst = int(np.argmax(np.where(may_be_told, times, -1.0)))
    return Shifts(
        float(is_other.sum() / is_measured.sum()),
        _median(factor[is_other]),
        _median(shift[is_other]),
        int(columns[worst]) if may_be_told.any() else -1,
        float(factor[worst]),
        _law(center, factor, shift, width) if is_sure.sum() > limits["columns"] * is_measured.sum() else None,
    )


def _law(center: Floats, factor: Floats, shift: Floats, width: Floats) -> Law | None:
    """Returns how nearly all columns are made of those of training, None where there is no one way, or few columns."""
    if len(center) != len(factor):
        return None
    known = np.isfinite(center + factor + shift) & (width > 0)
    center, factor, shift, width = (each[known] for each in (center, factor, shift, width))
    if len(center) < FEWEST_ALIKE:
        return None
    times = float(np.median(factor))
    apart = center + shift * width - times * center
    summand = float(np.median(apart))
    are_alike = np.abs(apart - summand) < APART * width * max(times, 1.0)
    are_alike &= np.abs(np.log(factor / times)) < np.log1p(APART)
    if are_alike.sum() < NEARLY_ALL * len(center):
        return None
    is_moved = abs(summand) > APART / 2 * np.median(width)
    return Law(times, summand if is_moved else 0.0, int(are_alike.sum()), len(center))


def _is_narrow(width: np.ndarray) -> np.ndarray:
    wide = width[np.isfinite(width) & (width > 0)]
    if not len(wide) or wide.max() > ALIKE * np.median(wide):
        return np.zeros(len(width), bool)
    return np.asarray(width < NARROW * np.median(wide))


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def as_pixels(factor: float) -> str:
    """Returns what a factor looks like, in words, empty where it does not look like anything."""
    for scale, told in ((PIXELS, "pixels of 0 to 255 beside those of 0 to 1"), (PIXELS / 2, "pixels beside −1 to 1")):
        if any(abs(factor / each - 1) < 0.15 for each in (scale, 1 / scale)):
            return f", as of {told}"
    return ""
