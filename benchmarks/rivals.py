"""As many rows and samples as scalars and histograms of TensorBoard's own, and how soon its own tabs have shown them.

These show twelve charts a page: all are seen when all pages were. A page counts as shown when its data have come, which
is before it is drawn.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Request
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_DOUBLE, DT_FLOAT
from tensorboard.plugins.histogram.metadata import create_summary_metadata as of_histogram
from tensorboard.plugins.scalar.metadata import create_summary_metadata as of_scalar
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from tools.browser import tensorboard

BUCKETS = 30
"""Of a histogram, as TensorBoard's own summaries have by default."""

CHARTS_A_PAGE = 12

TALL = {"width": 1280, "height": 2600}
"""All charts of a page are in view: those that are not are not fetched."""

LOADING, PATIENCE = 60.0, 60.0
"""Seconds that TensorBoard has for loading, and that a page of charts may take."""


def _scalar(random: np.random.Generator) -> TensorProto:
    return TensorProto(dtype=DT_FLOAT, tensor_content=random.random(1, np.float32).tobytes())


def _histogram(random: np.random.Generator) -> TensorProto:
    edges = np.linspace(-1, 1, BUCKETS + 1)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (BUCKETS, 3)])
    content = np.stack([edges[:-1], edges[1:], random.random(BUCKETS)], axis=1).tobytes()
    return TensorProto(dtype=DT_DOUBLE, tensor_shape=shape, tensor_content=content)


@dataclass(frozen=True)
class Rival:
    """A tab of TensorBoard's: its name in the address, and what it shows."""

    title: str
    tab: str
    answers: str
    """What the address of an answer with data holds; such a request names one tag or several."""
    metadata: SummaryMetadata
    make: Callable[[np.random.Generator], TensorProto]


RIVALS = (
    Rival("Time Series", "timeseries", "timeseries/timeSeries", of_scalar("", ""), _scalar),
    Rival("Histograms", "histograms", "histograms/histograms", of_histogram("", ""), _histogram),
)


def measure(browser: Browser, names: Sequence[str], samples: int) -> Iterator[dict[str, Any]]:
    """Yields for each tab the milliseconds until its first page stood, and until all of its pages had."""
    for rival in RIVALS:
        with tempfile.TemporaryDirectory() as directory:
            write(Path(directory) / "large", rival, names, samples)
            kept = f"scalars={samples},histograms={samples}"
            with tensorboard(Path(directory), "--load_fast", "true", "--samples_per_plugin", kept) as address:
                time.sleep(LOADING)
                yield {"shown in": rival.title, "samples": samples, **paged(browser, address, rival, len(names))}


def write(directory: Path, rival: Rival, names: Sequence[str], samples: int) -> None:
    """Writes a summary of each name at each step."""
    random, writer = np.random.default_rng(0), EventFileWriter(str(directory), max_queue_size=2)
    for step in range(samples):
        metadata = None if step else rival.metadata
        values = [Summary.Value(tag=name, metadata=metadata, tensor=rival.make(random)) for name in names]
        writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=Summary(value=values)))
    writer.close()


def paged(browser: Browser, address: str, rival: Rival, rows: int) -> dict[str, int]:
    """Goes through all pages of a tab, each as soon as the data of the one before have come; milliseconds since it was
    opened."""
    page = browser.new_page(viewport=TALL)
    come: list[int] = []

    def note(request: Request) -> None:
        if rival.answers in request.url:
            come.append(max(1, len(re.findall('"tag":', request.post_data or ""))))

    page.on("requestfinished", note)
    page.goto(f"{address}/#{rival.tab}")
    stood = []
    for shown in range(CHARTS_A_PAGE, rows + CHARTS_A_PAGE, CHARTS_A_PAGE):
        deadline = time.monotonic() + PATIENCE
        while sum(come) < min(shown, rows) and time.monotonic() < deadline:
            page.wait_for_timeout(5)
        stood.append(round(page.evaluate("performance.now()")))
        if shown < rows:
            page.get_by_role("button", name=re.compile("^next", re.IGNORECASE)).first.click()
    page.close()
    return {"charts": sum(come), "first_ms": stood[0], "all_ms": stood[-1]}
