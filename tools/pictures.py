"""Takes the documents' pictures of the Health tab: a sick model of the demo, in a real TensorBoard.

python -m tools.pictures              # trains the model first
python -m tools.pictures --logs LOGS  # of logs that are there
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import FrameLocator, Page, sync_playwright

from tools.browser import CHROMIUM, CHROMIUM_ARGUMENTS, tensorboard

IMAGES = Path("docs/images")
MODEL = "vanishing-gradient"
WIDTH, HEIGHT = 1280, 1000

TALL = 1600
"""Height of a window in which a part of the page stands whole."""


@dataclass(frozen=True)
class Picture:
    """One view in both themes: what the address asks for, and the part of the page, None for the whole window."""

    name: str
    shown: Mapping[str, str]
    part: str | None = None


PICTURES = (
    Picture("health-tab", {"table": "variables", "statistic": "gradient_rms"}),
    Picture("gradient-flow", {"view": "flow", "flow": "gradient_rms"}, ".timeline"),
    Picture("training-curves", {"view": "curves"}, ".timeline"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes each picture in light and in dark; returns 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=Path, help=f"directory that holds a run {MODEL}; default: train it")
    options = parser.parse_args(arguments)
    if CHROMIUM is None:
        print("pictures: Expected Chromium or Google Chrome on the PATH. Found none.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        logs = options.logs or train(Path(directory))
        with tensorboard(logs) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            for picture in PICTURES:
                page = browser.new_page(viewport={"width": WIDTH, "height": TALL if picture.part else HEIGHT})
                tab = open_tab(page, address, picture.shown)
                for suffix, dark in (("", False), ("-dark", True)):
                    take(page, tab, picture, IMAGES / f"{picture.name}{suffix}.png", dark)
                page.close()
            browser.close()
    return 0


def train(output: Path) -> Path:
    """Trains the demo's model and returns its log directory."""
    subprocess.run([sys.executable, "-m", "demo.run", MODEL, "--output", str(output)], check=True)
    return output / "logs"


def open_tab(page: Page, address: str, shown: Mapping[str, str]) -> FrameLocator:
    """Opens the tab on the model, at what is to be shown."""
    words = {"run": f"{MODEL}/health", **shown}
    wanted = "".join(f"&p.nnhealth.{key}={quote(value, '')}" for key, value in words.items())
    page.goto(f"{address}/#nnhealth{wanted}")
    tab = page.frame_locator("iframe[src*=nnhealth]")
    tab.locator(f'body[data-shown^="{MODEL}/health "]').wait_for()
    return tab


def take(page: Page, tab: FrameLocator, picture: Picture, path: Path, dark: bool) -> None:
    """Takes one picture in TensorBoard's light or dark theme."""
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.locator(f":root[data-theme={'dark' if dark else 'light'}]").wait_for()
    page.wait_for_timeout(1000)  # Transitions end, and everything is drawn.
    if picture.part is None:
        page.screenshot(path=path)
    else:
        tab.locator(picture.part).screenshot(path=path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
