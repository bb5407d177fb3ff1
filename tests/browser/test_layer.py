"""The page of a layer: its charts, histograms, findings and facts."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tb_nnhealth.reader import read_run
from tb_nnhealth.vocabulary import HISTOGRAM_BINS, STATISTICS
from tests.browser.runs import BROKEN, STEPS
from tests.browser.test_heatmap import imported

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


def ridges(panel: Locator, title: str) -> Locator:
    return panel.locator(".ridges", has=panel.page.get_by_text(title, exact=True))


def test_histograms_are_stacked_over_time(open_tab):
    _, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    titles = panel.locator(".ridges .strip-title")
    expect(titles).to_have_text(["kernel values", "kernel gradient", "kernel update", "output"])
    histograms = panel.get_by_role("region", name="Histograms")
    expect(histograms).to_contain_text(f"12 histograms, steps 0–110 of {STEPS}.")
    expect(histograms).to_contain_text("logarithmic to both sides of zero")
    assert len(inked(ridges(panel, "kernel values"))) > 500


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("25-55", "3 histograms, steps 30–50 of"),
        ("28-32", "1 histogram, step 30 of"),
        ("31-38", "No histogram was taken in"),
    ],
)
def test_only_histograms_of_the_range_are_counted(steps, told, open_tab):
    tab = open_tab("sick/health", address=f"&p.nnhealth.row=block%2Fdense_3%2Fkernel&p.nnhealth.steps={steps}")
    expect(tab.frame.get_by_role("region", name="Histograms").locator("> p")).to_contain_text(told)


def test_nothing_is_told_of_histograms_outside_of_the_range(open_tab):
    address = "&p.nnhealth.row=block%2Fdense_3%2Fkernel&p.nnhealth.histograms=steps&p.nnhealth.steps="
    panel = open_tab("sick/health", f"{address}25-55").frame.get_by_role("region", name="Charts of the chosen row")
    expect(chart(panel, "kernel values").locator(".line").first).to_have_text("histogram of step50")
    panel = open_tab("sick/health", f"{address}31-38").frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.get_by_text("No histogram was taken in these steps.")).to_be_visible()
    expect(chart(panel, "kernel values")).to_have_count(0)


@pytest.mark.parametrize(("module", "part"), [("ridges", "Ridges"), ("distribution", "Distribution")])
def test_histograms_are_laid_out_once_while_they_stay(module, part, open_tab, tensorboard):
    body = f"""rows => {{
        const axis = {{first: 0, last: 1, listeners: new Set(), point() {{}}, toPixel: (step, width) => step * width}};
        const shares = new Float32Array(2 * rows).fill(1);
        const frame = () => ({{rows, columns: 2, first: [0, 1], last: [0, 1], planes: [shares]}});
        const one = new m.{part}(axis);
        document.body.append(one.node);
        const laid = (shown) => (one.update(shown, false), [one.bins, one.shape]);
        const spread = {{title: 'values', frame: frame()}};
        const [first, again, other] = [laid(spread), laid({{...spread}}), laid({{...spread, frame: frame()}})];
        one.node.remove();
        return [first[0] && first.every((made, index) => made === again[index]), other[0] === first[0]];
    }}"""
    assert imported(tensorboard, open_tab(), f"views/{module}.js", body, HISTOGRAM_BINS) == [True, False]


def test_pointer_on_a_histogram_tells_step_bin_and_share(open_tab):
    _, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    part = ridges(panel, "kernel gradient")
    expect(part.locator(".said")).to_contain_text(re.compile(r"^step 110: 90 % in −[\d,]+ to [\d,]+, median "))
    canvas = part.locator("canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 20, "y": 60})
    expect(part.locator(".said")).to_contain_text(re.compile(r"^step [01]0?: [\d.]+ % are −[\d.e,]+ to −[\d.e,]+$"))
    expect(ridges(panel, "kernel values").locator(".said b")).to_have_text(part.locator(".said b").inner_text())


def test_histograms_over_the_steps_tell_where_they_end(open_tab):
    _, panel = open_layer(open_tab, "sick", "block/dense_3/kernel")
    panel.get_by_role("button", name="Over the steps").click()
    expect(panel.locator(".ridges")).to_have_count(0)
    strip = chart(panel, "kernel values")
    expect(strip.locator(".line").first).to_have_text("histogram of step110")
    expect(strip.locator(".shades")).to_contain_text(re.compile(r"^0 %[\d.]+ %$"))
    plot = strip.locator(".spread")
    plot.hover(position={"x": 60, "y": 20})
    expect(strip.locator(".line").first).to_have_text("histogram of step0")
    expect(strip.locator(".line").last.locator("b")).to_contain_text("%")


def test_missing_histograms_are_told(open_tab):
    _, panel = open_layer(open_tab, "calm", "dense/kernel")
    expect(panel.get_by_role("region", name="Histograms")).to_contain_text("No histogram of this layer was taken")


FRAME = {"rows": HISTOGRAM_BINS, "columns": 2}


def shares(**bins: float) -> list[float]:
    """Returns the frame's only plane: of each bin its share in the first column and in the second."""
    plane = [0.0] * (2 * HISTOGRAM_BINS)
    for name, share in bins.items():
        sign, exponent, column = name.split("_")
        distance = {"zero": 0, "minus": -1, "plus": 1}[sign] * (int(exponent) + 33)
        plane[2 * (HISTOGRAM_BINS // 2 + distance) + int(column)] = share
    return plane


@pytest.mark.parametrize(
    ("plane", "bounds", "centre"),
    [
        (shares(zero_0_0=1, zero_0_1=1), [[0, 0]], 0),
        (shares(plus_1_0=1, plus_2_1=1), [[2, 4], [4, 8]], -1),
        (shares(minus_0_0=0.5, plus_0_0=0.5, plus_0_1=1), [[-2, -1], [0, 0], [1, 2]], 1),
    ],
    ids=["zeros", "positive", "both sides"],
)  # fmt: skip
def test_bins_are_those_that_hold_something(open_tab, tensorboard, plane, bounds, centre):
    body = "(frame, plane) => m.binsOf({...frame, planes: [Float32Array.from(plane)]})"
    bins = imported(tensorboard, open_tab(), "views/bins.js", body, FRAME, plane)
    assert (bins["bounds"], bins["centre"]) == (bounds, centre)


def test_what_is_next_to_nothing_stands_around_zero(open_tab, tensorboard):
    plane = shares(minus_0_0=0.5, plus_0_0=0.498, plus_9_1=1)
    plane[2 * (HISTOGRAM_BINS // 2 + 3)] = 0.002  # 2**-30
    body = """(frame, plane) => {
        const bins = m.binsOf({...frame, planes: [Float32Array.from(plane)]});
        return [bins.bounds[bins.centre], m.binText(bins, bins.centre), bins.shares[bins.centre * 2],
                m.ticksOf(bins, 1).map(({at, label}) => [at, label]), m.summary(bins, 0)];
    }"""
    middle, text, share, ticks, told = imported(tensorboard, open_tab(), "views/bins.js", body, FRAME, plane)
    assert (middle, text, share) == ([-1, 1], "within ±1", pytest.approx(0.002))
    assert [1.5, "0"] in ticks
    assert told == [["95 % below", "2"], ["median", "about −2"], ["95 % above", "−2"]]


def test_units_are_counted_as_people_do(open_tab, tensorboard):
    layer = "{path: 'out', class: 'Dense', units, parameters: 5}"
    body = f"given => given.map(units => m.head('out', {layer}, null)[0].lastChild.textContent)"
    told = imported(tensorboard, open_tab(), "views/about.js", body, [1, 4, None])
    assert told == [f"Dense · {units}5 parameters · frozen" for units in ("1 unit · ", "4 units · ", "")]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([2.3004, 2.3021], ["2.3", "2.302"]),
        ([2.3, 2.3], ["2.3", "2.3"]),
        ([1, 2, None], ["1", "2", "–"]),
        ([1.23e-7, 1.24e-7, -1.2e9], ["1.23e-7", "1.24e-7", "−1.2e9"]),
        ([1234.4, 1234.3], ["1,234.4", "1,234.3"]),
        ([0.99996, 0.99998], ["0.99996", "0.99998"]),
    ],
)
def test_lines_that_differ_are_told_apart(values, told, open_tab, tensorboard):
    assert imported(tensorboard, open_tab(), "format.js", "all => m.quantities(all)", values) == told
