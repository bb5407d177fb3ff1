"""How soon a large run stands in the Health tab, and how smoothly it moves, in Chromium over a real TensorBoard.

python -m benchmarks.large [--rows 1000] [--samples 1000] [--rounds 3]
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Frame, Page

from benchmarks import rivals
from benchmarks.sweep import LOADERS, chromium, wait_until_still
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter
from tests.browser.runs import quiet_tables
from tests.synthetic import make_histograms, make_manifest, make_progress
from tools.browser import CHROMIUM, tensorboard

RUN, OTHER = "large", "other"
VISITS = {"first": "", "by a link": f"&p.nnhealth.run={OTHER}%2Fhealth", "again": ""}
"""Visits to a TensorBoard that was just started, by what the address adds: what the page shows first has been judged
since it was loaded, what a link names has not."""

ROWS_OF_A_BLOCK, BLOCKS_OF_A_STAGE = 2, 25
HISTOGRAMS_EACH = 50
"""Samples between two of the histograms."""

VIEWPORT = {"width": 1280, "height": 900}
PATIENCE = 120_000
"""Milliseconds."""

MOVES, HURRY = 180, 1 / 60
"""Movements of the pointer that are traced, and the seconds between two of them."""

MISSED = 25.0
"""Milliseconds between two frames of which one was missed: one and a half of those at 60 a second."""

WATCH = """
const seen = window.__seen = {};
const isPainted = (canvas) => canvas?.style.width && canvas.getContext('2d').getImageData(20, 4, 1, 1).data[3] > 0;
const look = () => {
  if (document.querySelector('.verdict-place')?.childElementCount) seen.verdict ??= performance.now();
  if (isPainted(document.querySelector('.heatmap .plot canvas'))) seen.heatmap = performance.now();
  else requestAnimationFrame(look);
};
if (location.href.includes('nnhealth')) requestAnimationFrame(look);
"""
"""Notes in each frame of the page when the verdict and the heat map stand, in milliseconds since it began to load."""

TRACE = """() => {
  const times = window.__frames = [];
  const note = (now) => { if (times === window.__frames) { times.push(now); requestAnimationFrame(note); } };
  requestAnimationFrame(note);
}"""
TRACED = "() => { const times = window.__frames; window.__frames = null; return times; }"

SENT = """since => performance.getEntriesByType('resource').filter((entry) => entry.startTime >= since)
    .reduce((sum, {transferSize}) => sum + transferSize, 0)"""


def write_large_run(directory: Path, rows: int, samples: int) -> None:
    """Writes a run in which little is wrong, of so many variables, half as many layers, and so many samples."""
    manifest = make_manifest(RUN, variables=names_of(rows))
    writer = HealthWriter(str(directory), manifest)
    unmeasured = manifest["tables"]["activations"]["columns"].index("saturated_fraction")
    for step in range(samples):
        tables = quiet_tables(manifest, step)
        tables["activations"][:, unmeasured] = np.nan  # as of ReLU
        writer.write_sample(step, tables)
        if step % HISTOGRAMS_EACH == 0:
            writer.write_histograms(step, make_histograms(manifest, step))
    writer.write_json(metadata.PROGRESS, samples - 1, make_progress(writer, samples, finished=True))
    writer.close()


def names_of(rows: int) -> list[str]:
    """Returns the names of so many variables."""
    return [f"net/{_block(row // ROWS_OF_A_BLOCK)}/{('kernel', 'bias')[row % 2]}" for row in range(rows)]


def _block(number: int) -> str:
    return f"stage{number // BLOCKS_OF_A_STAGE}_block{number % BLOCKS_OF_A_STAGE}_conv"


def measure(rows: int, samples: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the figures of each visit, round by round."""
    with tempfile.TemporaryDirectory() as directory, chromium() as browser:
        write_large_run(Path(directory) / RUN, rows, samples)
        shutil.copytree(Path(directory) / RUN, Path(directory) / OTHER)
        for number in range(rounds):
            for loader, fast in LOADERS.items():
                with tensorboard(Path(directory), "--load_fast", fast) as address:
                    wait_until_loaded(browser, address)
                    for visit, link in VISITS.items():
                        yield {"loader": loader, "visit": visit, "round": number, **visited(browser, address, link)}


