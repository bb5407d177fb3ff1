"""The page of a layer: its charts, histograms, findings and facts."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tb_nnhealth.reader import read_run
from tb_nnhealth.vocabulary import STATISTICS
from tests.browser.runs import BROKEN, STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

INKED = """(canvas, name) => {
    const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d");
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
    pen.fillRect(0, 0, 1, 1);
    const ink = pen.getImageData(0, 0, 1, 1).data;
    const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = [];
    for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) {
            const at = 4 * (y * width + x);
            if (data[at + 3] > 200 && [0, 1, 2].every(i => Math.abs(data[at + i] - ink[i]) < 30)) found.push([x, y]);
        }
    }
    return found;
}"""


def open_layer(open_tab, run: str, row: str, address: str = ""):
    tab = open_tab(f"{run}/health", address=f"&p.nnhealth.row={quote(row, '')}{address}")
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.locator("canvas").first).to_be_visible()
    return tab, panel


def chart(panel: Locator, title: str) -> Locator:
    """Returns the chart of exactly this name."""
    return panel.locator(".strip", has=panel.page.get_by_text(title, exact=True)).first


def inked(strip: Locator, line: int = 1) -> list[list[int]]:
    """Returns the pixels of a chart's canvas that have the colour of its line."""
    return strip.locator("canvas").evaluate(INKED, f"--line-{line}")


def test_what_was_not_measured_is_a_gap(open_tab):
    _, panel = open_layer(open_tab, "deep", "net/stage1_block0_conv/kernel")
    strip = chart(panel, "Gradient rms")
    plot = strip.locator(".u-over").bounding_box()
    left = plot["x"] - strip.locator("canvas").bounding_box()["x"]
    drawn = {x for x, _ in inked(strip)}
    step = plot["width"] / (STEPS - 1)
    assert not any(x in drawn for x in range(int(left + (BROKEN - 0.7) * step), int(left + (BROKEN + 0.7) * step)))
    for there in (BROKEN - 1.5, BROKEN + 1.5):
        assert int(left + there * step) in drawn


def test_zero_is_drawn_on_a_logarithmic_scale(open_tab):
    _, panel = open_layer(open_tab, "deep", "net/stage2_block3_conv/bias")
    strip = chart(panel, "Update ratio")
    expect(strip.locator(".line", has_text="bias").locator("b")).to_have_text("0")
    kernel, bias = inked(strip, 1), inked(strip, 2)
    assert len(bias) > 100
    assert min(y for _, y in bias) > max(y for _, y in kernel)


def test_run_of_one_step_has_its_point_in_the_middle(open_tab):
    _, panel = open_layer(open_tab, "single", "dense/kernel")
    strip = chart(panel, "Weight rms")
    plot = strip.locator(".u-over").bounding_box()
    left = plot["x"] - strip.locator("canvas").bounding_box()["x"]
    places = [x for x, _ in inked(strip)]
    assert places
    assert sum(places) / len(places) == pytest.approx(left + plot["width"] / 2, abs=4)


def test_axis_of_a_share_and_its_legend_count_alike(open_tab, tensorboard):
    tab, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    expect(chart(panel, "Units").locator(".line", has_text="dead").locator("b")).to_have_text("100 %")
    address = f"{tensorboard.address}/data/plugin/nnhealth/static/views/strip.js"
    body = """async address => {
        const {Strip} = await import(address);
        const strip = new Strip({listeners: new Set()});
        strip.shown = {unit: 'fraction', log: false};
        return strip.labels([0, 0.5, 1]);
    }"""
    (frame,) = (frame for frame in tab.page.frames if "plugin_entry" in frame.url)
    assert frame.evaluate(body, address) == ["0 %", "50 %", "100 %"]


def test_every_statistic_has_a_chart(open_tab, tensorboard):
    _, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    run = read_run(tensorboard.log_dir / "sick")
    parts = panel.locator("details.statistics:visible")
    titles = parts.locator("summary .title").all_inner_texts()
    assert titles == ["Values", "Gradients", "Updates", "Outputs", "Gradients into outputs"]
    assert panel.locator("details.statistics .strip").count() == 0
    for part in parts.all():
        part.locator("summary").click()
    shown = panel.locator("details.statistics .strip-title")
    meanings = [title.get_attribute("title") for title in shown.all()]
    measured = [name for table in (run.variables, run.activations) for name in table.columns if table.samples(name)]
    assert sorted(meanings) == sorted(STATISTICS[name].meaning for name in measured)
    lines = shown.first.locator("xpath=../..").locator(".line")
    assert [line.get_attribute("title") for line in lines.all()] == ["kernel", "bias"]


def test_opened_statistics_stay_open_for_the_next_layer(open_tab):
    tab, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    part = panel.locator("details.statistics", has_text="Updates")
    part.locator("summary").click()
    expect(part.locator(".strip").first).to_be_visible()
    tab.frame.locator(".labels button").nth(1).click()
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_1")
    expect(part.locator(".strip").first).to_be_visible()


def test_layer_tells_its_findings_and_leads_to_them(open_tab):
    tab, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    findings = panel.get_by_role("region", name="Findings about this layer")
    expect(findings.get_by_role("button", name="Most units of a layer never fire")).to_be_visible()
    part = tab.frame.locator("details[data-part=dead-units]")
    part.locator("> summary").click()
    assert part.get_attribute("open") is None
    findings.get_by_role("button", name="Most units of a layer never fire").click()
    expect(part).to_have_attribute("open", "")
    expect(part.locator("> summary")).to_be_focused()
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_3")


def test_layer_without_findings_says_so(open_tab):
    _, panel = open_layer(open_tab, "calm", "dense/kernel")
    expect(panel.get_by_text("No finding is about this layer.")).to_be_visible()


def test_layer_tells_its_facts(open_tab):
    _, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    facts = panel.locator("dl.facts")
    expect(facts).to_contain_text("Position4 of 12 in forward order")
    expect(facts).to_contain_text("Computes infloat32")
    expect(facts).to_contain_text("Regularizedno")
    expect(panel.locator(".layer-head")).to_contain_text("Dense · relu · 4 units · 20 parameters · trainable")
    rows = [row.locator("th, td").all_inner_texts() for row in panel.locator(".variables tr").all()]
    assert rows == [
        ["Variable", "Shape", "Elements", "Type", "Initializer", "Fan in, out", "At the start", "Trainable"],
        ["kernel", "(4, 4)", "16", "float32", "GlorotUniform", "4, 4", "std 0.5", "yes"],
        ["bias", "(4)", "4", "float32", "Zeros", "–", "–", "yes"],
    ]
