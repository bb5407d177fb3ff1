"""Python objects and the variables that they hold, as they are now, and how they are brought back.

Keras keeps what it knows of a model in attributes, lists and dictionaries: what is trainable, what is built, which
function makes a step. These are walked from some roots, and copied one level deep each; bringing them back writes
into the very same objects, so that whoever holds one sees it as it was. What is made later is dropped with the last
reference to it: a model that was not built is not built again.

A variable's value is held as a tensor, which shares its memory with the variable until that is written to, and with
the tensors of snapshots around this one: however deep they are nested, there is one copy.
"""

import random
import sys
from argparse import Namespace
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.keeping.iterators import copied, is_iterator

MOST_ARRAY_BYTES = 16 * 2**20
"""Larger arrays are data: nothing but the data's owner writes to them, and copying them costs memory. But those that
layers, metrics and optimizers hold."""

MOST_HELD_BYTES = 128 * 2**20
"""So much of those is copied in all."""

MOST_ITEMS = 100_000
"""Of longer lists and the like that stand beside a user's code, the same holds."""

_OPAQUE = sys.stdlib_module_names | {
    "tb_nnhealth",
    "tensorflow",
    "numpy",
    "pandas",
    "torch",
    "jax",
    "h5py",
    "PIL",
    "wrapt",
}
_ATOMS = (type(None), bool, int, float, complex, str, bytes, type, ModuleType, tf.Tensor, tf.DType, tf.TensorShape)
_FUNCTION = tf.types.experimental.PolymorphicFunction
_PARTS = (keras.Layer, keras.metrics.Metric, keras.optimizers.Optimizer)
_TABLE = tf.lookup.experimental.MutableHashTable
_EMPTY = CellType()
_STATES = (
    FunctionType,
    MethodType,
    partial,
    _FUNCTION,
    tf.Variable,
    tf.random.Generator,
    keras.Variable,
    keras.random.SeedGenerator,
    *_PARTS,
    _TABLE,
    keras.losses.Loss,
    random.Random,
    np.random.Generator,
    np.random.RandomState,
    np.ndarray,
    SimpleNamespace,
    Namespace,
    list,
    dict,
    set,
    deque,
)
"""What is walked, beside objects of a user's own classes, of what stands beside a user's functions: anything else there
may be of other things' concern."""
_DictWrapper = type(tf.__internal__.tracking.wrap({}))
"""What TensorFlow makes of the dictionaries among its objects' attributes."""

Restore = Callable[[], Any]


