"""As many rows and samples as scalars and histograms of TensorBoard's own, and how soon its own tabs have shown them.

The Histograms tab shows 51 samples of a tag at most, Time Series all that TensorBoard keeps. Both show twelve charts a
page: all are seen when all pages were. A page counts as shown when its data have come, which is before it is drawn.
"""

import json
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

RUN = "large"

BUCKETS = 30
"""Of a histogram, as TensorBoard's own summaries have by default."""

CHARTS_A_PAGE = 12

TALL = {"width": 1280, "height": 2600}
"""All charts of a page are in view: those that are not are not fetched."""

LOADING, PATIENCE = 300.0, 300.0
"""Seconds that TensorBoard may take for loading, and all pages of a tab for their data."""


def _scalar(random: np.random.Generator) -> TensorProto:
    return TensorProto(dtype=DT_FLOAT, tensor_content=random.random(1, np.float32).tobytes())


def _histogram(random: np.random.Generator) -> TensorProto:
    edges = np.linspace(-1, 1, BUCKETS + 1)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (BUCKETS, 3)])
    content = np.stack([edges[:-1], edges[1:], random.random(BUCKETS)], axis=1).tobytes()
    return TensorProto(dtype=DT_DOUBLE, tensor_shape=shape, tensor_content=content)


@dataclass(frozen=True)
class Rival:
    """A tab of TensorBoard's: what it is called in words and in the address, and which plugin's data it shows."""

    title: str
    tab: str
    answers: str
    """What the address of an answer with data holds; such a request names one tag or several."""
    kind: str
    most: int | None = None
    """The samples of a tag that it shows however many TensorBoard keeps, None where it shows all."""


RIVALS = (
    Rival("Time Series, scalars", "timeseries", "timeseries/timeSeries", "scalars"),
    Rival("Time Series, histograms", "timeseries", "timeseries/timeSeries", "histograms"),
    Rival("Histograms", "histograms", "histograms/histograms", "histograms", most=51),
)

KINDS: dict[str, tuple[SummaryMetadata, Callable[[np.random.Generator], TensorProto]]] = {
    "scalars": (of_scalar("", ""), _scalar),
    "histograms": (of_histogram("", ""), _histogram),
}
"""By plugin: what its summaries are marked with, and one of them."""


def measure(browser: Browser, names: Sequence[str], samples: int) -> Iterator[dict[str, Any]]:
    """Yields for each tab the milliseconds until its first page stood, and until all of its pages had."""
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as directory:
            write(Path(directory) / RUN, kind, names, samples)
            kept = f"scalars={samples},histograms={samples}"
            with tensorboard(Path(directory), "--load_fast", "true", "--samples_per_plugin", kept) as address:
                wait_until_loaded(browser, address, kind, names[-1], samples)
                for rival in (rival for rival in RIVALS if rival.kind == kind):
                    shown = min(samples, rival.most or samples)
                    yield {"shown in": rival.title, "samples": shown, **paged(browser, address, rival, len(names))}


def write(directory: Path, kind: str, names: Sequence[str], samples: int) -> None:
    """Writes a summary of each name at each step."""
    mark, make = KINDS[kind]
    random, writer = np.random.default_rng(0), EventFileWriter(str(directory), max_queue_size=2)
    for step in range(samples):
        metadata = None if step else mark
        values = [Summary.Value(tag=name, metadata=metadata, tensor=make(random)) for name in names]
        writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=Summary(value=values)))
    writer.close()


def wait_until_loaded(browser: Browser, address: str, kind: str, name: str, samples: int) -> None:
    """Waits until TensorBoard gives all samples of a tag.

    Raises:
      TimeoutError: it does not within `LOADING` seconds.
    """
    asked = {"requests": json.dumps([{"plugin": kind, "tag": name, "run": RUN}])}
    page, deadline, found = browser.new_page(), time.monotonic() + LOADING, 0
    while found < samples and time.monotonic() < deadline:
        answer = page.request.post(f"{address}/data/plugin/timeseries/timeSeries", multipart=asked)
        series = answer.json()[0]["runToSeries"] if answer.ok else {}
        found = len(series.get(RUN, ()))
        page.wait_for_timeout(500)
    page.close()
    if found < samples:
        raise TimeoutError(f"Expected {samples} {kind} of {name}. Received: {found} after {LOADING:g} s.")


def paged(browser: Browser, address: str, rival: Rival, rows: int) -> dict[str, int]:
    """Goes through the pages of a tab, each as soon as the data of the one before have come, for as long as there is
    patience; milliseconds since it was opened."""
    page = browser.new_page(viewport=TALL)
    come: list[int] = []

    def note(request: Request) -> None:
        if rival.answers in request.url:
            come.append(max(1, len(re.findall('"tag":', request.post_data or ""))))

    page.on("requestfinished", note)
    page.goto(f"{address}/#{rival.tab}")
    stood, deadline = [], time.monotonic() + PATIENCE
    for shown in range(CHARTS_A_PAGE, rows + CHARTS_A_PAGE, CHARTS_A_PAGE):
        while sum(come) < min(shown, rows) and time.monotonic() < deadline:
            page.wait_for_timeout(5)
        stood.append(round(page.evaluate("performance.now()")))
        if time.monotonic() >= deadline:
            break
        if shown < rows:
            page.get_by_role("button", name=re.compile("^next", re.IGNORECASE)).first.click()
    page.close()
    return {"charts": min(sum(come), rows), "of": rows, "first_ms": stood[0], "all_ms": stood[-1]}
