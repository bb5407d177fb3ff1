"""Ctrl-C where something is written that should come to its end."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class CtrlC:
    """While it is open, Ctrl-C comes only where it is heard; elsewhere it waits for the next such place.

    It is not lost where Python swallows what is raised, as in a `__del__`: until it is answered it comes again, at the
    next place where it is asked for. One that waits at the end comes there, unless one has come before, which is the
    same wish. A second one that would have to wait comes at once. In another thread than the main one, which Ctrl-C
    never comes to, and where somebody handles it himself, that is left as it is.

    Args:
      waits: whether one has come already, and was not answered.
    """

    def __init__(self, waits: bool = False) -> None:
        self._waits = waits
        self._is_heard = False
        self._has_come = False
        self._is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> "CtrlC":
        if self._is_ours:
            signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: Any) -> None:
        """Ends it.

        Raises:
          KeyboardInterrupt: one still waits, none has come before, and nothing else is raised.
        """
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None and not self._has_come:
            self.answer()

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Lets it come within the block.

        Raises:
          KeyboardInterrupt: at once where one has waited, and at the end where one was swallowed, whatever else is
            raised there.
        """
        try:
            self._is_heard = True
            self.answer()
            yield
        finally:
            self._is_heard = False
            self.answer()

    def answer(self) -> None:
        """Raises what waits.

        Raises:
          KeyboardInterrupt: one has come that was not answered.
        """
        if self._waits:
            self._waits, self._has_come = False, True
            raise KeyboardInterrupt

    def _come(self, number: int, frame: FrameType | None) -> None:
        comes = self._is_heard or self._waits
        self._waits = True
        if comes:
            self._has_come = True
            raise KeyboardInterrupt
