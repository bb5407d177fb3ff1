"""Finds runs in a log directory and reads their event files."""

import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

import google_crc32c
import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tensorboard.compat.proto import event_pb2, tensor_pb2, types_pb2

from tb_nnhealth.reader._data import Datum, LogError, check_version
from tb_nnhealth.reader.assemble import assemble
from tb_nnhealth.reader.storage import OnError, Storage, join, storage_of
from tb_nnhealth.records import HealthRun
from tb_nnhealth.summary import metadata

EVENT_FILE_MARK = "tfevents"
_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_CHECKSUM_MASK = 0xA282EAD8


def find_runs(
    log_dir: str | os.PathLike[str], on_unreadable: Callable[[str], object] = lambda sentence: None
) -> dict[str, str]:
    """Returns every run in a log directory: its name -> the directory that contains `health`.

    Args:
      log_dir: a run, its `health` directory itself, or a directory of runs at any depth; local, or with a
        scheme that TensorBoard reads. A run is named by its path from here; where it was given itself by
        its directory's name, or "." if a run in it has that name.
      on_unreadable: called with a sentence for each directory on the way that cannot be read, where
        others have runs.

    Raises:
      LogError: the directory is missing, unreadable, or has no health data.
    """
    storage, root, names = _directory(log_dir)
    parent, own_name = os.path.split(root)
    if own_name == metadata.RUN_DIRECTORY and _event_files(storage, root):
        return {os.path.basename(parent): parent}
    runs: dict[str, str] = {}
    errors: list[OSError] = []
    seen: set[str] = set()
    for path, directories, _ in storage.walk(root, errors.append):
        identity = storage.identity(path)
        if identity in seen:
            directories.clear()
            continue
        seen.add(identity)
        directories.sort()
        health = join(path, metadata.RUN_DIRECTORY)
        if metadata.RUN_DIRECTORY in directories and _event_files(storage, health, errors.append):
            runs[path[len(root) :].replace(os.sep, "/").strip("/") or "."] = path
    unreadable = list(dict.fromkeys(f"{error.filename} cannot be read ({error.strerror})" for error in errors))
    if not runs:
        if unreadable:
            content = f"in which {unreadable[0]}"
        else:
            content = "a directory with none in it" if names else "an empty directory"
        raise LogError(f"Expected health data that HealthCallback wrote. Received: log_dir={str(log_dir)!r}, {content}")
    for sentence in unreadable:
        on_unreadable(sentence)
    own_name = "." if own_name in runs else own_name or "."
    return {own_name if path == root else name: path for name, path in runs.items()}


def read_run(log_dir: str | os.PathLike[str]) -> HealthRun:
    """Returns the one run of a log directory.

    Args:
      log_dir: a run, its `health` directory, or a directory with exactly one run in it; local, or with a
        scheme that TensorBoard reads.

    Raises:
      LogError: there is no such run, several, or it cannot be read.
    """
    storage, root, _ = _directory(log_dir)
    own = _event_files(storage, join(root, metadata.RUN_DIRECTORY))
    if own:
        return _read_files(storage, own)
    runs = find_runs(log_dir)
    if len(runs) > 1:
        shown = ", ".join(sorted(runs)[:10]) + (", …" if len(runs) > 10 else "")
        raise LogError(f"Expected one run. Received: log_dir={str(log_dir)!r} with {len(runs)} runs: {shown}")
    (run,) = runs.values()
    return _read_files(storage, _event_files(storage, join(run, metadata.RUN_DIRECTORY)))


def _directory(log_dir: str | os.PathLike[str]) -> tuple[Storage, str, list[str]]:
    """Returns what reads the log directory, its path, and the names in it."""
    if not os.fspath(log_dir):
        raise LogError("Expected a log directory. Received: ''")
    try:
        storage, path = storage_of(os.fspath(log_dir))
        path = storage.absolute(path)
        return storage, path, storage.names(path)
    except FileNotFoundError:
        reason = "which does not exist"
    except NotADirectoryError:
        reason = "which is not a directory"
    except (OSError, ValueError) as error:
        reason = f"which cannot be read ({getattr(error, 'strerror', None) or error})"
    raise LogError(f"Expected a log directory. Received: log_dir={str(log_dir)!r}, {reason}")