class Snapshot:
    """All that is reached from some objects, as it is when this is made.

    `unkept` says what cannot be brought back: large arrays, and iterators, as generators, once they are parted.

    Args:
      roots: the objects, such as a model.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self._held: dict[int, Any] = {}  # Holds what is known by its id, so that no other gets the same.
        self._restores: list[Restore] = []
        self._functions: list[Any] = []
        self._iterators: dict[int, tuple[Any, str, list[Callable[[Any], Any]]]] = {}  # With what puts others in place.
        self._large: dict[int, Any] = {}
        self.unkept: list[str] = []
        waiting = list(roots)
        while waiting:
            item = waiting.pop()
            if not isinstance(item, _ATOMS) and id(item) not in self._held:
                self._held[id(item)] = item
                waiting.extend(self._take(item))

    def part_functions(self) -> None:
        """Lets the `tf.function`s trace anew what is called from now on: what they know stays as it is.

        A trace keeps the seeds and the layers' settings of the time it was made, and its random operations count on.
        """
        for function in self._functions:
            fresh = vars(function._clone(None))
            vars(function).update({name: fresh[name] for name in vars(function) if _is_of_traces(name)})

    def part_iterators(self) -> None:
        """Puts copies in the place of the iterators that objects hold, until all is brought back."""
        for iterator, name, places in self._iterators.values():
            try:
                copy = copied(iterator)
            except Exception:
                self.unkept.append(f"`{name}` ({type(iterator).__name__})")
                continue
            for put in places:
                put(copy)

    def restore(self) -> None:
        """Brings everything back; may be called again where it was interrupted."""
        for restore in self._restores:
            restore()

    def _take(self, item: Any) -> Iterator[Any]:
        """Notes how an object is brought back, and yields what it holds."""
        if isinstance(item, tf.Variable):
            self._restores.extend(_of_variable(item))
        elif isinstance(item, np.ndarray):
            self._restores.extend(_of_array(item))
        elif isinstance(item, _TABLE):
            self._restores.extend(_of_table(item))
        elif isinstance(item, _FUNCTION):
            self._functions.append(item)
            self._restores.append(partial(set_items, vars(item), dict(vars(item))))
            yield item.python_function
        elif isinstance(item, _DictWrapper):
            self._restores.append(partial(_set_wrapped, item, dict(item)))
            yield from item.values()
        elif isinstance(item, MethodType):
            yield from (item.__self__, item.__func__)
        elif isinstance(item, partial):
            yield from (item.func, item.args, item.keywords)
        elif isinstance(item, CellType):
            yield from self._take_cell(item)
        else:
            self._restores.extend(_of_chance(item))
            yield from self._take_elements(item)
            yield from self._take_attributes(item)

    def _take_cell(self, cell: CellType) -> Iterator[Any]:
        if cell != _EMPTY:
            contents = cell.cell_contents
            self._restores.append(partial(setattr, cell, "cell_contents", contents))
            self._note_iterators({"cell_contents": contents}.items(), partial(setattr, cell))
            yield contents

    def _take_elements(self, item: Any) -> Iterator[Any]:
        if isinstance(item, dict):
            self._restores.append(partial(set_items, item, dict(item)))
            self._note_iterators(item.items(), partial(dict.__setitem__, item))
            yield from (key for key in item if not isinstance(key, _ATOMS))
            yield from item.values()
        elif isinstance(item, list):
            self._restores.append(partial(list.__setitem__, item, slice(None), tuple(item)))
            self._note_iterators(enumerate(item), partial(list.__setitem__, item))
            yield from item
        elif isinstance(item, (deque, set)):
            self._restores.append(partial(_set_all, item, tuple(item)))
            yield from item
        elif isinstance(item, (tuple, frozenset)):
            yield from item

    def _take_attributes(self, item: Any) -> Iterator[Any]:
        try:
            attributes = object.__getattribute__(item, "__dict__")
        except AttributeError:
            return
        if not isinstance(attributes, dict) or not _is_walked(item):
            return
        self._restores.append(partial(set_items, attributes, dict(attributes)))
        self._note_iterators(attributes.items(), partial(dict.__setitem__, attributes))
        if isinstance(item, _PARTS):
            self._note_large(attributes)
        yield from attributes.values()
        if isinstance(item, FunctionType):
            yield from item.__closure__ or ()
            yield from self._take_globals(item)
        else:
            yield from self._take_class(type(item))

    def _take_class(self, kind: type) -> Iterator[Any]:
        """Notes what a class and its bases hold, where they are the user's, and yields its methods and states."""
        for base in kind.__mro__:
            if id(base) not in self._held:
                self._held[id(base)] = base
                if _is_users(base.__module__):
                    self._restores.append(partial(_set_namespace, base, dict(vars(base))))
                    self._note_iterators(vars(base).items(), partial(type.__setattr__, base))
                yield from _of_class(base)

    def _take_globals(self, function: FunctionType) -> Iterator[Any]:
        """Notes what a user's function refers to that stands beside it, or in other modules of the user's, and yields
        the states among it, and in its classes."""
        if not _is_users(function.__module__):
            return
        names = dict.fromkeys(_names(function.__code__))
        beside = function.__globals__
        modules = (item for item in map(beside.get, names) if isinstance(item, ModuleType))
        for place in (beside, *(vars(module) for module in modules if _is_users(module.__name__))):
            found = {name: place[name] for name in names if name in place}
            self._restores.append(partial(place.update, found))
            self._note_iterators(found.items(), place.__setitem__)
            yield from filter(_is_state, found.values())
            for kind in (value for value in found.values() if isinstance(value, type)):
                yield from self._take_class(kind)

    def _note_large(self, attributes: dict[str, Any]) -> None:
        """Notes how the large arrays among a part's attributes are brought back, as far as there is room."""
        for name, array in attributes.items():
            if isinstance(array, np.ndarray) and array.flags.writeable and _is_large(array):
                others = sum(held.nbytes for held in self._large.values() if held is not array)
                if others + array.nbytes > MOST_HELD_BYTES:
                    self.unkept.append(f"`{name}` (an array of {array.nbytes / 2**20:.0f} MiB)")
                elif id(array) not in self._large:
                    self._large[id(array)] = array
                    self._restores.append(partial(np.copyto, array, array.copy()))

    def _note_iterators(self, held: Iterable[tuple[Any, Any]], put: Callable[[Any, Any], Any]) -> None:
        """Notes the iterators among what is held under some keys, where `put` puts other things."""
        for key, value in held:
            if is_iterator(value):
                _, _, places = self._iterators.setdefault(id(value), (value, str(key), []))
                places.append(partial(put, key))


