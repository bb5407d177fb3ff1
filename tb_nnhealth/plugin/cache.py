"""A thread-safe cache of what is costly to read, bounded by bytes and renewed when its source changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

_STRIPES = 16


class VersionedCache(Generic[T]):
    """Holds one value for each key, as long as its version is the current one.

    The least recently used values go first; the newest one stays even where it alone passes the limit.
    Requests for the same key wait for one another, so that a value is made once.
    """

    def __init__(self, limit_bytes: int, size_of: Callable[[T], int]) -> None:
        self._limit = limit_bytes
        self._size_of = size_of
        self._entries: OrderedDict[Hashable, tuple[Hashable, T, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(_STRIPES)]

    def get(self, key: Hashable, version: Hashable, make: Callable[[], T]) -> T:
        """Returns the value kept for the key and version, else what `make` returns."""
        with self._making[hash(key) % _STRIPES]:
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None and entry[0] == version:
                    self._entries.move_to_end(key)
                    return entry[1]
            value = make()
            with self._lock:
                self._entries[key] = (version, value, self._size_of(value))
                self._entries.move_to_end(key)
                self._shrink()
            return value

    def peek(self, key: Hashable, version: Hashable) -> T | None:
        """Returns the value kept for the key and version, None where there is none."""
        with self._lock:
            entry = self._entries.get(key)
            return entry[1] if entry is not None and entry[0] == version else None

    def _shrink(self) -> None:
        total = sum(size for _, _, size in self._entries.values())
        while total > self._limit and len(self._entries) > 1:
            _, (_, _, size) = self._entries.popitem(last=False)
            total -= size
