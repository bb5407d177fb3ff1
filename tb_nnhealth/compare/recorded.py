"""A reference that was written down: arrays by name, in a dictionary or an `.npz` file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tb_nnhealth.compare.record import Array, Key, Record, Stage, as_floats, is_prediction
from tb_nnhealth.faces.wording import plural

OUTPUTS: tuple[Stage, ...] = ("output", "prediction", "into")
PREFIXES: dict[str, Stage] = {"output": "output", "weights": "weights"}


def read(source: Any, ours: Record) -> Record:
    """Returns what was recorded.

    Args:
      source: arrays by name, or the path of an `.npz` file of them.
      ours: our values, by which names are understood.

    Raises:
      ValueError: the file cannot be read, or holds what is no array of numbers.
    """
    arrays = _load(Path(source)) if isinstance(source, (str, os.PathLike)) else dict(source)
    for name, array in arrays.items():
        if not isinstance(name, str) or (np.asarray(array).dtype.kind not in "fiub" and not _is_bfloat16(array)):
            held = f"{name!r} of {type(array).__name__} {np.asarray(array).dtype}"
            raise ValueError(f"`reference` should hold arrays of numbers by name. Received: {held}.")
    if not arrays:
        raise ValueError("`reference` should hold arrays of numbers by name. Received: none.")
    return _record(arrays, ours)


def check_examples(recorded: Record, ours: Record, examples: int) -> None:
    """Raises where outputs were recorded of another number of examples than the batch has.

    Raises:
      ValueError: says which.
    """
    mine, others = _outputs(ours), _outputs(recorded)
    fits_none = not set(mine.values()).intersection(others.values())
    odd: dict[int, list[str]] = {}
    for name, shape in others.items():
        is_other = len(shape) > 1 and shape[0] != examples and (examples, *shape[1:]) in mine.values()
        if is_other and (fits_none or name in mine):  # Else it may be a weight that is not called one.
            odd.setdefault(shape[0], []).append(name)
    if odd:
        told = "; ".join(f"{plural(size, 'example')} in {', '.join(names)}" for size, names in odd.items())
        raise ValueError(
            f"`reference` should hold arrays of the batch's {plural(examples, 'example')}. Received: {told}."
        )


def _outputs(record: Record) -> dict[str, tuple[int, ...]]:
    return {name: record.shape(name, *OUTPUTS) or () for name in record.names(*OUTPUTS)}


def _load(path: Path) -> dict[str, Any]:
    try:
        held = np.load(path, allow_pickle=False)
        if isinstance(held, np.lib.npyio.NpzFile):
            with held:
                return {name: held[name] for name in held.files}
        why = "a single array"
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or "it cannot be read"
    except Exception:  # Of a file that is none of NumPy's, or cut off, NumPy may raise anything.
        why = "it is damaged, or holds something else"
    raise ValueError(f"`reference` should be an .npz file of arrays of numbers. Received: {path} ({why}).")


def _record(arrays: Mapping[str, Any], ours: Record) -> Record:
    outputs = {name.removeprefix("output/") for name in arrays if _is_plain(name)}
    keys = {name: _key(name, outputs, ours) for name in arrays}
    values: dict[Key, Array] = {key: _value(key[0], arrays[name]) for name, key in keys.items()}
    values |= _with_channels_last(values, ours)
    weights = [name for stage, name in values if stage in ("weights", "of")]
    owners = {name: name.rpartition("/")[0] for name in weights}
    dtypes = {str(np.asarray(array).dtype) for array in arrays.values()}
    return Record(values, owners, {}, frozenset(dtypes))


def _with_channels_last(values: Mapping[Key, Array], ours: Record) -> dict[Key, Array]:
    """Returns the outputs that were recorded with their channels before the positions, as ours has them.

    Shapes tell; where an output could be either, the others of as many axes do.
    """
    shapes = set(_outputs(ours).values())
    known = {key: value for key, value in values.items() if key[0] in OUTPUTS and value.ndim > 2}
    turned = {key: np.moveaxis(value, 1, -1) for key, value in known.items()}
    fits = {key: (value.shape in shapes, turned[key].shape in shapes) for key, value in known.items()}
    kept = {known[key].ndim for key, fit in fits.items() if fit == (True, False)}
    ranks = {known[key].ndim for key, fit in fits.items() if fit == (False, True)} - kept
    return {key: value for key, value in turned.items() if value.ndim in ranks and fits[key][1]}


def _value(stage: Stage, array: Any) -> Array:
    value = as_floats(array)
    return value.reshape(()) if stage == "loss" and value.size == 1 else value


def _is_plain(name: str) -> bool:
    return name.startswith("output/") or not name.startswith(("weights/", "gradient/", "loss/"))


def _key(name: str, outputs: set[str], ours: Record) -> Key:
    """Returns what a name stands for: a prefix tells, else whether a layer is named before the last slash."""
    if name == "loss" or name.startswith("loss/"):
        return ("loss", name)
    kind, _, rest = name.partition("/")
    if kind in PREFIXES and rest:
        return (PREFIXES[kind], rest)
    if kind == "gradient" and rest:
        is_weight = not is_prediction(rest) and _is_weight(rest.removeprefix("weights/"), outputs, ours)
        is_weight = (is_weight or rest.startswith("weights/")) and not rest.startswith("output/")
        bare = rest.removeprefix("weights/").removeprefix("output/")
        return ("of" if is_weight else "into", bare)
    if is_prediction(name):
        return ("prediction", name)
    return ("weights" if _is_weight(name, outputs, ours) else "output", name)


def _is_weight(name: str, outputs: set[str], ours: Record) -> bool:
    owner = name.rpartition("/")[0]
    return name in ours.owners or (bool(owner) and name not in ours.layers() and owner in outputs | set(ours.kinds))


def _is_bfloat16(array: Any) -> bool:
    return str(np.asarray(array).dtype) == "bfloat16"
