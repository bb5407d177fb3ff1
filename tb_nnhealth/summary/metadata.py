"""Names and format of what stands in the event files. Without TensorFlow, for writer and reader alike.

A run lives in `<log_dir>/health`, in files of its own. Every tag is prefixed, every summary is a
tensor (data class TENSOR):

| tag | value | one event for |
|---|---|---|
| `nnhealth/manifest` | JSON text | each session (a `fit`, or a resumed process): its first event |
| `nnhealth/<table>/<block>` | float32 `[rows, columns]` | each written sample |
| `nnhealth/<table>_extremes/<block>` | float32 `[2, rows, columns]` | a written sample that stands for several |
| `nnhealth/<histogram>_histogram/<block>` | float32 `[rows, bins]` | each written histogram |
| `nnhealth/classes/<block>` | float32 `[rows, classes]` | each written sample |
| `nnhealth/epoch` | JSON text | each epoch's end |
| `nnhealth/gallery` | JSON text | the ends of some epochs, where a gallery was asked for |
| `nnhealth/progress` | JSON text | now and then, and the end of a session |
| `nnhealth/preflight` | JSON text | each probe of a preflight, after an event on the preflight itself |
| `nnhealth/event` | JSON text | each thing that happened (the first non-finite value, rows lost …) |

Where a session goes on in a further file (its disk was full), that file begins with the same manifest
event again: its step and wall time are those of the first, so that it starts no other session.

A preflight comes before the sessions, and is no part of them: its events count 0, 1, 2 … as their steps, the next
preflight in the directory replaces the last one, and no session does. The first tells of it as a whole, {"budget":
seconds, "created": wall time, "seconds": those of the first steps and of what comes before them,
"problems": [sentences], "failed": why no step could be taken, "pull": the norm of the gradient of the
penalties on weights ÷ that of the data loss}, each other of a probe, {"probe": name, "seconds": …, "values": {…},
"reason": …}, with the reason where it measured nothing.

An epoch's text is {"epoch", "step", "logs"}, and "modes": {"training": loss, "inference": loss} of one batch where
that was measured, else null.

A gallery's text is {"epoch", "examples", "exhibits", "left_out": [sentence, …]} (tb_nnhealth.reader.gallery): what
a few examples look like, tensor by tensor, in 256 KiB at most.

A table is cut into blocks of rows, so that one tag of a long run stays within what TensorBoard's
data server sends in one message (256 MiB). Each event costs some microseconds of reading, whatever its size:
blocks are as large as that allows, and those of the extremes, which are twice as long, are others.

The manifest names the rows and columns of each table:

    {"schema_version": 1, "tool_version": "…", "run": "run1", "session": "<hex>", "start_step": 0,
     "created": 1700000000.0, "model": {…}, "compile": {…}, "sampling": {…},
     "tables": {"variables": {"rows": […], "columns": […],
                              "blocks": [[0, 200]], "extremes_blocks": [[0, 104], [104, 200]]}, …},
     "histograms": {"value": {"rows": […], "blocks": […]}, …},
     "rules": {"project": {…}, "limits": {…}}}

"rules" is what was set of the rules, by the training's `pyproject.toml` and by the callback's argument, in the
form of tb_nnhealth.configuration.
"""

import json
from typing import Any

PLUGIN_NAME = "nnhealth"
SCHEMA_VERSION = 1
RUN_DIRECTORY = "health"
DATA_CLASS_TENSOR = 2  # tensorboard.SummaryMetadata.DataClass.DATA_CLASS_TENSOR

TABLES = ("variables", "activations", "data", "steps", "classes")

MANIFEST = f"{PLUGIN_NAME}/manifest"
EPOCH = f"{PLUGIN_NAME}/epoch"
GALLERY = f"{PLUGIN_NAME}/gallery"
PROGRESS = f"{PLUGIN_NAME}/progress"
PREFLIGHT = f"{PLUGIN_NAME}/preflight"
EVENT = f"{PLUGIN_NAME}/event"

MESSAGE_BYTES = 160 * 2**20
"""What one tag of a run may hold: TensorBoard's data server answers at most 256 MiB at once."""


def table_tag(table: str, block: int) -> str:
    return f"{PLUGIN_NAME}/{table}/{block}"


def extremes_tag(table: str, block: int) -> str:
    return f"{PLUGIN_NAME}/{table}_extremes/{block}"


def histogram_tag(histogram: str, block: int) -> str:
    return f"{PLUGIN_NAME}/{histogram}_histogram/{block}"


def is_histogram(tag: str) -> bool:
    return "_histogram/" in tag


def is_read_late(tag: str) -> bool:
    """Returns whether no rule needs what stands there: it is read when it is asked for."""
    return is_histogram(tag) or tag == GALLERY


def blocks(rows: int, row_bytes: int, events: int) -> list[tuple[int, int]]:
    """Returns the `[start, stop)` row ranges of a table's blocks, each within MESSAGE_BYTES.

    Args:
      rows: rows of the table.
      row_bytes: bytes of one row at one step.
      events: upper bound of the steps that will be written.
    """
    size = max(1, MESSAGE_BYTES // max(1, row_bytes * events))
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


def plugin_content() -> bytes:
    """What a summary's plugin data holds: the format's version, nothing else."""
    return json.dumps({"schema_version": SCHEMA_VERSION}).encode()


def schema_version(content: bytes) -> int | None:
    """Returns the format version of a summary's plugin data, None where it has none."""
    data = parsed(content)
    version = data.get("schema_version") if isinstance(data, dict) else None
    return version if isinstance(version, int) else None


def parsed(text: Any) -> Any:
    """Returns what a JSON text says, None where it is no JSON or nested too deep."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
