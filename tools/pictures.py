"""Takes the README's pictures of the Health tab: a sick model of the demo, in a real TensorBoard.

python -m tools.pictures              # trains the model first
python -m tools.pictures --logs LOGS  # of logs that are there
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import FrameLocator, Page, sync_playwright

from tools.browser import CHROMIUM, CHROMIUM_ARGUMENTS, tensorboard

IMAGES = Path("docs/images")
MODEL = "vanishing-gradient"
STATISTIC = {"table": "variables", "statistic": "gradient_rms"}
WIDTH, HEIGHT = 1280, 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes health-tab.png and health-tab-dark.png; returns 0, or 2 where there is no browser."""
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
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            tab = open_tab(page, address)
            for name, dark in (("health-tab.png", False), ("health-tab-dark.png", True)):
                take(page, tab, IMAGES / name, dark)
            browser.close()
    return 0


def train(output: Path) -> Path:
    """Trains the demo's model and returns its log directory."""
    subprocess.run([sys.executable, "-m", "demo.run", MODEL, "--output", str(output)], check=True)
    return output / "logs"


def open_tab(page: Page, address: str) -> FrameLocator:
    """Opens the tab on the model, at the statistic that shows what is wrong."""
    shown = {"run": f"{MODEL}/health", **STATISTIC}
    wanted = "".join(f"&p.nnhealth.{key}={quote(value, '')}" for key, value in shown.items())
    page.goto(f"{address}/#nnhealth{wanted}")
    tab = page.frame_locator("iframe[src*=nnhealth]")
    tab.locator(f'body[data-shown^="{MODEL}/health "]').wait_for()
    return tab


def take(page: Page, tab: FrameLocator, path: Path, dark: bool) -> None:
    """Takes one picture in TensorBoard's light or dark theme."""
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.locator(f":root[data-theme={'dark' if dark else 'light'}]").wait_for()
    page.wait_for_timeout(1000)  # Transitions end, and everything is drawn.
    page.screenshot(path=path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
