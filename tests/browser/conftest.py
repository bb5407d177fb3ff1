"""A real TensorBoard, and a page of headless Chromium that looks at its Health tab."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, sync_playwright

import tools.browser
from tests.browser.runs import LIVE, write_runs
from tests.loaders import skip_unless_there

VIOLATIONS = """document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sourceFile}) =>
    console.error(`violates ${violatedDirective}: ${blockedURI} (${sourceFile})`));"""
"""Has the console of every frame say what the content policy forbids, also where the browser is silent about it."""

NOT_OURS = ("/font-roboto/", "/favicon.ico")
"""What TensorBoard's own page, and the browser itself, ask for and TensorBoard does not serve."""


@dataclass(frozen=True)
class TensorBoard:
    address: str
    log_dir: Path


@dataclass
class Tab:
    """The Health tab: TensorBoard's page around it, the frame, and what its console said."""

    page: Page
    frame: FrameLocator
    errors: list[str]

    def wait_for(self, run: str, steps: int | None = None) -> None:
        shown = f"{run} {steps}" if steps is not None else f"{run} "
        quoted = re.sub(r'(["\\])', r"\\\1", shown)
        self.frame.locator(f'body[data-shown^="{quoted}"]').wait_for(timeout=20_000)


@pytest.fixture(scope="session", params=["fast", "slow"])
def tensorboard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """TensorBoard on a log directory of several runs, with each of its loaders, under a path prefix."""
    skip_unless_there(request.param)
    log_dir = tmp_path_factory.mktemp("logs")
    write_runs(log_dir)
    fast = "true" if request.param == "fast" else "false"
    with tools.browser.tensorboard(
        log_dir, "--reload_interval", "1", "--path_prefix", "/at/home", "--load_fast", fast
    ) as address:
        yield TensorBoard(address, log_dir)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if tools.browser.CHROMIUM is None:
        pytest.skip("needs Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=tools.browser.CHROMIUM, args=tools.browser.CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def open_tab(tensorboard: TensorBoard, browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens the tab on a run; when the test is over, its console must have been silent."""
    tabs: list[Tab] = []

    def open_tab(
        run: str | None = "sick/health", address: str = "", expect: str | None = None, **options: object
    ) -> Tab:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True, **options)
        page = context.new_page()
        tab = Tab(page, page.frame_locator("iframe[src*=nnhealth]"), [])
        page.add_init_script(VIOLATIONS)
        page.on("console", lambda message: _note(tab, message))
        page.on("pageerror", lambda error: tab.errors.append(str(error)))
        tabs.append(tab)
        chosen = f"&p.nnhealth.run={quote(run, safe='')}" if run else ""
        page.goto(f"{tensorboard.address}/#nnhealth{chosen}{address}")
        if expect is None and run:
            tab.wait_for(run)
        return tab

    yield open_tab
    errors = [error for tab in tabs for error in tab.errors]
    for tab in tabs:
        tab.page.context.close()
    assert errors == []


def _note(tab: Tab, message: ConsoleMessage) -> None:
    """Keeps each error, wherever it comes from: of a violated policy the browser may name no place."""
    where = message.location.get("url", "")
    if message.type == "error" and not any(part in where for part in NOT_OURS):
        tab.errors.append(f"{message.text} ({where})")


@pytest.fixture
def live_steps(tensorboard: TensorBoard) -> Iterator[Callable[[int], int]]:
    """Appends steps to the run that is still training; returns how many it has done."""
    yield lambda count: LIVE.append(tensorboard.log_dir, count)
