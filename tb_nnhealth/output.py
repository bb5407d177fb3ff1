"""How the command line speaks: sentences and progress for people on stderr, documents on stdout or into a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class BadUse(Exception):
    """What was asked for cannot be done; its text is one sentence for the user."""


def write(document: bytes, path: Path | None) -> None:
    """Writes a document to a file, or to stdout where none is given.

    Raises:
      BadUse: the file cannot be written, or stdout is closed.
    """
    if path is None:
        if sys.stdout is None:
            raise BadUse("Expected an open stdout, or a file with -o. Received: a closed stdout")
        sys.stdout.buffer.write(document)
        return
    try:
        path.write_bytes(document)
    except OSError as error:
        raise BadUse(f"Expected a file that can be written. Received: -o {path} ({error.strerror})") from None


def say(sentence: str) -> None:
    """Prints a sentence on stderr, where there is one."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"nnhealth: {_printable(sentence)}", file=sys.stderr)


@contextmanager
def spinner(text: str, patience: float = 2.0) -> Iterator[None]:
    """Shows that work goes on once it takes longer than `patience` seconds, on a terminal only."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from threading import Timer

    from rich.markup import escape

    from tb_nnhealth import terminal

    status = terminal.console().status(escape(_printable(text)))
    timer = Timer(patience, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def give_up_unwritable() -> None:
    """Drops what a full disk or a closed pipe will not take, so that the interpreter's last flush is silent."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _printable(text: str) -> str:
    """Returns the text with control characters escaped: names in a log are not to be trusted."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
