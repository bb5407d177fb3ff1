"""What the targets of a sample are: classes, numbers, or what neither order nor neighbours can be told of."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.examples.rows import Array, is_numeric, named_arrays
from tb_nnhealth.instrument.batch import output_names

CLASSES, NUMBERS = "classes", "numbers"

OF_CLASSES = ("crossentropy", "hinge", "focal", "tversky", "dice", "bce", "kld", "kullback")
OF_NUMBERS = ("squared", "absolute", "huber", "logcosh", "poisson", "mse", "mae", "mape", "msle", "quantile", "pinball")
"""What the names of losses hold that ask for the one or the other."""

FEW = 50
"""Whole numbers of no more different values than that, and each often, are taken for classes where no loss tells."""


@dataclass(frozen=True)
class Target:
    """One target of a sample.

    `kind` is "classes" or "numbers"; `values` `[n]` the classes, whatever they are called, or the numbers. `why_not`
    says why it is neither, where `values` is empty.
    """

    name: str
    kind: str
    values: Array
    why_not: str = ""


def targets_of(y: Any, model: Any) -> list[Target]:
    """Returns the targets of a structure of labels, by the names of the model's outputs where it has no keys."""
    named = named_arrays(y, output_names(model))
    return [_target(name, array, loss_of(model, name, index)) for index, (name, array) in enumerate(named)]


def _target(name: str, array: Array, loss: str) -> Target:
    rank, width = array.ndim, int(np.prod(array.shape[1:]))
    if rank == 1 or width == 1:
        flat = array.reshape(-1)
        if not is_numeric(flat) or _are_classes(flat, loss):
            return Target(name, CLASSES, flat.astype(str) if flat.dtype.kind == "O" else flat)
        return Target(name, NUMBERS, flat.astype(np.float64))
    if rank == 2 and is_numeric(array) and _are_shares(array):
        return Target(name, CLASSES, array.astype(np.float64).argmax(axis=1))
    if rank == 2 and is_numeric(array) and np.isin(array, (0, 1)).all():
        return Target(name, "", np.empty(0), "its examples have several labels each")
    return Target(name, "", np.empty(0), f"its examples have targets of the shape {_told(array.shape[1:])}")


def _told(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _are_classes(flat: Array, loss: str) -> bool:
    """Returns whether single numbers `[n]` are class ids: the loss tells, or else how few whole ones there are."""
    whole = flat.dtype.kind in "iub" or bool((flat == np.round(flat)).all())
    if any(part in loss for part in OF_CLASSES):
        return whole
    if any(part in loss for part in OF_NUMBERS) or not whole:
        return False
    found = len(np.unique(flat))
    return found == 2 or (flat.dtype.kind in "iub" and found <= min(FEW, len(flat) / 10))


def _are_shares(array: Array) -> bool:
    """Returns whether rows `[n, classes]` are the probabilities of classes, one-hot ones among them."""
    rows = array.astype(np.float64)
    return bool((rows >= 0).all() and (np.abs(rows.sum(axis=1) - 1) < 1e-3).all())


def loss_of(model: Any, name: str, index: int) -> str:
    """Returns the name of an output's loss in small letters without underscores, empty where it is not known."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, dict):
        loss = loss.get(name)
    elif isinstance(loss, (list, tuple)):
        loss = loss[index] if index < len(loss) else None
    if loss is None:
        return ""
    told = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    wrapped = getattr(loss, "fn", None)
    if isinstance(loss, keras.losses.Loss) and wrapped is not None:
        told += getattr(wrapped, "__name__", "")
    return str(told).lower().replace("_", "")


def as_classes(values: Array) -> NDArray[np.int64]:
    """Returns the values' numbers among the different ones, `[n]`, in their order."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
