"""The examples of a run's galleries."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import needs_axe, violations
from tests.synthetic import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

EXAMPLES = "&p.nnhealth.view=examples"


def test_it_is_asked_for_when_it_is_shown_and_there_is_one(open_tab):
    tab = open_tab("calm/health")
    tabs = tab.frame.get_by_role("tab")
    expect(tabs).to_have_text(["Layers × steps", "Gradient flow", "Training curves"])
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url.split("nnhealth/")[-1]))
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    tab.wait_for("good/health")
    expect(tabs.last).to_have_text("Examples")
    assert not [url for url in asked if url.startswith("gallery")]
    tabs.last.click()
    expect(tab.frame.get_by_role("listitem", name="Example 1")).to_be_visible()
    assert [url for url in asked if url.startswith("gallery")] == ["gallery?run=good%2Fhealth"]


def test_pictures_are_crisp_and_wrong_predictions_say_so(open_tab):
    tab = open_tab("good/health", address=f"{EXAMPLES}&p.nnhealth.step=15")
    cards = tab.frame.locator(".example")
    expect(cards).to_have_count(3)
    picture = cards.first.get_by_role("img", name="digit of example 1")
    assert picture.get_attribute("src") == f"data:image/png;base64,{PIXELS}"
    box = picture.bounding_box()
    assert (box["width"], box["height"]) == (100, 125)
    assert picture.evaluate("img => getComputedStyle(img).imageRendering") == "pixelated"
    assert picture.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [4, 5]
    view = tab.frame.locator(".examples")
    expect(view.get_by_text("after epoch 1, step 9")).to_be_visible()
    expect(view.get_by_role("status")).to_have_text("0 of 3 predictions are right")
    expect(cards.nth(1)).to_contain_text("wrong: horse (2)75 %")
    expect(cards.nth(1)).to_contain_text("targetdog (1)")
    expect(view).to_contain_text("drawn from black at 0 to white at 255")
    expect(view).to_contain_text("digit is drawn at 5 × 4 pixels of 50 × 40.")


def test_keys_walk_through_the_galleries_and_a_link_keeps_the_place(open_tab):
    tab = open_tab("good/health", address=EXAMPLES)
    slider = tab.frame.get_by_role("slider", name="When the gallery was taken")
    expect(slider).to_have_attribute("aria-valuetext", "after epoch 12, step 119")
    status = tab.frame.locator(".examples").get_by_role("status")
    expect(status).to_have_text("3 of 3 predictions are right")
    slider.press("Home")
    expect(status).to_have_text("0 of 3 predictions are right")
    slider.press("ArrowRight")
    expect(status).to_have_text("1 of 3 predictions are right")
    expect(slider).to_be_focused()
    expect(slider).to_have_attribute("aria-valuetext", "after epoch 2, step 19")
    assert "p.nnhealth.step=19" in tab.page.url
    slider.press("End")
    expect(status).to_have_text("3 of 3 predictions are right")
    assert "p.nnhealth.step" not in tab.page.url


def test_a_link_to_a_run_without_a_gallery_says_how_to_get_one(open_tab):
    tab = open_tab("calm/health", address=EXAMPLES)
    expect(tab.frame.get_by_text("No gallery was taken")).to_be_visible()
    expect(tab.frame.get_by_role("tab", selected=True)).to_have_text("Examples")


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_breaks_no_rule(open_tab, dark):
    tab = open_tab("good/health", address=f"{EXAMPLES}&p.nnhealth.step=15")
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    expect(tab.frame.locator(".example")).to_have_count(3)
    tab.page.wait_for_timeout(300)
    assert violations(tab) == []
