"""The page against the axe rules, in every view, in light and in dark."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("tensorboard", ["slow"], indirect=True),
]

AXE = Path(sys.prefix, "axe", "node_modules", "axe-core", "axe.min.js")

needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: tools/axe.sh installs it")

VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .map(({id, nodes}) => [id, ...nodes.map(({html}) => html.slice(0, 120))])"""


def violations(tab) -> list[list[str]]:
    """Returns the rules that the frame breaks, each with the elements that do."""
    (frame,) = (frame for frame in tab.page.frames if "plugin_entry" in frame.url)
    frame.evaluate("code => { (0, eval)(code); }", AXE.read_text(encoding="utf-8"))
    return frame.evaluate(VIOLATIONS)


@needs_axe
@pytest.mark.parametrize("view", ["heatmap", "flow", "curves"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_view_breaks_a_rule(open_tab, view, dark):
    row = "&p.nnhealth.row=block%2Fdense_2%2Fkernel"
    tab = open_tab("sick/health", address=f"&p.nnhealth.view={view}&p.nnhealth.steps=20-90{row}")
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_visible()
    tab.page.wait_for_timeout(300)
    assert violations(tab) == []


@needs_axe
@pytest.mark.parametrize("runs", [[], ["future/health"]], ids=["no runs", "unreadable"])
def test_no_message_breaks_a_rule(open_tab, runs):
    tab = open_tab(None)
    tab.page.route("**/nnhealth/runs", lambda route: route.fulfill(json={"runs": runs}))
    expect(tab.frame.locator(".notice")).to_be_visible()
    assert violations(tab) == []
    tab.errors.clear()


@needs_axe
def test_rules_page_breaks_no_rule(open_tab, tensorboard):
    tab = open_tab("sick/health")
    tab.page.goto(f"{tensorboard.address}/data/plugin/nnhealth/rule?name=dead-units")
    tab.page.evaluate("code => { (0, eval)(code); }", AXE.read_text(encoding="utf-8"))
    assert tab.page.evaluate(VIOLATIONS) == []


def test_frame_has_a_name(open_tab):
    tab = open_tab("sick/health")
    expect(tab.page.locator("iframe[src*=nnhealth]")).to_have_attribute("title", "Health")
