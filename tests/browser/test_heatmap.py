"""Layers × steps: groups of rows, colours, the filter, the steps' axis, and what stays after a refresh."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.runs import BLOCKS, BROKEN, DEEP_VARIABLES, DIP, SPIKE, STAGES, STEPS, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

RIGHT = 12
"""Pixels right of the last step."""

COLOURS = """(canvas, [x, y]) => {
    const ratio = devicePixelRatio, top = new DOMMatrix(getComputedStyle(canvas).transform).f;
    const pen = canvas.getContext('2d');
    return [...pen.getImageData(Math.floor(x * ratio), Math.floor((y - top) * ratio), 1, 1).data.slice(0, 3)];
}"""


def imported(tensorboard, tab, module: str, body: str, *given):
    """Runs code on what a module of the page exports, as `m`."""
    address = f"{tensorboard.address}/data/plugin/nnhealth/static/{module}"
    code = f"async ([address, given]) => {{ const m = await import(address); return ({body})(...given); }}"
    return tab.frame.locator("body").evaluate("(_, given) => (" + code + ")(given)", [address, list(given)])


class Map:
    """The heat map of a tab."""

    def __init__(self, tab):
        self.tab, self.frame = tab, tab.frame
        self.labels = tab.frame.locator(".labels button")
        self.plot = tab.frame.locator(".heatmap .plot")
        self.plot.scroll_into_view_if_needed()

    def label(self, path: str):
        return self.frame.locator(f".labels button[data-row='{path}'], .labels button[data-group='{path}']")

    def toggle(self, path: str) -> None:
        self.label(path).locator(".disclosure").click()

    def place(self, path: str, step: float) -> dict[str, float]:
        """Returns the middle of a cell within the plot."""
        box, row = self.plot.bounding_box(), self.label(path).bounding_box()
        return {"x": (box["width"] - RIGHT) * step / (STEPS - 1), "y": row["y"] - box["y"] + row["height"] / 2}

    def hover(self, path: str, step: float):
        self.plot.hover(position=self.place(path, step))
        return expect(self.frame.locator(".tip"))

    def colour(self, path: str, step: float, half: int = 0) -> tuple[int, int, int]:
        """Returns the colour of a cell's upper (-1) or lower (1) half."""
        at = self.place(path, step)
        return tuple(self.plot.locator("canvas").evaluate(COLOURS, [at["x"], at["y"] + 4 * half]))


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a/k", "a/b", "c/k"], ["a/ 2", " k 1", " b 1", "c/k 1"]),
        (["net/x/k", "net/x/b", "net/y/k"], ["x/ 2", " k 1", " b 1", "y/k 1"]),
        (["s1_a_conv/k", "s1_b_bn/k", "s2/k"], ["s1_ 2", " a_conv/k 1", " b_bn/k 1", "s2/k 1"]),
        (["conv2d/k", "conv2d_1/k", "conv2d_transpose/k"], ["conv2d/k 1", "conv2d_1/k 1", "conv2d_transpose/k 1"]),
        (["a", "b", "a/c"], ["a 1", "b 1", "a/c 1"]),
        (["/", "//a", ""], ["/ 2", " / 1", " /a 1", " 1"]),
    ],
)
def test_rows_make_a_tree(open_tab, tensorboard, names, lines):
    tree = imported(
        tensorboard,
        open_tab("calm/health"),
        "views/tree.js",
        "(names) => m.linesOf(m.treeOf(names, names.map((_, i) => i)), () => true)"
        ".map(({name, rows, depth}) => ' '.repeat(depth) + name + ' ' + rows.length)",
        names,
    )
    assert tree == lines


def test_legend_of_what_is_0_or_1_shows_both(open_tab, tensorboard):
    body = """() => {
        const scale = m.scaleFor('gradient_missing', '0 or 1', [Float32Array.from([0, 1])], {low: null, high: 0});
        const near = at => m.legendColour(scale, at, false);
        const ends = [0, 1].map(at => m.colour(scale, at, false));
        return [m.legendTicks(scale), near(0), near(0.25), near(0.75), ...ends];
    }"""
    ticks, start, left, right, zero, one = imported(tensorboard, open_tab("calm/health"), "scale.js", body)
    assert ticks == [{"at": 0.25, "label": "0"}, {"at": 0.75, "label": "1"}]
    assert start == left == zero
    assert right == one != zero