def _of_class(kind: type) -> Iterator[Any]:
    """Yields the methods and the states that a class holds; of one that is not the user's, the `tf.function`s only."""
    is_walked = _is_state if _is_users(kind.__module__) else lambda value: isinstance(value, _FUNCTION)
    yield from filter(is_walked, (getattr(value, "__func__", value) for value in vars(kind).values()))


def _is_state(item: Any) -> bool:
    is_data = isinstance(item, (list, dict, set, deque)) and len(item) > MOST_ITEMS
    return not is_data and (isinstance(item, _STATES) or _is_users(type(item).__module__))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _is_users(module: Any) -> bool:
    """Returns whether a module is neither installed nor Python's own."""
    file = getattr(sys.modules.get(str(module)), "__file__", None)
    return str(module).partition(".")[0] not in _OPAQUE and (file is None or "-packages" not in file)


def _is_walked(item: Any) -> bool:
    if isinstance(item, (FunctionType, tf.random.Generator, SimpleNamespace, Namespace)):
        return True
    return type(item).__module__.partition(".")[0] not in _OPAQUE or isinstance(item, (dict, list, set, deque))


def _is_of_traces(name: str) -> bool:
    """Returns whether an attribute of a `tf.function` holds what was traced."""
    return name.endswith(("_cache", "_captures", "_creation_config", "_created_variables"))


def _of_variable(variable: Any) -> Iterator[Restore]:
    for part in getattr(variable, "values", None) or (variable,):  # A distributed one has one on each device.
        if bool(part.is_initialized()):
            yield partial(_assign, part, part.read_value())


def _of_array(array: np.ndarray[Any, Any]) -> Iterator[Restore]:
    if array.flags.writeable and not _is_large(array):
        yield partial(np.copyto, array, array.copy())


def _is_large(array: np.ndarray[Any, Any]) -> bool:
    return array.nbytes > MOST_ARRAY_BYTES


def _of_table(table: Any) -> Iterator[Restore]:
    if hasattr(table.resource_handle, "numpy"):  # One of a graph is its own.
        yield partial(_set_entries, table, *table.export())


def _of_chance(item: Any) -> Iterator[Restore]:
    """Yields how a random generator that an object holds is brought back."""
    if isinstance(item, random.Random) and not isinstance(item, random.SystemRandom):
        yield partial(item.setstate, item.getstate())
    elif isinstance(item, np.random.RandomState):
        yield partial(item.set_state, item.get_state(legacy=False))
    elif isinstance(item, np.random.Generator):
        yield partial(setattr, item.bit_generator, "state", item.bit_generator.state)


def _assign(variable: Any, value: tf.Tensor) -> None:
    variable.assign(value)


def _set_entries(table: Any, keys: tf.Tensor, values: tf.Tensor) -> None:
    """Gives a lookup table its entries; one that has them is left alone, with their order."""
    now, found = table.export()
    if not (np.array_equal(now, keys) and np.array_equal(found, values)):
        table.remove(now)
        table.insert(keys, values)


def set_items(target: dict[Any, Any], items: dict[Any, Any]) -> None:
    """Writes a dictionary past what its class does on writing, and in its first order."""
    base = OrderedDict if isinstance(target, OrderedDict) else dict
    if not _is_same(target, items):
        base.clear(target)
        base.update(target, items)


def _set_namespace(kind: type, items: dict[str, Any]) -> None:
    """Gives a class what it held, past its metaclass, but for what Python keeps there itself."""
    now = vars(kind)
    for name in [name for name in now if name not in items and not name.startswith("__")]:
        type.__delattr__(kind, name)
    for name, value in items.items():
        if now.get(name) is not value and not name.startswith("__"):
            type.__setattr__(kind, name, value)


def _set_wrapped(target: Any, items: dict[Any, Any]) -> None:
    set_items(target.__wrapped__, items)
    target._update_snapshot()  # Or it would think that another wrote to it, and not be saved any more.


def _is_same(target: dict[Any, Any], items: dict[Any, Any]) -> bool:
    return len(target) == len(items) and all(
        key is other and value is held
        for (key, value), (other, held) in zip(dict.items(target), items.items(), strict=True)
    )


def _set_all(target: Any, items: tuple[Any, ...]) -> None:
    kind: Any = set if isinstance(target, set) else deque
    kind.clear(target)
    (set.update if kind is set else deque.extend)(target, items)
