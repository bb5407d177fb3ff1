"""The gradient flow: a statistic from the first layer to the last."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.runs import GAP, STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

LAYERS = 12


def opened(open_tab, statistic: str = "gradient_rms"):
    """Returns the tab and its gradient flow, at a statistic."""
    tab = open_tab("sick/health", address=f"&p.nnhealth.view=flow&p.nnhealth.flow={statistic}")
    flow = tab.frame.get_by_role("tabpanel", name="Gradient flow")
    expect(flow.locator(".flow-plot canvas")).to_be_visible()
    return tab, flow


def said(flow):
    return flow.get_by_role("status").first


def test_tab_opens_the_flow(open_tab):
    tab = open_tab("sick/health")
    tab.frame.get_by_role("tab", name="Layers × steps").press("ArrowRight")
    expect(tab.frame.get_by_role("tab", name="Gradient flow")).to_have_attribute("aria-selected", "true")
    expect(tab.frame.get_by_role("tabpanel", name="Gradient flow").locator(".flow-plot canvas")).to_be_visible()
    expect(tab.frame.locator(".heatmap")).to_be_hidden()
    assert "p.nnhealth.view=flow" in tab.page.evaluate("location.hash")


def test_first_layer_is_held_against_the_last_one(open_tab):
    _, flow = opened(open_tab)
    pattern = rf"At step {STEPS - 1}, block/dense_0/kernel has [\d.e-]+ × what block/dense_{LAYERS - 1}/kernel has."
    expect(said(flow)).to_have_text(re.compile(pattern))


def test_scrubber_goes_through_the_steps(open_tab):
    tab, flow = opened(open_tab)
    slider = flow.get_by_role("slider", name="Step")
    expect(slider).to_have_attribute("aria-valuetext", f"step {STEPS - 1}")
    before = said(flow).inner_text()
    slider.fill("40")
    expect(slider).to_have_attribute("aria-valuetext", "step 40")
    expect(said(flow)).not_to_have_text(before)
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "step 41")
    tab.frame.get_by_role("tab", name="Layers × steps").click()
    tab.frame.get_by_role("tab", name="Gradient flow").click()
    expect(slider).to_have_attribute("aria-valuetext", "step 41")


def test_play_walks_on_and_stops_at_the_end(open_tab):
    _, flow = opened(open_tab)
    slider = flow.get_by_role("slider", name="Step")
    slider.fill(str(STEPS - 6))
    flow.get_by_role("button", name="Play the steps").click()
    expect(flow.get_by_role("button", name="Pause the steps")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", f"step {STEPS - 1}")
    expect(flow.get_by_role("button", name="Play the steps")).to_be_visible()
    flow.get_by_role("button", name="Play the steps").click()
    flow.get_by_role("button", name="Pause the steps").click()
    assert int(slider.input_value()) < STEPS - 1


def test_row_under_the_pointer_tells_its_spread_and_opens_its_layer(open_tab):
    tab, flow = opened(open_tab)
    over = flow.locator(".u-over")
    box = over.bounding_box()
    over.hover(position={"x": box["width"] * 3.5 / LAYERS, "y": 100})
    pattern = rf"block/dense_3/kernel [\d.e-]+ at step {STEPS - 1}; [\d.e-]+ to [\d.e-]+ in steps 0–{STEPS - 1}"
    expect(said(flow)).to_have_text(re.compile(pattern))
    over.click(position={"x": box["width"] * 3.5 / LAYERS, "y": 100})
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_3")


def test_arrow_keys_walk_the_layers(open_tab):
    tab, flow = opened(open_tab)
    plot = flow.locator(".flow-plot")
    plot.focus()
    for key, layer in (("ArrowRight", 0), ("ArrowRight", 1), ("End", LAYERS - 1), ("ArrowLeft", LAYERS - 2)):
        plot.press(key)
        expect(said(flow)).to_contain_text(f"block/dense_{layer}/kernel")
    plot.press("Enter")
    heading = tab.frame.get_by_role("region", name="Charts of the chosen row").get_by_role("heading").first
    expect(heading).to_have_text(f"block/dense_{LAYERS - 2}")


def test_biases_are_shown_on_request(open_tab):
    _, flow = opened(open_tab)
    flow.get_by_label("biases and scales too").check()
    flow.locator(".flow-plot").focus()
    flow.locator(".flow-plot").press("End")
    expect(said(flow)).to_contain_text(f"block/dense_{LAYERS - 1}/bias")
    expect(flow.get_by_label("biases and scales too")).to_be_checked()


def test_statistic_is_chosen_and_kept_in_the_link(open_tab):
    tab, flow = opened(open_tab)
    flow.get_by_role("button", name="Update ÷ weight").click()
    expect(flow.get_by_role("button", name="Update ÷ weight")).to_have_attribute("aria-pressed", "true")
    expect(flow.get_by_role("button", name="Update ÷ weight")).to_be_focused()
    assert "p.nnhealth.flow=update_ratio" in tab.page.evaluate("location.hash")
    flow.get_by_role("button", name="Output", exact=True).click()
    expect(said(flow)).to_contain_text("block/dense_0 has")


def test_usual_update_ratios_are_marked(open_tab):
    count = """canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let found = 0;
        for (let i = 0; i < data.length; i += 4) {
            const [red, green, blue, alpha] = data.subarray(i, i + 4);
            found += alpha > 20 && green > red + 15 && green > blue + 5;
        }
        return found;
    }"""
    _, flow = opened(open_tab, "update_ratio")
    assert flow.locator(".flow-plot canvas").evaluate(count) > 5000
    _, other = opened(open_tab, "gradient_rms")
    assert other.locator(".flow-plot canvas").evaluate(count) == 0


def test_window_bounds_the_steps(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.view=flow&p.nnhealth.steps=20-29")
    flow = tab.frame.get_by_role("tabpanel", name="Gradient flow")
    expect(flow.get_by_role("slider", name="Step")).to_have_attribute("aria-valuetext", "step 29")
    expect(flow.get_by_role("slider", name="Step")).to_have_attribute("max", "9")


def test_window_without_a_sample_says_which_one_it_shows(open_tab):
    tab = open_tab("sparse/health", address=f"&p.nnhealth.view=flow&p.nnhealth.steps={GAP + 2}-{GAP + 8}")
    flow = tab.frame.get_by_role("tabpanel", name="Gradient flow")
    expect(said(flow)).to_contain_text(f"At step {GAP}, the last sample before the steps shown")