def test_what_is_just_beyond_a_limit_is_hardly_coloured(open_tab, tensorboard):
    body = """() => {
        const scale = m.scaleFor('update_ratio', 'ratio', [], {low: 1e-5, high: 1e-2, worst: 0.1});
        return [1e-3, 8e-2, 1, 1e-7].map(value => m.colour(scale, m.place(scale, value), false));
    }"""
    within, beyond, high, low = imported(tensorboard, open_tab("calm/health"), "scale.js", body)
    assert max(within) - min(within) < 20
    assert max(beyond) - min(beyond) < 60 < max(high) - min(high)
    assert high[0] > high[2] and low[2] > low[0]


def test_groups_are_closed_where_not_all_rows_can_be_seen(open_tab):
    heat = Map(open_tab("deep/health"))
    expect(heat.labels).to_have_count(STAGES)
    stage = heat.label("net/stage2_")
    expect(stage).to_have_attribute("aria-expanded", "false")
    expect(stage).to_have_attribute("data-number", str(2 * BLOCKS))
    assert heat.frame.locator(".labels").get_attribute("role") == "tree"


def test_group_opens_by_its_arrow_and_by_the_space_key(open_tab):
    heat = Map(open_tab("deep/health"))
    heat.toggle("net/stage0_")
    expect(heat.label("net/stage0_")).to_have_attribute("aria-expanded", "true")
    block = heat.label("net/stage0_block1_conv")
    expect(block).to_have_attribute("aria-level", "2")
    expect(block).to_have_attribute("aria-posinset", "2")
    expect(block).to_have_attribute("aria-setsize", str(BLOCKS))
    block.focus()
    block.press("Space")
    expect(block).to_have_attribute("aria-expanded", "true")
    expect(block).to_be_focused()
    expect(heat.label("net/stage0_block1_conv/bias")).to_be_visible()
    expect(heat.frame.get_by_role("region", name="Charts of the chosen row")).to_be_hidden()
    block.press("Space")
    expect(block).to_have_attribute("aria-expanded", "false")


def test_closed_layer_opens_its_charts(open_tab):
    heat = Map(open_tab("deep/health"))
    heat.toggle("net/stage0_")
    heat.label("net/stage0_block1_conv").click()
    panel = heat.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.get_by_role("heading", level=3)).to_have_text("net/stage0_block1_conv")
    expect(heat.label("net/stage0_block1_conv")).to_have_attribute("aria-selected", "true")


def test_closed_group_shows_both_extremes_of_what_it_holds(open_tab):
    heat = Map(open_tab("deep/health"))
    stage = "net/stage0_"
    neutral = heat.colour(stage, 10)
    assert max(neutral) - min(neutral) < 20, "the healthy band has no hue"
    red, _, blue = heat.colour(stage, SPIKE, -1)
    assert red > blue + 60
    assert heat.colour(stage, SPIKE, 1) == neutral
    red, _, blue = heat.colour(stage, DIP, 1)
    assert blue > red + 60
    assert heat.colour(stage, DIP, -1) == neutral
    tip = heat.hover(stage, SPIKE)
    tip.to_contain_text("0.001 to 0.5 update ratio")
    tip.to_contain_text("highest block1_conv/kernel")
    tip.to_contain_text(f"step {SPIKE}")


def test_nan_and_zero_have_marks_of_their_own(open_tab):
    heat = Map(open_tab("deep/health"))
    heat.hover("net/stage1_", BROKEN).to_contain_text("NaN or Inf in 3 elements")
    red, green, _ = heat.colour("net/stage1_", BROKEN)
    assert red > 200 and (green < 60 or green > 200)
    heat.hover("net/stage2_", 50).to_contain_text("0 to 0.001 update ratio")
    legend = heat.frame.get_by_role("group", name="Colours")
    for key in ("within the rules’ limits for one value", "exactly 0", "NaN or Inf", "not measured"):
        expect(legend).to_contain_text(key)
    for tick in ("≤ 1e-7", "1e-5", "0.01", "0.1", "≥ 1"):
        expect(legend.get_by_text(tick, exact=True)).to_be_visible()


def test_only_rows_in_view_are_on_the_page(open_tab):
    heat = Map(open_tab("deep/health"))
    heat.frame.get_by_role("button", name="Expand all").click()
    expect(heat.label("net/stage0_block0_conv/kernel")).to_be_visible()
    assert heat.labels.count() < 50
    first = heat.labels.first
    first.focus()
    first.press("Control+End")
    last = heat.label(DEEP_VARIABLES[-1])
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    assert heat.labels.count() < 50
    last.press("PageUp")
    last.press("ArrowUp")
    expect(heat.frame.locator(".labels button:focus")).to_be_in_viewport()
    heat.frame.get_by_role("button", name="Collapse all").click()
    expect(heat.labels).to_have_count(STAGES)


