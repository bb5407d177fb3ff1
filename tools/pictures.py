"""Takes the documents' pictures of the Health tab: models of the demo, in a real TensorBoard.

python -m tools.pictures              # trains the models first
python -m tools.pictures --logs LOGS  # of logs that are there
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import FrameLocator, Page, sync_playwright

from tools.browser import CHROMIUM, CHROMIUM_ARGUMENTS, tensorboard

IMAGES = Path("docs/images")
MODEL = "vanishing-gradient"
OTHERS = ("healthy", "dead-units", "exploding-gradient", "nonfinite-values", "low-update-ratio")
"""Models beside it in the table of all runs."""

FLOWN = "gradient-check"
"""The model that is not trained, of which a preflight is shown."""

WIDTH, HEIGHT = 1280, 1000

TALL = 2800
"""Height of a window in which a part of the page stands whole."""

PLUGIN = "data/plugin/nnhealth"


@dataclass(frozen=True)
class Picture:
    """One view in both themes: what the address asks of the tab, and the part of the page, None for the whole window.

    `page` is what the plugin serves outside the tab, where it is that.
    """

    name: str
    shown: Mapping[str, str] = field(default_factory=dict)
    part: str | None = None
    page: str | None = None
    height: int | None = None


ROW = {"row": "sequential/dense_5/kernel"}

PICTURES = (
    Picture("health-tab", {"table": "variables", "statistic": "gradient_rms"}),
    Picture("verdict", part=".verdict"),
    Picture("heat-map", {"table": "variables", "statistic": "gradient_rms"}, ".timeline"),
    Picture("gradient-flow", {"view": "flow", "flow": "gradient_rms"}, ".timeline"),
    Picture("layer", ROW, ".layer"),
    Picture("training-curves", {"view": "curves"}, ".timeline"),
    Picture("preflight", {"run": f"{FLOWN}/health"}, ".preflight"),
    Picture("examples", {"run": "healthy/health", "view": "examples"}, ".timeline"),
    Picture("all-runs", {"page": "runs"}, height=560),
    Picture(
        "side-by-side", {"page": "compare", "compare": json.dumps(["healthy/health", f"{MODEL}/health"])}, height=HEIGHT
    ),
    Picture("rule", page=f"rule?name={MODEL}&theme={{theme}}", height=760),
    Picture("report", page=f"report?run={MODEL}%2Fhealth"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes each picture in light and in dark; returns 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--logs", type=Path, help=f"directory that holds runs {', '.join((MODEL, *OTHERS, FLOWN))}; default: make them"
    )
    options = parser.parse_args(arguments)
    if CHROMIUM is None:
        print("pictures: Expected Chromium or Google Chrome on the PATH. Found none.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        logs = options.logs or train(Path(directory))
        with tensorboard(logs) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            for picture in PICTURES:
                height = picture.height or (TALL if picture.part else HEIGHT)
                page = browser.new_page(viewport={"width": WIDTH, "height": height})
                for suffix, dark in (("", False), ("-dark", True)):
                    path = IMAGES / f"{picture.name}{suffix}.png"
                    (take if picture.page is None else take_page)(page, address, picture, path, dark)
                    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
                page.close()
            browser.close()
    return 0


def train(output: Path) -> Path:
    """Trains the demo's models, makes a preflight, and returns their log directory."""
    logs = output / "logs"
    subprocess.run([sys.executable, "-m", "demo.run", MODEL, *OTHERS, "--output", str(output)], check=True)
    subprocess.run([sys.executable, "-m", "demo.preflight", FLOWN, "--output", str(logs)], check=True)
    return logs


def open_tab(page: Page, address: str, shown: Mapping[str, str]) -> FrameLocator:
    """Opens the tab on the model, at what is to be shown."""
    words = {"run": f"{MODEL}/health", **shown}
    wanted = "".join(f"&p.nnhealth.{key}={quote(value, '')}" for key, value in words.items())
    page.goto(f"{address}/#nnhealth{wanted}")
    tab = page.frame_locator("iframe[src*=nnhealth]")
    tab.locator("body[data-shown]:not([data-shown=''])").wait_for()
    return tab


def take(page: Page, address: str, picture: Picture, path: Path, dark: bool) -> None:
    """Takes one picture of the tab in TensorBoard's light or dark theme."""
    tab = open_tab(page, address, picture.shown)
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.locator(f":root[data-theme={'dark' if dark else 'light'}]").wait_for()
    page.wait_for_timeout(4000)  # Transitions end, all runs are judged, and everything is drawn.
    if picture.part is None:
        page.screenshot(path=path)
    else:
        tab.locator(picture.part).screenshot(path=path)


def take_page(page: Page, address: str, picture: Picture, path: Path, dark: bool) -> None:
    """Takes one picture of what the plugin serves as a page of its own, or as a file."""
    theme = "dark" if dark else "light"
    page.emulate_media(color_scheme=theme)
    assert picture.page is not None
    where = f"{address}/{PLUGIN}/{picture.page.format(theme=theme)}"
    served = page.request.get(where)
    if "content-disposition" in served.headers:
        page.set_content(served.text())
    else:
        page.goto(where)
    page.screenshot(path=path)


if __name__ == "__main__":
    sys.exit(main())
