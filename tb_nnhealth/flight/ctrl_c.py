"""Ctrl-C where something is written that should come to its end."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class CtrlC:
    """While it is open, Ctrl-C comes only where it is heard; elsewhere it waits for the next such place.

    A second one that would have to wait comes at once. In another thread than the main one, which Ctrl-C never comes
    to, and where somebody handles it himself, that is left as it is.

    Args:
      waits: whether one has come already, and was not answered.
    """

    def __init__(self, waits: bool = False) -> None:
        self._waits = waits
        self._is_heard = False
        self._is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> "CtrlC":
        if self._is_ours:
            signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Lets it come within the block.

        Raises:
          KeyboardInterrupt: at once where one has waited.
        """
        try:
            self._is_heard = True
            if self._waits:
                self._waits = False
                raise KeyboardInterrupt
            yield
        finally:
            self._is_heard = False

    def _come(self, number: int, frame: FrameType | None) -> None:
        if self._is_heard or self._waits:
            raise KeyboardInterrupt
        self._waits = True
