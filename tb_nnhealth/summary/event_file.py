"""One event file, written record by record, and never left with a torn record where that can be helped.

`tf.summary` is avoided on purpose: its default writer, `record_if` and thread-locality would reach
in here, and it says nothing when the disk is full.
"""

import contextlib
import functools
import itertools
import os
import re
import socket
import time
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2

from tb_nnhealth.summary import metadata

REMOTE_FLUSH_SECONDS = 30.0
FRAME_BYTES = 16  # a record's length (8), the length's checksum (4), the data's checksum (4)

WRITE_ERRORS = (OSError, tf.errors.OpError)

_STARTED = re.compile(r"events\.out\.tfevents\.(\d+)\.")
_counter = itertools.count()


def is_remote(path: str) -> bool:
    return "://" in path


def start_time(directory: str) -> float:
    """Returns the wall time in s at which a file begins: where the clock was set back, 1 s after the last file's."""
    now = time.time()
    try:
        started = map(_STARTED.match, tf.io.gfile.listdir(directory))
    except WRITE_ERRORS:
        return now
    last = max((int(match[1]) for match in started if match), default=0)
    return now if int(now) >= last else last + 1.0


def summary_event(tag: str, step: int, wall_time: float, value: str | np.ndarray[Any, Any]) -> bytes:
    """Returns a serialized event that holds one tensor of ours: text, or an array as float32."""
    if isinstance(value, str):
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[value.encode()])
    else:
        content = np.ascontiguousarray(value, "<f4").tobytes()
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=content)
    for size in np.shape(value):
        tensor.tensor_shape.dim.add(size=size)
    summary = summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=_metadata(metadata.plugin_content()))]
    )
    return bytes(event_pb2.Event(wall_time=wall_time, step=step, summary=summary).SerializeToString())


@functools.cache
def _metadata(content: bytes) -> Any:
    plugin_data = summary_pb2.SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=content)
    return summary_pb2.SummaryMetadata(plugin_data=plugin_data, data_class=metadata.DATA_CLASS_TENSOR)


class EventFile:
    """An event file open for writing. Every method but `close` may raise one of WRITE_ERRORS."""

    def __init__(self, directory: str) -> None:
        tf.io.gfile.makedirs(directory)
        now = start_time(directory)
        name = f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}.{next(_counter):05d}.v2"
        self._path = os.path.join(directory, name)
        self._remote = is_remote(directory)
        self._written = self._flushed = 0
        self._last_flush = time.monotonic()
        self._records = tf.io.TFRecordWriter(self._path)
        self.write(event_pb2.Event(wall_time=now, file_version="brain.Event:2").SerializeToString())

    def write(self, record: bytes) -> None:
        self._records.write(record)
        self._written += len(record) + FRAME_BYTES

    def flush(self, force: bool = False) -> None:
        """Brings all records to the disk; to a remote one at most every 30 s, unless forced."""
        if self._remote and not force and time.monotonic() - self._last_flush < REMOTE_FLUSH_SECONDS:
            return
        self._records.flush()
        self._last_flush = time.monotonic()
        if not self._remote:
            size = os.stat(self._path).st_size
            if size != self._written:
                raise OSError(f"{self._path} holds {size} bytes where {self._written} were written")
        self._flushed = self._written

    def is_as_left(self) -> bool:
        """Returns whether the file holds what was last brought to the disk, and no more; of a remote one, True."""
        if self._remote:
            return True
        try:
            return os.stat(self._path).st_size == self._flushed
        except OSError:
            return False

    def close(self) -> bool:
        """Closes the file, cutting off a record that came only half onto the disk. Returns False for such."""
        try:
            self.flush(force=True)
            self._records.close()
            return True
        except WRITE_ERRORS:
            self._abandon()
            return False

    def _abandon(self) -> None:
        with contextlib.suppress(*WRITE_ERRORS):
            self._records.close()
        if self._remote:
            return
        with contextlib.suppress(OSError):
            if self._flushed == 0:
                os.unlink(self._path)
            elif os.stat(self._path).st_size > self._flushed:
                os.truncate(self._path, self._flushed)