def tints(tab) -> list[tuple[int, ...]]:
    """The colours beside the rows, of the left half and the right one, from the first row to the last."""
    canvas = tab.frame.locator(".rail canvas")
    canvas.wait_for()
    size = canvas.evaluate("canvas => [canvas.width, canvas.height]")
    code = "(canvas, [x, h]) => [...canvas.getContext('2d').getImageData(x, 0, 1, h).data]"
    halves = [canvas.evaluate(code, [x, size[1]]) for x in (1, size[0] - 2)]
    return [tuple(tuple(half[4 * y : 4 * y + 3]) for half in halves) for y in range(size[1])]


def test_spike_out_of_sight_is_seen_beside_the_rows_and_leads_to_its_row(open_tab):
    tab = open_tab("wide/health")
    heat = Map(tab)
    spike = f"dense{WIDE - 2}/kernel"
    expect(heat.label("dense0/kernel")).to_be_visible()
    expect(heat.label(spike)).to_have_count(0)
    (usual, *_), found = tints(tab)[0], tints(tab)
    assert [y for y, halves in enumerate(found) if halves != (usual, usual)] == [len(found) - 1]
    assert found[-1][0] != usual and found[-1][1] == usual
    rail = tab.frame.locator(".rail")
    above = tab.frame.locator(".overview .u-over, .strip .u-over").first.bounding_box()
    assert heat.plot.bounding_box()["width"] - RIGHT == pytest.approx(above["width"], abs=1)
    rail.click(position={"x": 5, "y": rail.bounding_box()["height"] - 1})
    expect(heat.label(spike)).to_be_in_viewport()


def test_nan_out_of_sight_has_its_mark_beside_the_rows(open_tab):
    tab = open_tab("deep/health")
    heat = Map(tab)
    expect(tab.frame.locator(".rail")).to_be_hidden()
    tab.frame.get_by_role("button", name="Expand all").click()
    heat.labels.first.focus()
    heat.labels.first.press("Control+End")
    assert (214, 0, 75) in [left for left, right in tints(tab) if left == right]


def test_many_rows_come_in_fewer_columns(open_tab):
    tab = open_tab(None)
    with tab.page.expect_response(lambda response: "/matrix?" in response.url) as matrix:
        tab.page.goto(tab.page.url.partition("#")[0] + "#nnhealth&p.nnhealth.run=wide%2Fhealth")
    assert "columns=200" in matrix.value.url


def test_what_was_closed_stays_closed_when_samples_come(open_tab, live_steps):
    tab = open_tab("live/health")
    heat = Map(tab)
    heat.toggle("dense")
    expect(heat.label("dense")).to_have_attribute("aria-expanded", "false")
    heat.label("dense").focus()
    tab.wait_for("live/health", live_steps(5))
    expect(heat.label("dense")).to_have_attribute("aria-expanded", "false")
    expect(heat.label("output")).to_have_attribute("aria-expanded", "true")
    expect(heat.label("dense")).to_be_focused()


def test_finding_opens_the_groups_that_hide_its_row(open_tab):
    tab = open_tab("deep/health")
    part = tab.frame.locator("details[data-part=nonfinite-values]")
    expect(part).to_have_count(1)
    if part.get_attribute("open") is None:
        part.locator("> summary").click()
    part.get_by_role("button", name="Show in the timeline").first.click()
    expect(Map(tab).label("net/stage1_block0_conv/kernel")).to_be_in_viewport()


def test_filter_keeps_the_rows_that_match(open_tab):
    tab = open_tab("deep/health")
    heat = Map(tab)
    box = tab.frame.get_by_role("searchbox")
    before = tab.page.evaluate("history.length")
    box.press_sequentially("STAGE[01]_block3_.*kernel$", delay=10)
    expect(tab.frame.locator("#rows-said")).to_have_text(f"2 of {len(DEEP_VARIABLES)} rows")
    expect(heat.labels).to_have_count(2)
    assert tab.page.evaluate("history.length") == before + 1
    address = tab.page.evaluate("location.hash")
    again = open_tab("deep/health", address="&" + address.split("&", 2)[2])
    expect(again.frame.locator(".labels button")).to_have_count(2)
    expect(again.frame.get_by_role("searchbox")).to_have_value("STAGE[01]_block3_.*kernel$")
    box.fill("no such row")
    expect(tab.frame.locator("#rows-said")).to_have_text(f"0 of {len(DEEP_VARIABLES)} rows")
    expect(heat.plot).to_be_hidden()
    box.fill("(")
    expect(tab.frame.locator("#rows-said")).to_contain_text("Not a regular expression yet (")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(heat.labels).to_have_count(STAGES)


