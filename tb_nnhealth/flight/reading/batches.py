"""Data that come in batches: how they are read, and how they are brought back to where they were."""

import contextlib
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.keeping.kept import kept
from tb_nnhealth.flight.reading import datasets

_LOADERS = ("torch", "grain")


class Source:
    """Data that can be read from the start again and again.

    `problems` are sentences for the user, known once it was opened.
    """

    is_rereadable = True

    def __init__(self, data: Any) -> None:
        self._data = data
        self.problems: list[str] = []

    @contextlib.contextmanager
    def opened(self) -> Iterator[Iterator[Any]]:
        """Gives the batches; afterwards the data are where they were, as far as that can be had."""
        with kept(*self._state()) as unkept, contextlib.closing(self._batches()) as batches:
            self.problems += [f"The data hold {name}, which cannot be copied: it may have moved on." for name in unkept]
            yield batches  # Closed before anything is brought back: it may read ahead.

    def total(self, size: int) -> int | None:
        """Returns how many examples there are in batches of a size; None where that is not known."""
        try:
            number = len(self._data)
        except Exception:
            return None
        return number * size

    def rest(self) -> Iterator[Any] | None:
        """Returns all batches where the data cannot be read again, but gone on with; else None."""
        return None

    def _state(self) -> list[Any]:
        return [self._data]

    def _batches(self) -> Generator[Any, None, None]:
        yield from self._data


class _ByIndex(Source):
    """A `PyDataset`, or what is like one."""

    def total(self, size: int) -> int | None:
        number = self._number()
        return None if number is None else number * size

    def _batches(self) -> Generator[Any, None, None]:
        number, index = self._number(), 0
        while number is None or index < number:
            yield self._data[index]
            index += 1

    def _number(self) -> int | None:
        if isinstance(self._data, keras.utils.PyDataset):
            number = self._data.num_batches
            return None if number is None else int(number)
        return len(self._data)


class _Loader(Source):
    """A `DataLoader` of PyTorch, or what is like one."""

    def _state(self) -> list[Any]:
        return [getattr(self._data, name, None) for name in ("dataset", "sampler", "batch_sampler", "collate_fn")]


class _Dataset(Source):
    """A `tf.data.Dataset`."""

    def total(self, size: int) -> int | None:
        number = int(self._data.cardinality())
        return None if number < 0 else number * size

    def _state(self) -> list[Any]:
        return []

    def _batches(self) -> Generator[Any, None, None]:
        dataset, problem = datasets.copied_dataset(self._data)
        if problem is not None:
            self.problems.append(problem)
        yield from dataset


class _Once(Source):
    """A Python generator or iterator, which can be read but once, and which Ctrl-C ends where it comes into it."""

    is_rereadable = False

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self._read: deque[Any] = deque()
        self._error: Exception | None = None
        self._is_ended = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[Iterator[Any]]:
        yield self._batches()  # What it has drawn from the random generators it shall not draw again.

    def total(self, size: int) -> int | None:
        return None

    def rest(self) -> Iterator[Any] | None:
        return None if self._is_ended else self._again()

    def _again(self) -> Iterator[Any]:
        while self._read:
            yield self._read.popleft()
        if self._error is not None:
            raise self._error
        yield from self._data

    def _batches(self) -> Generator[Any, None, None]:
        try:
            for batch in self._data:
                self._read.append(batch)
                yield batch
        except Exception as error:
            self._error = error
            raise
        except KeyboardInterrupt:
            self._is_ended = True
            self.problems.append(
                "Ctrl-C came while a generator made a batch, and ended it: make it anew to train on it."
            )
            raise


def source_of(data: Any) -> Source | None:
    """Returns how data are read that come in batches; None for arrays."""
    if isinstance(data, (list, tuple, dict, str, bytes, np.ndarray, tf.Tensor)) or data is None:
        return None
    if isinstance(data, tf.data.Dataset):
        return _Dataset(data)
    if type(data).__module__.partition(".")[0] in _LOADERS and not hasattr(data, "shape"):
        return _Loader(data)
    if isinstance(data, keras.utils.PyDataset):
        return _ByIndex(data)
    if hasattr(data, "shape") or hasattr(data, "to_numpy"):
        return None
    if hasattr(data, "__next__"):
        return _Once(data)
    return _ByIndex(data) if hasattr(data, "__getitem__") and hasattr(data, "__len__") else None