def beside(rows: int, samples: int) -> Iterator[dict[str, Any]]:
    """Yields when TensorBoard's own tabs have shown as many rows and samples."""
    with chromium() as browser:
        yield from rivals.measure(browser, names_of(rows), samples)


def wait_until_loaded(browser: Browser, address: str) -> None:
    """Waits until TensorBoard has had the same of both runs for a while."""

    def versions(page: Page) -> list[str] | None:
        asked = f"{address}/data/plugin/nnhealth/version?run="
        answers = [page.request.get(f"{asked}{run}/health") for run in (RUN, OTHER)]
        return [answer.text() for answer in answers] if all(answer.ok for answer in answers) else None

    wait_until_still(browser, versions)


def visited(browser: Browser, address: str, link: str) -> dict[str, Any]:
    """Opens the tab on a run, looks around in it, and returns the figures."""
    page = browser.new_page(viewport=VIEWPORT)
    page.add_init_script(WATCH)
    page.goto(f"{address}/#nnhealth{link}")
    frame = _frame(page)
    frame.wait_for_function("window.__seen.heatmap", timeout=PATIENCE)
    seen = frame.evaluate("window.__seen")
    found = {f"{name}_ms": round(seen[name]) for name in ("verdict", "heatmap")}
    found["tab_ms"] = round(frame.evaluate("performance.timeOrigin") - page.evaluate("performance.timeOrigin"))
    found["opening_bytes"] = frame.evaluate(SENT, 0)
    found["refresh_bytes"] = refreshed(page, frame)
    frame.get_by_role("button", name="Expand all").click()
    plot = frame.locator(".heatmap .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    x, y, width, height = box["x"], box["y"], box["width"], min(box["height"], 400)
    found |= _frames("hover", page, frame, lambda part: page.mouse.move(x + width * part, y + height * (1 - part)))
    page.mouse.move(x + width / 2, y + height / 2)
    since = frame.evaluate("performance.now()")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -350)
    page.keyboard.up("Control")
    page.wait_for_timeout(1000)
    found["zoom_bytes"] = frame.evaluate(SENT, since)
    found |= _frames("pan", page, frame, lambda part: page.mouse.wheel(6 if part < 0.5 else -6, 0))
    found["memory_mb"] = round(memory(page) / 1e6, 1)
    page.close()
    return found


def _frame(page: Page) -> Frame:
    frame = page.locator("iframe[src*=nnhealth]").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_url("**/plugin_entry*")
    return frame


def refreshed(page: Page, frame: Frame) -> int:
    """Returns the bytes of one look for news where there are none."""
    page.wait_for_timeout(500)
    since = frame.evaluate("performance.now()")
    with page.expect_response("**/nnhealth/version*", timeout=PATIENCE):
        pass
    page.wait_for_timeout(500)
    return int(frame.evaluate(SENT, since))


def _frames(name: str, page: Page, frame: Frame, move: Callable[[float], None]) -> dict[str, float]:
    """Moves, and returns the 95th percentile of the milliseconds from frame to frame, and the share of missed ones."""
    frame.evaluate(TRACE)
    for index in range(MOVES):
        begun = time.monotonic()
        move(index / MOVES)
        time.sleep(max(0.0, HURRY - (time.monotonic() - begun)))
    times = frame.evaluate(TRACED)
    between = [after - before for before, after in pairwise(times)]
    missed = sum(each > MISSED for each in between) / len(between)
    return {f"{name}_p95_ms": round(statistics.quantiles(between, n=20)[-1], 1), f"{name}_missed": round(missed, 3)}


def memory(page: Page) -> int:
    """Returns the bytes that the page's scripts hold after a collection: objects, and the buffers behind them."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return int(sum(usage.get(part, 0) for part in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000, help="variables of the model (default: 1000)")
    parser.add_argument("--samples", type=int, default=1000, help="sampled steps (default: 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    options = parser.parse_args(arguments)
    if CHROMIUM is None:
        print("large: Expected Chromium or Google Chrome on the PATH. Found none.", file=sys.stderr)
        return 2
    for row in chain(measure(options.rows, options.samples, options.rounds), beside(options.rows, options.samples)):
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