def test_logarithmic_steps_stand_in_the_address(open_tab):
    tab = open_tab("deep/health")
    heat = Map(tab)
    tab.frame.get_by_role("group", name="Steps").get_by_role("button", name="Log").click()
    heat.hover("net/stage0_", (STEPS - 1) / 2).to_contain_text(re.compile(r"steps? 10\b"))
    address = tab.page.evaluate("location.hash")
    assert "p.nnhealth.axis=log" in address
    again = Map(open_tab("deep/health", address="&" + address.split("&", 2)[2]))
    again.hover("net/stage0_", (STEPS - 1) / 2).to_contain_text(re.compile(r"steps? 10\b"))
    again.label("net/stage0_").focus()
    tab.page.go_back()
    heat.hover("net/stage0_", (STEPS - 1) / 2).to_contain_text(re.compile(r"step (59|60)\b"))


def shown(tab) -> tuple[int, int]:
    """Returns the steps that all views show, as the brush over the whole run says."""
    first, last = (tab.frame.get_by_role("slider", name=f"{end} step shown") for end in ("First", "Last"))
    return int(first.get_attribute("aria-valuenow")), int(last.get_attribute("aria-valuenow"))


def test_wheel_zooms_about_the_pointer_and_pans_the_one_range(open_tab):
    tab = open_tab("deep/health")
    heat = Map(tab)
    heat.hover("net/stage0_", 60)
    tab.page.keyboard.down("Control")
    for _ in range(6):
        tab.page.mouse.wheel(0, -100)
    tab.page.keyboard.up("Control")
    expect(tab.frame.locator(".zoomed")).to_be_visible()
    first, last = shown(tab)
    assert 20 < first < 60 < last < 100
    assert abs((60 - first) - (last - 60)) <= 3, "what is under the pointer stays there"
    tab.page.mouse.wheel(200, 0)
    expect(tab.frame.get_by_role("slider", name="First step shown")).not_to_have_attribute("aria-valuenow", str(first))
    moved = shown(tab)
    assert moved[0] > first and abs((moved[1] - moved[0]) - (last - first)) <= 1
    assert f"p.nnhealth.steps={moved[0]}-{moved[1]}" in tab.page.evaluate("location.hash")
    heat.plot.dblclick()
    expect(tab.frame.locator(".zoomed")).to_be_hidden()


def test_double_click_shows_all_steps_and_opens_nothing(open_tab):
    tab = open_tab("deep/health", "&p.nnhealth.steps=20-90")
    heat = Map(tab)
    heat.plot.dblclick(position=heat.place("net/stage0_", 30))
    expect(tab.frame.locator(".zoomed")).to_be_hidden()
    tab.page.wait_for_timeout(500)
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_hidden()
    assert "row=" not in tab.page.evaluate("location.hash")


def test_click_in_a_range_of_steps_opens_the_layer(open_tab):
    tab = open_tab("calm/health", "&p.nnhealth.steps=20-90")
    Map(tab).plot.click(position={"x": 200, "y": 8})
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_visible()


def test_colours_are_those_of_the_whole_run_whatever_is_shown(open_tab):
    colours = []
    for steps, at in (("", 42 / (STEPS - 1)), ("&p.nnhealth.steps=40-44", 0.5)):
        heat = Map(open_tab("calm/health", f"&p.nnhealth.statistic=value_mean{steps}"))
        expect(heat.frame.locator("#statistic")).to_have_value("variables\nvalue_mean")
        box = heat.plot.bounding_box()
        point = [(box["width"] - RIGHT) * at, box["height"] / 2]
        colours.append(heat.plot.locator("canvas").evaluate(COLOURS, point))
    assert colours[0] == colours[1]


