"""Where logs lie: in this machine's directories, or wherever else TensorBoard reads (gs://, s3:// …).

TensorBoard's `tf.io.gfile` is TensorFlow's where TensorFlow is installed, else its own, which knows S3
and what fsspec knows. It is loaded for a path with a scheme only: local logs never load TensorFlow.
"""

import errno
import importlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

_SCHEME = re.compile(r"[A-Za-z][\w+.:-]+://")
_LOCAL = re.compile(r"file://[^/]*(?=/)", re.IGNORECASE)

OnError = Callable[[OSError], object]


class Storage(Protocol):
    """A file system, by its paths as text; what fails is an OSError."""

    def absolute(self, path: str) -> str: ...

    def identity(self, directory: str) -> str:
        """Returns what two names of one directory have in common."""
        ...

    def names(self, directory: str) -> list[str]: ...

    def is_file(self, path: str) -> bool: ...

    def walk(self, directory: str, on_error: OnError) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yields each directory's path, and the names of its directories and files, from the top down."""
        ...

    def read(self, path: str) -> bytes: ...


def storage_of(path: str) -> tuple[Storage, str]:
    """Returns what reads the path, and the path as it knows it; `file://` is this machine."""
    path = _LOCAL.sub("", path, count=1) if _LOCAL.match(path) else path
    return (Remote() if _SCHEME.match(path) else Local()), path


def join(directory: str, name: str) -> str:
    return directory + name if directory.endswith("/") else f"{directory}/{name}"


class Local:
    """This machine's directories."""

    def absolute(self, path: str) -> str:
        return os.path.abspath(path)

    def identity(self, directory: str) -> str:
        return os.path.realpath(directory)

    def names(self, directory: str) -> list[str]:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries]

    def is_file(self, path: str) -> bool:
        return os.path.isfile(path)

    def walk(self, directory: str, on_error: OnError) -> Iterator[tuple[str, list[str], list[str]]]:
        return os.walk(directory, onerror=on_error, followlinks=True)

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()


class Remote:
    """What TensorBoard reads besides: it has no links, and a directory may be no more than a prefix of names."""

    def __init__(self) -> None:
        from tensorboard.compat import tf

        self._tf = tf

    def absolute(self, path: str) -> str:
        scheme, mark, rest = path.partition("://")
        return scheme + mark + rest.rstrip("/")

    def identity(self, directory: str) -> str:
        return directory

    def names(self, directory: str) -> list[str]:
        with _failures_as_os_errors(directory):
            self._register_scheme(directory)
            if not self._tf.io.gfile.isdir(directory):
                missing = not self._tf.io.gfile.exists(directory)
                number = errno.ENOENT if missing else errno.ENOTDIR
                raise OSError(number, os.strerror(number), directory)
            return [name.rstrip("/") for name in self._tf.io.gfile.listdir(directory)]

    def is_file(self, path: str) -> bool:
        with _failures_as_os_errors(path):
            return not self._tf.io.gfile.isdir(path)

    def walk(self, directory: str, on_error: OnError) -> Iterator[tuple[str, list[str], list[str]]]:
        try:
            with _failures_as_os_errors(directory):
                yield from self._tf.io.gfile.walk(directory)
        except OSError as error:
            on_error(error)

    def read(self, path: str) -> bytes:
        with _failures_as_os_errors(path), self._tf.io.gfile.GFile(path, "rb") as file:
            data: bytes = file.read()
            return data

    def _register_scheme(self, path: str) -> None:
        """Raises unless the scheme is known; like TensorBoard, it looks for further ones in tensorflow_io."""
        try:
            self._tf.io.gfile.exists(path)
        except self._tf.errors.UnimplementedError:
            with suppress(ImportError):
                importlib.import_module("tensorflow_io")
            self._tf.io.gfile.exists(path)


@contextmanager
def _failures_as_os_errors(path: str) -> Iterator[None]:
    """Raises whatever error TensorFlow, boto3 or fsspec have of their own as an OSError."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, _sentence(error), path) from error


def _sentence(error: Any) -> str:
    lines = str(getattr(error, "message", "") or error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
