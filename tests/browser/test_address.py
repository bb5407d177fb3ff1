"""What is shown stands in the address: a link opens it again, and each choice can be gone back on."""

import pytest
from playwright.sync_api import expect

from tests.browser.runs import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]


def selected(tab, name: str):
    return expect(tab.frame.get_by_role("tab", name=name))


def test_back_and_forward_walk_through_what_was_shown(open_tab):
    tab = open_tab("sick/health")
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    tab.frame.get_by_role("tab", name="Training curves").click()
    selected(tab, "Training curves").to_have_attribute("aria-selected", "true")
    tab.frame.get_by_role("tab", name="Layers × steps").click()
    tab.frame.locator(".labels button").nth(2).click()
    expect(panel).to_be_visible()
    tab.frame.locator("#statistic").select_option("activations\ndead_unit_fraction")
    expect(tab.frame.locator(".labels button[aria-expanded]")).to_have_count(0)

    tab.page.go_back()
    expect(tab.frame.locator("#statistic")).to_have_value("variables\nupdate_ratio")
    expect(tab.frame.locator(".labels button[aria-expanded]")).to_have_count(12)
    expect(panel).to_be_visible()
    tab.page.go_back()
    expect(panel).to_be_hidden()
    tab.page.go_back()
    selected(tab, "Training curves").to_have_attribute("aria-selected", "true")
    tab.page.go_forward()
    selected(tab, "Layers × steps").to_have_attribute("aria-selected", "true")
    tab.page.go_forward()
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_2")


def test_back_returns_to_the_run_before(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.steps=20-60&p.nnhealth.view=curves")
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 20–60")
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    tab.wait_for("good/health", STEPS)
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 20–60")
    tab.frame.get_by_role("button", name="Show all steps").click()
    expect(tab.frame.locator(".zoomed")).to_be_hidden()
    selected(tab, "Training curves").to_have_attribute("aria-selected", "true")
    tab.page.go_back()
    tab.page.go_back()
    tab.wait_for("sick/health", STEPS)
    expect(tab.frame.get_by_label("Run", exact=True)).to_have_value("sick/health")
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 20–60")


def test_held_keys_are_one_step_back(open_tab):
    tab = open_tab("sick/health")
    before = tab.page.evaluate("history.length")
    last = tab.frame.get_by_role("slider", name="Last step shown")
    for _ in range(5):
        last.press("ArrowLeft")
    expect(last).to_have_attribute("aria-valuetext", f"step {STEPS - 6}")
    assert tab.page.evaluate("history.length") == before + 1
    tab.page.go_back()
    expect(tab.frame.locator(".zoomed")).to_be_hidden()


def test_keys_between_two_frames_all_count(open_tab):
    tab = open_tab("sick/health")
    last = tab.frame.get_by_role("slider", name="Last step shown")
    last.evaluate(
        """handle => {
            for (let i = 0; i < 5; i++) handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'}));
        }"""
    )
    expect(last).to_have_attribute("aria-valuetext", f"step {STEPS - 6}")
    expect(tab.frame.locator(".zoomed")).to_contain_text(f"steps 0–{STEPS - 6}")


def test_link_opens_run_view_layer_and_range(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.view=flow")
    tab.frame.locator(".flow-plot").focus()
    tab.frame.locator(".flow-plot").press("ArrowRight")
    tab.frame.locator(".flow-plot").press("Enter")
    tab.frame.get_by_role("slider", name="Last step shown").press("PageDown")
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 0–107")
    address = tab.page.evaluate("location.hash")
    again = open_tab("sick/health", address="&" + address.split("&", 2)[2])
    selected(again, "Gradient flow").to_have_attribute("aria-selected", "true")
    expect(again.frame.locator(".zoomed")).to_contain_text("steps 0–107")
    panel = again.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_0")


def test_form_of_the_histograms_is_part_of_the_link_and_gone_back_on(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.row=block%2Fdense_2%2Fkernel")
    histograms = tab.frame.get_by_role("region", name="Histograms")
    expect(histograms.locator(".ridges").first).to_be_visible()
    histograms.get_by_role("button", name="Over the steps").click()
    expect(histograms.locator(".ridges")).to_have_count(0)
    address = tab.page.evaluate("location.hash")
    again = open_tab("sick/health", address="&" + address.split("&", 2)[2])
    chosen = again.frame.get_by_role("region", name="Histograms").get_by_role("button", name="Over the steps")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    tab.page.go_back()
    expect(histograms.locator(".ridges").first).to_be_visible()
    tab.page.go_forward()
    expect(histograms.locator(".ridges")).to_have_count(0)


def test_another_tab_and_back_keeps_what_was_shown(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.view=curves")
    tab.page.evaluate("location.hash = 'timeseries'")
    tab.page.wait_for_timeout(700)
    tab.page.evaluate("location.hash = 'nnhealth'")
    selected(tab, "Training curves").to_have_attribute("aria-selected", "true")
    expect(tab.frame.get_by_label("Run", exact=True)).to_have_value("sick/health")


PROTOTYPE = "table=__proto__&p.nnhealth.statistic=constructor"
"""What every object of the page has, and no run."""


@pytest.mark.parametrize(
    "words",
    ["view=nothing", "steps=9-3", "flow=nothing", "statistic=nothing", "row=%3Cb%3E", "histograms=nothing", PROTOTYPE],
)
def test_words_that_mean_nothing_are_passed_over(open_tab, words):
    tab = open_tab("sick/health", address=f"&p.nnhealth.{words}")
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