def test_what_is_there_sample_by_sample_is_not_fetched_again(open_tab):
    tab = open_tab("deep/health")
    heat = Map(tab)
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    neutral = heat.colour("net/stage0_", 10)
    row = heat.labels.first
    row.focus()
    row.press("Home")
    row.press("+")
    row.press("Shift+ArrowRight")
    expect(tab.frame.get_by_role("slider", name="First step shown")).not_to_have_attribute("aria-valuenow", "0")
    first, last = shown(tab)
    heat.hover("net/stage0_", (SPIKE - first) / (last - first) * (STEPS - 1)).to_contain_text(
        "0.001 to 0.5 update ratio"
    )
    row.press("0")
    expect(tab.frame.locator(".zoomed")).to_be_hidden()
    assert heat.colour("net/stage0_", 10) == neutral
    tab.page.wait_for_timeout(300)
    assert not [url for url in requests if "/matrix?" in url]


def test_keys_zoom_and_pan(open_tab):
    tab = open_tab("deep/health")
    row = Map(tab).labels.first
    row.focus()
    row.press("Home")
    expect(tab.frame.locator(".tip")).to_contain_text("step 0")
    row.press("+")
    row.press("+")
    expect(tab.frame.get_by_role("slider", name="Last step shown")).to_have_attribute("aria-valuenow", "53")
    row.press("Shift+ArrowRight")
    expect(tab.frame.get_by_role("slider", name="First step shown")).to_have_attribute("aria-valuenow", "5")
    row.press("0")
    expect(tab.frame.locator(".zoomed")).to_be_hidden()


def test_dragging_the_axis_pans(open_tab):
    tab = open_tab("deep/health", address="&p.nnhealth.steps=20-60")
    axis = tab.frame.locator(".heatmap canvas.steps")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10, steps=5)
    tab.page.mouse.up()
    expect(tab.frame.get_by_role("slider", name="First step shown")).to_have_attribute(
        "aria-valuenow", re.compile("30|31")
    )
    first, last = shown(tab)
    assert last - first == 40


def test_arrow_keys_move_the_cell(open_tab):
    heat = Map(open_tab("deep/health"))
    row = heat.label("net/stage0_")
    row.focus()
    row.press("ArrowLeft")
    expect(heat.frame.locator(".tip")).to_contain_text(f"step {STEPS - 2}")
    expect(heat.frame.locator(".cell")).to_be_visible()
    row.press("ArrowDown")
    expect(heat.label("net/stage1_")).to_be_focused()
    expect(heat.frame.locator(".tip")).to_contain_text("net/stage1_")
    expect(heat.frame.locator(".tip")).to_contain_text(f"step {STEPS - 2}")


def test_last_of_two_thousand_rows_is_there_only_when_it_is_looked_at(open_tab):
    tab = open_tab("wide/health")
    heat = Map(tab)
    expect(heat.label("dense0/kernel")).to_be_visible()
    assert heat.labels.count() < 50
    heat.labels.first.focus()
    heat.labels.first.press("Control+End")
    last = heat.label(f"dense{WIDE - 1}/kernel")
    expect(last).to_be_in_viewport()
    expect(last).to_have_attribute("aria-setsize", str(WIDE))
    assert heat.labels.count() < 50
    plot = heat.plot.bounding_box()
    for row, step, value in ((WIDE - 1, 5, "0.001"), (WIDE - 2, 5, "0.5"), (WIDE - 2, 4, "0.001")):
        box = heat.label(f"dense{row}/kernel").bounding_box()
        tab.page.mouse.move(plot["x"] + (plot["width"] - RIGHT) * step / 9, box["y"] + box["height"] / 2)
        tip = expect(tab.frame.locator(".tip"))
        tip.to_contain_text(f"dense{row}/kernel")
        tip.to_contain_text(re.compile(rf"^{re.escape(value)} update ratio"))
        tip.to_contain_text(f"step {step}")


def test_a_ratio_to_a_variable_of_zeros_says_that_there_is_none(open_tab, tensorboard):
    body = """([statistic, bad]) => {
        const nothing = Float32Array.of(NaN);
        const summary = {frame: {first: [0], last: [0]}, of: () => ({low: nothing, high: nothing, bad: [bad]})};
        const item = {open: null, rows: [0], key: 'dense/bias'};
        return m.tipText({rows: ['dense/bias'], statistic, scale: {unit: ''}}, summary, item, 0)
            .map((part) => part.textContent ?? part).join(' ');
    }"""
    told = {
        given: imported(tensorboard, open_tab(), "views/tip.js", body, given)
        for given in (("update_ratio", 0), ("update_ratio", 3), ("gradient_rms", 0))
    }
    none = "There is no ratio to a variable that is all zeros."
    assert [none in text for text in told.values()] == [True, False, False]
