"""How soon the table of a sweep stands: first rows, and all verdicts, in Chromium over a real TensorBoard.

python -m benchmarks.sweep [--runs 200]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.runs import write_sweep
from tools.browser import CHROMIUM, CHROMIUM_ARGUMENTS, tensorboard

LOADERS = {"fast": "true", "slow": "false"}
PATIENCE = 120_000
"""Milliseconds."""

SETTLED = 2.0
"""Seconds of the same data after which TensorBoard has loaded all of them."""

ROWS = "count => document.querySelectorAll('.runs tbody tr').length >= count"
JUDGED = "count => document.querySelectorAll('.runs tbody tr:not([data-state=waiting])').length >= count"
SENT = """() => performance.getEntriesByType('resource').filter(({name}) => name.includes('nnhealth/table'))
    .map(({transferSize}) => transferSize)"""


def measure(count: int) -> Iterator[dict[str, Any]]:
    """Yields for each loader the milliseconds after the tab began to load, and the bytes that the table took."""
    with tempfile.TemporaryDirectory() as directory, chromium() as browser:
        write_sweep(Path(directory), count)
        for loader, fast in LOADERS.items():
            with tensorboard(Path(directory), "--load_fast", fast) as address:
                wait_until_loaded(browser, address, count)
                for visit in ("first", "again"):
                    yield {"loader": loader, "visit": visit, **visited(browser, address, count)}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


def wait_until_loaded(browser: Browser, address: str, count: int) -> None:
    """Waits until TensorBoard has all runs, and the same data of them for a while."""

    def listed(page: Page) -> Any:
        table = page.request.get(f"{address}/data/plugin/nnhealth/table").json()
        return table if len(table["rows"]) >= count else None

    wait_until_still(browser, listed)


def wait_until_still(browser: Browser, ask: Callable[[Page], Any]) -> None:
    """Waits until what is asked for has stayed the same, and is not None: TensorBoard tells nobody when it has loaded
    all there is."""
    page, seen, since = browser.new_page(), None, time.monotonic()
    while seen is None or time.monotonic() - since < SETTLED:
        told = ask(page)
        if told is None or told != seen:
            seen, since = told, time.monotonic()
        time.sleep(0.2)
    page.close()


def visited(browser: Browser, address: str, count: int) -> dict[str, Any]:
    """Opens the table, and returns when its rows and when its verdicts stood."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/#nnhealth&p.nnhealth.page=runs")
    frame = page.locator("iframe[src*=nnhealth]").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_url("**/plugin_entry*")
    found = {}
    for name, condition in (("rows", ROWS), ("verdicts", JUDGED)):
        frame.wait_for_function(condition, arg=count, timeout=PATIENCE)
        found[name] = round(frame.evaluate("performance.now()"))
    sent = frame.evaluate(SENT)
    page.close()
    return {**found, "requests": len(sent), "bytes": sum(sent)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="runs of the sweep (default: 200)")
    options = parser.parse_args(arguments)
    if CHROMIUM is None:
        print("sweep: Expected Chromium or Google Chrome on the PATH. Found none.", file=sys.stderr)
        return 2
    for row in measure(options.runs):
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