def _event_files(storage: Storage, directory: str, on_error: OnError = lambda error: None) -> list[str]:
    """Returns the event files of a directory in the order in which TensorBoard reads them; none where it fails."""
    try:
        paths = [join(directory, name) for name in sorted(storage.names(directory)) if EVENT_FILE_MARK in name]
        return [path for path in paths if storage.is_file(path)]
    except OSError as error:
        on_error(error)
        return []


def _read_files(storage: Storage, paths: list[str]) -> HealthRun:
    events: dict[str, list[Datum]] = {}
    problems: list[str] = []
    for path in paths:
        name = os.path.basename(path)
        try:
            for tag, datum in _read_data(storage.read(path), name, problems):
                events.setdefault(tag, []).append(datum)
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}")
    if not events and problems:
        raise LogError(f"Expected readable event files in {os.path.dirname(paths[0])}. Received: {problems[0]}")
    late = {tag: events.pop(tag) for tag in list(events) if metadata.is_read_late(tag)}
    return assemble(events, problems, late)


def _read_data(data: bytes, name: str, problems: list[str]) -> Iterator[tuple[str, Datum]]:
    """Yields our tags' events of a file."""
    for record in _records(data, name, problems):
        try:
            event = event_pb2.Event.FromString(record)
        except DecodeError:
            problems.append(f"{name} holds a record that is no event")
            continue
        for value in event.summary.value:
            plugin = value.metadata.plugin_data
            if plugin.plugin_name != metadata.PLUGIN_NAME or not value.tag.startswith(f"{metadata.PLUGIN_NAME}/"):
                continue
            check_version(metadata.schema_version(plugin.content))
            try:
                yield value.tag, Datum(event.step, event.wall_time, _value(value.tensor))
            except (TypeError, ValueError):
                problems.append(f"{value.tag} at step {event.step} holds no tensor")


def _value(tensor: tensor_pb2.TensorProto) -> NDArray[Any] | str:
    """Returns the text or float32 array of a tensor; a view of its bytes, for there may be many."""
    if tensor.dtype == types_pb2.DT_STRING and len(tensor.string_val) == 1:
        return str(tensor.string_val[0], "utf-8", "replace")
    if tensor.dtype != types_pb2.DT_FLOAT:
        raise ValueError("neither text nor float32")
    numbers = np.frombuffer(tensor.tensor_content, "<f4") if tensor.tensor_content else np.float32(tensor.float_val)
    return numbers.reshape([dimension.size for dimension in tensor.tensor_shape.dim])


def _records(data: bytes, name: str, problems: list[str]) -> Iterator[bytes]:
    """Yields the records of an event file up to its end, a torn last record, or the first corrupt one."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, checksum = _HEADER.unpack_from(data, offset)
        if not _matches(data[offset : offset + 8], checksum):
            problems.append(_corrupt(name, offset, "length"))
            return
        start = offset + _HEADER.size
        stop = start + length
        if stop + _CHECKSUM.size > len(data):
            return
        record = data[start:stop]
        if not _matches(record, _CHECKSUM.unpack_from(data, stop)[0]):
            problems.append(_corrupt(name, offset, "data"))
            return
        yield record
        offset = stop + _CHECKSUM.size


def _matches(data: bytes, checksum: int) -> bool:
    """Returns whether the masked CRC-32C of the TFRecord format is that of the data."""
    value = google_crc32c.value(data)
    return bool(((value >> 15 | value << 17) + _CHECKSUM_MASK) & 0xFFFFFFFF == checksum)


def _corrupt(name: str, offset: int, part: str) -> str:
    return (
        f"{name} is corrupt at byte {offset}: expected a record whose {part} matches its checksum; "
        "the rest of the file is left out"
    )
