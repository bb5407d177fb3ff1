"""What the page says where a link leads nowhere yet, a run holds little, or it cannot be read."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import expect

import tools.browser
from tb_nnhealth.faces.verdict import notes
from tb_nnhealth.reader import read_run
from tests.browser.conftest import TensorBoard
from tests.browser.odd import HOSTILE, HOSTILE_RUNS, NESTED, STEPS, write_odd_runs, write_part
from tests.browser.runs import LONG, write_small_run
from tests.browser.test_accessibility import needs_axe, violations
from tests.browser.test_heatmap import imported
from tests.synthetic import write_synthetic_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """TensorBoard on runs that are out of the common."""
    log_dir = tmp_path_factory.mktemp("odd")
    write_odd_runs(log_dir)
    with tools.browser.tensorboard(log_dir, "--reload_interval", "1") as address:
        yield TensorBoard(address, log_dir)


def write_late(log_dir: Path, name: str) -> None:
    """Writes a run elsewhere and moves it in, whole."""
    write_small_run(log_dir.parent / name, 2)
    (log_dir.parent / name).rename(log_dir / name)


def test_link_to_a_run_that_is_not_there_says_so_and_waits_for_it(open_tab, tensorboard):
    tab = open_tab("late/health", "&p.nnhealth.view=curves&p.nnhealth.row=dense%2Fkernel", expect="missing")
    heading = tab.frame.get_by_role("heading", name="This run is not here")
    expect(heading).to_be_visible()
    expect(tab.frame.get_by_role("status").filter(has_text="late")).to_be_visible()
    expect(tab.frame.get_by_label("Run", exact=True).locator("option:checked")).to_have_text("late (not here)")
    expect(tab.frame.get_by_role("region", name="Verdict")).to_have_count(0)
    asked = tab.page.evaluate("location.hash")
    tab.page.wait_for_timeout(3500)
    assert tab.page.evaluate("location.hash") == asked
    assert "p.nnhealth.run=late%2Fhealth" in asked
    write_late(tensorboard.log_dir, "late")
    tab.wait_for("late/health", STEPS)
    expect(heading).to_have_count(0)
    expect(tab.frame.get_by_role("tab", name="Training curves")).to_have_attribute("aria-selected", "true")
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_visible()


@needs_axe
def test_another_run_can_be_chosen_where_one_is_missing(open_tab):
    tab = open_tab("nonsense/health", expect="missing")
    expect(tab.frame.get_by_role("heading", name="This run is not here")).to_be_visible()
    assert violations(tab) == []
    tab.frame.get_by_label("Run", exact=True).select_option("small/health")
    tab.wait_for("small/health", STEPS)
    expect(tab.frame.get_by_role("option", name="nonsense")).to_have_count(0)
    tab.page.go_back()
    expect(tab.frame.get_by_role("heading", name="This run is not here")).to_be_visible()


@needs_axe
def test_link_to_a_row_that_the_run_lacks_says_so_and_keeps_it(open_tab):
    tab = open_tab("small/health", "&p.nnhealth.row=no%2Fsuch%2Fkernel")
    said = tab.frame.get_by_role("status").filter(has_text="This run has no row no/such/kernel")
    expect(said).to_be_visible()
    assert violations(tab) == []
    assert "p.nnhealth.row=no%2Fsuch%2Fkernel" in tab.page.evaluate("location.hash")
    tab.frame.locator(".unknown").get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    assert "p.nnhealth.row" not in tab.page.evaluate("location.hash")


def test_another_run_keeps_layer_view_and_range_as_far_as_it_has_them(open_tab):
    shown = "&p.nnhealth.view=curves&p.nnhealth.row=dense%2Fkernel&p.nnhealth.steps=4-40"
    tab = open_tab("small/health", shown)
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    picker = tab.frame.get_by_label("Run", exact=True)
    picker.select_option("other/health")
    tab.wait_for("other/health", 24)
    expect(panel.get_by_role("heading").first).to_have_text("dense")
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 4–23")
    expect(tab.frame.get_by_role("tab", name="Training curves")).to_have_attribute("aria-selected", "true")
    picker.select_option("nested/health")
    tab.wait_for("nested/health", STEPS)
    expect(panel).to_be_hidden()
    expect(tab.frame.locator(".unknown")).to_have_count(0)
    expect(tab.frame.locator(".zoomed")).to_contain_text("steps 4–23")


@pytest.mark.parametrize("view", ["heatmap", "curves", "flow"])
def test_range_beyond_the_run_says_so_and_shows_all_steps(open_tab, view):
    tab = open_tab("small/health", f"&p.nnhealth.steps=500-900&p.nnhealth.view={view}&p.nnhealth.row=dense%2Fkernel")
    told = tab.frame.locator(".zoomed")
    expect(told).to_contain_text(f"There are no steps 500–900, the last is step {STEPS - 1}: all are shown.")
    last = tab.frame.get_by_role("slider", name="Last step shown")
    expect(last).to_have_attribute("aria-valuetext", f"step {STEPS - 1}")
    tab.frame.locator("summary", has_text="Download").click()
    expect(tab.frame.get_by_role("group", name="Data of the charts, all steps")).to_be_visible()
    assert "p.nnhealth.steps=500-900" in tab.page.evaluate("location.hash")
    tab.page.keyboard.press("Escape")
    told.get_by_role("button", name="Close").click()
    expect(told).to_be_hidden()
    assert "p.nnhealth.steps" not in tab.page.evaluate("location.hash")


def test_range_beyond_all_runs_side_by_side_says_so(open_tab):
    compared = quote(json.dumps(["small/health", "other/health"]))
    address = f"&p.nnhealth.page=compare&p.nnhealth.compare={compared}&p.nnhealth.steps=500-900"
    told = open_tab("small/health", address, expect="compare").frame.locator(".zoomed")
    expect(told).to_contain_text(f"There are no steps 500–900, the last is step {STEPS - 1}: all are shown.")


def test_range_is_cut_to_the_run_and_grows_with_it(open_tab, tensorboard):
    write_synthetic_run(tensorboard.log_dir / "growing", steps=20, finished=False)
    tab = open_tab("growing/health", "&p.nnhealth.steps=10-900")
    told = tab.frame.locator(".zoomed")
    expect(told).to_contain_text("steps 10–19")
    write_synthetic_run(tensorboard.log_dir / "growing", start_step=20, steps=10, finished=False)
    expect(told).to_contain_text("steps 10–29", timeout=20_000)


def test_run_that_cannot_be_read_is_not_asked_for_again_and_again(open_tab):
    tab = open_tab("future/health", expect="error")
    expect(tab.frame.get_by_role("alert")).to_contain_text("schema_version=99")
    tab.page.wait_for_timeout(4000)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url) if "/nnhealth/" in request.url else None)
    said = len(tab.errors)
    tab.page.wait_for_timeout(7000)
    assert said == len(tab.errors) == 3
    assert asked and all("/runs" in url or "/version" in url for url in asked)
    expect(tab.frame.get_by_role("alert")).to_be_visible()
    expect(tab.frame.get_by_role("button", name="Try again")).to_have_count(0)
    expect(tab.frame.get_by_text("looks again as soon as TensorBoard has read more of the run")).to_be_visible()
    tab.errors.clear()


def test_silent_tensorboard_is_asked_less_and_less_often(open_tab):
    tab = open_tab("small/health")
    tab.page.route("**/nnhealth/runs", lambda route: route.abort())
    expect(tab.frame.get_by_role("alert")).to_contain_text("TensorBoard does not answer")
    tab.page.wait_for_timeout(13_000)
    assert len(tab.errors) <= 4
    tab.page.unroute("**/nnhealth/runs")
    tab.frame.get_by_role("button", name="Try again").click()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    tab.errors.clear()


def aged(open_tab, tensorboard, *told):
    """Returns the ages of samples that are told one after the other, as (run, stamp, now)."""
    body = """(told) => {
        const freshness = new m.Freshness();
        return told.map((one) => freshness.age(...one)).map(({seconds, note}) => [seconds, note]);
    }"""
    return imported(tensorboard, open_tab("small/health"), "freshness.js", body, list(told))


def test_age_of_the_last_sample_allows_for_other_clocks(open_tab, tensorboard):
    same = aged(open_tab, tensorboard, ("a", 1000, 1007), ("a", 1000, 1020), ("a", 1021, 1024), ("b", None, 1030))
    assert [seconds for seconds, _ in same] == [7, 20, 3, None]
    assert not any("ahead" in note or "behind" in note for _, note in same)
    ahead = aged(open_tab, tensorboard, ("a", 1600, 1000), ("a", 1700, 1100), ("a", 1700, 1130))
    assert [seconds for seconds, _ in ahead] == [0, 0, 30]
    assert all("ahead of this one" in note for _, note in ahead)
    behind = aged(open_tab, tensorboard, ("a", 100, 1000), ("a", 200, 1100), ("a", 200, 1110))
    assert [seconds for seconds, _ in behind] == [900, 0, 10]
    assert "15 min later" in behind[2][1]


def test_bar_says_when_the_last_sample_came(open_tab, tensorboard):
    write_part(tensorboard.log_dir / "training", steps=5, finished=False)
    tab = open_tab("training/health")
    progress = tab.frame.locator(".progress")
    expect(progress).to_have_text(re.compile(r"^training · 5 steps · last sample (now|\d+ s ago)$"))
    expect(progress).to_have_attribute("title", re.compile("by the clock of the machine that trains"))
    before = progress.inner_text()
    tab.page.wait_for_timeout(6000)
    assert progress.inner_text() != before
    expect(progress).to_have_text(re.compile(r"^no news for \d+ s · 5 steps"), timeout=30_000)
    expect(progress).to_have_attribute("title", re.compile("interrupted, it pauses, or its log is damaged"))


def test_heat_map_of_a_run_without_layers_says_why(open_tab):
    tab = open_tab("bare/health")
    panel = tab.frame.get_by_role("tabpanel", name="Layers × steps")
    expect(panel.get_by_text("Neither variables, layer outputs nor batches were measured")).to_be_visible()
    expect(panel.locator(".heatmap")).to_be_hidden()
    tab.frame.get_by_role("tab", name="Gradient flow").click()
    expect(tab.frame.get_by_text("Nothing that could be followed through the layers was measured")).to_be_visible()


def test_filter_without_a_match_says_so_and_can_be_cleared(open_tab):
    tab = open_tab("small/health", "&p.nnhealth.rows=nothing")
    expect(tab.frame.get_by_text("No row matches the filter.")).to_be_visible()
    tab.frame.get_by_role("button", name="Show all rows").click()
    expect(tab.frame.locator(".heatmap")).to_be_visible()
    expect(tab.frame.get_by_text("No row matches the filter.")).to_be_hidden()
    expect(tab.frame.get_by_role("searchbox")).to_have_value("")


def test_steps_after_the_last_sample_are_marked_as_not_measured(open_tab, tensorboard):
    write_part(tensorboard.log_dir / "ended", steps=20, after=20)
    canvas = open_tab("ended/health").frame.locator(".heatmap canvas").first
    inked = """canvas => {
        const {data, width} = canvas.getContext('2d').getImageData(0, 4, canvas.width, 12);
        return data.some((value, index) => index % 4 === 3 && value > 0 && (index / 4) % width > 0.97 * width);
    }"""
    assert canvas.evaluate(inked)


PAINTED = """canvas => {
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const style = getComputedStyle(document.documentElement).getPropertyValue('--line-1');
    const [r, g, b] = style.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
        const apart = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b);
        found += apart < 30 && data[i + 3] > 200;
    }
    return found;
}"""


def test_one_sample_is_drawn_as_a_point_over_whole_steps(open_tab, tensorboard):
    tab = open_tab("once/health")
    expect(tab.frame.locator(".overview canvas").first).to_be_visible()
    assert tab.frame.locator(".overview .u-wrap canvas").evaluate(PAINTED) > 4
    steps = imported(
        tensorboard,
        tab,
        "views/axis.js",
        "() => { const axis = new m.StepAxis(); axis.set(null, 0); return axis.ticks(600, 5); }",
    )
    assert steps == [0]
    heat = tab.frame.locator(".heatmap .plot canvas")
    colour = "(canvas, at) => [...canvas.getContext('2d').getImageData(canvas.width * at, 4, 1, 1).data]"
    first, last = heat.evaluate(colour, 0.2), heat.evaluate(colour, 0.9)
    assert first == last and first[3] == 255


def test_page_of_a_healthy_run_is_calm(open_tab):
    tab = open_tab("small/health")
    for part in ("pass", "no_data"):
        assert tab.frame.locator(f"details[data-part={part}]").get_attribute("open") is None
    tab.frame.get_by_role("group", name="Categories").get_by_role("button", name="numerics").click()
    expect(tab.frame.locator("details[data-part=pass]")).to_have_attribute("open", "")


def test_choice_of_the_steps_axis_stands_with_the_views_that_it_changes(open_tab):
    tab = open_tab("small/health")
    boxes = [tab.frame.locator(name).bounding_box() for name in (".overview", ".views .choices", ".view")]
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]


def test_labels_of_the_flow_keep_what_tells_layers_apart(open_tab, tensorboard):
    tab = open_tab("nested/health", "&p.nnhealth.view=flow")
    expect(tab.frame.locator(".flow-plot canvas")).to_be_visible()

    def labels(*names):
        return imported(tensorboard, tab, "views/labels.js", "(names) => m.labelsOf(names)", list(names))

    assert labels(*NESTED)[0] == "encoder/dense_0" and labels(*NESTED)[-1] == "decoder/dense_3"
    assert labels("net/a/kernel", "net/b/kernel", "net/b/bias") == ["a", "b", "b/bias"]
    assert labels("dense/kernel") == ["dense"]
    assert labels("kernel") == ["kernel"] and labels() == []
    deep = [f"net/stage{i}_of_the_encoder_block{j}_convolution/kernel" for i in range(3) for j in range(3)]
    assert len(set(labels(*deep))) == len(deep)
    assert labels(*deep)[0].startswith("stage0_") and max(map(len, labels(*deep))) < 49
    assert labels("<script>1</script>/kernel", "b/kernel")[0] == "<script>1</script>"


def test_tip_of_a_very_long_name_is_small(open_tab):
    tab = open_tab("hostile/health")
    plot = tab.frame.locator(".heatmap .plot")
    plot.scroll_into_view_if_needed()
    box = tab.frame.locator(f".labels button[title='{LONG}/kernel']").bounding_box()
    plot.hover(position={"x": 50, "y": box["y"] - plot.bounding_box()["y"] + box["height"] / 2})
    tip = tab.frame.locator(".tip")
    expect(tip).to_contain_text("longlong")
    expect(tip).to_contain_text("/kernel")
    assert tip.bounding_box()["height"] < 200


def test_picture_shows_that_a_group_is_one_and_of_how_many_rows(open_tab):
    tab = open_tab("small/health")
    timeline, label = (tab.frame.locator(name) for name in (".timeline", ".labels [data-number]"))
    box, group = timeline.bounding_box(), label.first.bounding_box()
    tab.frame.locator(".menu > summary").click()
    with tab.page.expect_download() as download:
        tab.frame.get_by_role("button", name="Picture of the timeline").click()
    image = Image.open(download.value.path()).convert("L")
    top = image.height - 2 * (box["y"] + box["height"] - group["y"])
    left = 2 * (group["x"] - box["x"])

    def ink(first: float, last: float) -> int:
        """Returns how many pixels of the label are dark, from one place to another."""
        part = image.crop((left + 2 * first, top + 4, left + 2 * last, top + 2 * group["height"] - 4))
        return sum(count for level, count in enumerate(part.histogram()) if level < 160)

    assert ink(0, 17) > 10, "the arrow"
    assert ink(group["width"] - 22, group["width"] - 4) > 10, "the number"


class Choice(NamedTuple):
    """What a reader does, the words of the address that tell it, and what is seen then and before."""

    do: Callable[[Any], object]
    words: str
    seen: Callable[[Any], bool]


CHOICES = [
    Choice(
        lambda frame: frame.get_by_role("group", name="Categories").get_by_role("button", name="weights").click(),
        "category=weights",
        lambda frame: frame.get_by_role("heading", name="Findings: weights").count() == 1,
    ),
    Choice(
        lambda frame: frame.get_by_role("button", name="Collapse all").click(),
        "groups=%5B%22-%22%5D",
        lambda frame: frame.locator(".labels [aria-expanded=true]").count() == 0,
    ),
    Choice(
        lambda frame: frame.locator(".labels [data-group=dense] .disclosure").click(),
        "groups=%5B%22-%22%2C%22%2Bdense%2F%22%5D",
        lambda frame: frame.locator(".labels [aria-expanded=true]").count() == 1,
    ),
    Choice(
        lambda frame: frame.get_by_role("group", name="Steps").get_by_role("button", name="Log").click(),
        "axis=log",
        lambda frame: (
            frame.get_by_role("group", name="Steps").get_by_role("button", name="Log").get_attribute("aria-pressed")
            == "true"
        ),
    ),
    Choice(
        lambda frame: frame.get_by_role("tab", name="Gradient flow").click(),
        "view=flow",
        lambda frame: frame.locator(".flow-plot canvas").is_visible(),
    ),
    Choice(
        lambda frame: frame.get_by_label("biases and scales too").check(),
        "all=yes",
        lambda frame: frame.get_by_label("biases and scales too").is_checked(),
    ),
    Choice(
        lambda frame: frame.get_by_role("slider", name="Step", exact=True).fill("7"),
        "step=7",
        lambda frame: frame.get_by_role("slider", name="Step", exact=True).input_value() == "7",
    ),
    Choice(
        lambda frame: frame.get_by_role("tab", name="Training curves").click(),
        "view=curves",
        lambda frame: frame.get_by_role("tabpanel", name="Training curves").is_visible(),
    ),
    Choice(
        lambda frame: frame.get_by_label("losses on a logarithmic scale").check(),
        "loss=log",
        lambda frame: frame.get_by_label("losses on a logarithmic scale").is_checked(),
    ),
]


def wait_until(tab, holds: Callable[..., bool], *given: object) -> None:
    for _ in range(100):
        if holds(*given):
            return
        tab.page.wait_for_timeout(50)
    raise AssertionError(given)


def test_each_choice_stands_in_the_address_and_can_be_gone_back_on(open_tab):
    tab = open_tab("small/health")
    frame = tab.frame

    def is_told(words: str, wanted: bool) -> bool:
        return (f"p.nnhealth.{words}" in tab.page.evaluate("location.hash")) == wanted

    def are_seen(given, *choices: int) -> bool:
        return all(CHOICES[index].seen(given) for index in choices)

    expect(frame.locator(".labels [aria-expanded=true]")).to_have_count(2)
    for choice in CHOICES:
        choice.do(frame)
        wait_until(tab, choice.seen, frame)
        wait_until(tab, is_told, choice.words, True)
    link = tab.page.evaluate("location.hash").split("&", 2)[2]
    for choice in reversed(CHOICES):
        wait_until(tab, choice.seen, frame)
        tab.page.go_back()
        wait_until(tab, is_told, choice.words, False)
    expect(frame.get_by_role("heading", name="Findings", exact=True)).to_be_visible()
    expect(frame.locator(".labels [aria-expanded=true]")).to_have_count(2)
    for choice in CHOICES:
        tab.page.go_forward()
        wait_until(tab, choice.seen, frame)
    again = open_tab("small/health", f"&{link}").frame
    wait_until(tab, are_seen, again, 7, 8)
    again.get_by_role("tab", name="Gradient flow").click()
    wait_until(tab, are_seen, again, 5, 6)
    again.get_by_role("tab", name="Layers × steps").click()
    wait_until(tab, are_seen, again, 0, 2, 3)


def test_words_of_a_link_that_mean_nothing_are_passed_over(open_tab):
    words = {"category": "<b>", "step": "x", "groups": "{", "loss": "1"}
    tab = open_tab("small/health", "".join(f"&p.nnhealth.{key}={quote(word)}" for key, word in words.items()))
    expect(tab.frame.get_by_role("heading", name="Findings", exact=True)).to_be_visible()
    expect(tab.frame.locator(".labels [aria-expanded=true]")).to_have_count(2)


def test_play_is_a_few_stills_where_motion_is_to_be_reduced(open_tab):
    def positions(**options: object) -> list[int]:
        tab = open_tab("small/health", "&p.nnhealth.view=flow&p.nnhealth.step=0", **options)
        slider = tab.frame.get_by_role("slider", name="Step", exact=True)
        tab.frame.get_by_role("button", name="Play the steps").click()
        seen = []
        for _ in range(22):
            tab.page.wait_for_timeout(100)
            seen.append(int(slider.input_value()))
        return list(dict.fromkeys(seen))

    assert len(positions()) > 6
    calm = positions(reduced_motion="reduce")
    assert 2 <= len(calm) <= 4 and calm[1] - calm[0] == 5


SHIFTS = """window.__shifts = [];
new PerformanceObserver((list) => window.__shifts.push(...list.getEntries().map(({value}) => value)))
    .observe({type: 'layout-shift', buffered: true});"""
MOST_SHIFT = 0.02


@pytest.mark.parametrize("width", [1024, 1400])
@pytest.mark.parametrize("view", ["heatmap", "flow", "curves"])
def test_nothing_moves_while_a_run_loads(open_tab, width, view):
    tab = open_tab("calm/health")
    tab.page.add_init_script(SHIFTS)
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.page.goto(f"{tab.page.url.partition('#')[0]}#nnhealth&p.nnhealth.run=small%2Fhealth&p.nnhealth.view={view}")
    tab.page.reload()
    tab.wait_for("small/health", STEPS)
    tab.page.wait_for_timeout(500)
    total = "() => window.__shifts.reduce((sum, value) => sum + value, 0)"
    assert tab.frame.locator("body").evaluate(total) <= MOST_SHIFT


def test_thinned_run_says_so(open_tab, tensorboard):
    tab = open_tab("thinned/health")
    assert tab.frame.locator(".notes li").first.inner_text().strip() in notes(read_run(tensorboard.log_dir / "thinned"))
    expect(tab.frame.locator(".notes")).to_contain_text(
        "This run is thinned, only 30 of 50 samples are here: findings may be missing or wrong."
    )
    expect(tab.frame.locator("dl.measured")).to_contain_text("30 · 30 of 50 samples")
    other = open_tab("small/health")
    expect(other.frame.get_by_role("region", name="Verdict")).not_to_contain_text("thinned")


def test_thinned_runs_are_marked_in_the_table_and_side_by_side(open_tab):
    table = open_tab(None, address="&p.nnhealth.page=runs")
    marked = table.frame.locator("tr[data-run] .thinned")
    marked.first.wait_for()
    assert marked.evaluate_all("all => all.map(mark => mark.closest('tr').dataset.run)") == ["thinned/health"]
    compared = quote(json.dumps(["thinned/health", "small/health"]), safe="")
    tab = open_tab(None, f"&p.nnhealth.page=compare&p.nnhealth.compare={compared}")
    expect(tab.frame.get_by_role("region", name="Verdicts").locator(".thinned")).to_have_text(
        [" · thinned, 30 of 50 samples"]
    )


FITS = "() => document.documentElement.scrollWidth <= window.innerWidth"


def sound(tab) -> bool:
    """Returns whether no name was taken for markup, and none widens the page."""
    body = tab.frame.locator("body")
    return (
        tab.page.evaluate("window.__xss") is None
        and tab.frame.locator("#nnhealth script, #nnhealth img").count() == 0
        and body.evaluate(FITS)
    )


def test_hostile_names_of_layers_are_text_in_every_view(open_tab):
    tab = open_tab("hostile/health")
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    for name in HOSTILE:
        label = tab.frame.locator(".labels button").nth(HOSTILE.index(name))
        assert label.get_attribute("title") == f"{name}/kernel"
        label.click()
        expect(panel.get_by_role("heading").first).to_have_text(name)
        expect(panel.locator(".u-over").first).to_be_visible()
        assert sound(tab)
    for view in ("Gradient flow", "Training curves", "Layers × steps"):
        tab.frame.get_by_role("tab", name=view).click()
        expect(tab.frame.get_by_role("tabpanel", name=view)).to_be_visible()
        tab.page.wait_for_timeout(200)
        assert sound(tab)
    tab.frame.get_by_role("tab", name="Gradient flow").click()
    plot = tab.frame.locator(".flow-plot")
    expect(plot.locator(".u-over")).to_be_visible()
    expect(tab.frame.locator(".flow > div > .said")).not_to_be_empty()
    plot.focus()
    for name in HOSTILE:
        plot.press("ArrowRight")
        expect(tab.frame.locator(".flow > div > .said .mono")).to_contain_text(name[:200])
    assert sound(tab)


def test_hostile_names_of_runs_are_text_in_every_page(open_tab):
    for name in HOSTILE_RUNS:
        tab = open_tab(f"{name}/health")
        assert tab.frame.get_by_label("Run", exact=True).locator("option:checked").text_content() == name
        assert sound(tab)
        tab.page.context.close()
    tab = open_tab(None, "&p.nnhealth.page=runs")
    expect(tab.frame.locator(".runs tbody .run-name").first).to_be_visible(timeout=20_000)
    names = set(tab.frame.locator(".runs tbody .run-name").all_text_contents())
    assert set(HOSTILE_RUNS) <= names
    assert sound(tab)
    compared = quote(json.dumps([f"{name}/health" for name in HOSTILE_RUNS]), safe="")
    side = open_tab(None, f"&p.nnhealth.page=compare&p.nnhealth.compare={compared}")
    expect(side.frame.locator(".verdicts .run-name")).to_have_count(len(HOSTILE_RUNS), timeout=20_000)
    heads = side.frame.locator(".verdicts .run-name")
    assert {head.get_attribute("aria-label") for head in heads.all()} == set(HOSTILE_RUNS)
    assert {shortened for shortened in heads.all_text_contents() if "…" not in shortened} < set(HOSTILE_RUNS)
    expect(side.frame.locator(".overlay canvas").first).to_be_visible()
    assert sound(side)


@needs_axe
@pytest.mark.parametrize(
    ("view", "reached"),
    [("heatmap", ".labels [data-group=dense]"), ("flow", ".flow-plot"), ("curves", "#tab-curves")],
)
def test_first_stop_skips_to_the_view(open_tab, view, reached):
    tab = open_tab("small/health", f"&p.nnhealth.view={view}")
    skip = tab.frame.get_by_role("button", name="Skip to the layers and curves")
    assert skip.bounding_box()["width"] <= 2
    tab.frame.get_by_role("button", name="One run").focus()
    tab.page.keyboard.press("Shift+Tab")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["width"] > 100
    assert violations(tab) == []
    tab.page.keyboard.press("Enter")
    expect(tab.frame.locator(reached)).to_be_focused()
    expect(tab.frame.locator(reached)).to_be_in_viewport()
