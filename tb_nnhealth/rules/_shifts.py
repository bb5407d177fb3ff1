"""How the columns of validation data differ from those of training data."""

from dataclasses import dataclass

import numpy as np

from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import values_of
from tb_nnhealth.rules._rule import Limits

ALIKE = 10.0
"""Columns are on one scale where the widest is no more than so many times as wide as the median one."""

NARROW = 0.5
"""Of the median width: what varies by less in training, and not at all in validation, may be noise that was added."""

PIXELS = 255.0


@dataclass(frozen=True)
class Shifts:
    """What differs: the share of the columns that do, the median factor and shift of these, and the one column whose
    width differs most, −1 where none may be told."""

    share: float
    factor: float
    shift: float
    column: int
    column_factor: float


def shifts_of(measured: Probed, limits: Limits) -> Shifts | None:
    """Returns how the columns of an input or a target differ, None where none was measured."""
    names = ("columns", "factor", "shift", "width", "p")
    columns, factor, shift, width, p = (values_of(measured, name) for name in names)
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
    )


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
