"""Reads a run back: from event files, or from TensorBoard's data provider, with the same result.

    run = read_run("logs/run1")            # one run
    for name, path in find_runs("logs").items(): ...

Needs NumPy and TensorBoard's protocol buffers; never TensorFlow.
"""

from tb_nnhealth.reader._data import Datum, LogError
from tb_nnhealth.reader.assemble import assemble
from tb_nnhealth.reader.files import find_runs, read_run
from tb_nnhealth.reader.provider import (
    Tags,
    Version,
    listed_version,
    provider_listing,
    provider_runs,
    provider_tags,
    provider_version,
    read_provider,
)

__all__ = [
    "Datum",
    "LogError",
    "Tags",
    "Version",
    "assemble",
    "find_runs",
    "listed_version",
    "provider_listing",
    "provider_runs",
    "provider_tags",
    "provider_version",
    "read_provider",
    "read_run",
]
