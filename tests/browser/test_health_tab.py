"""What a person sees and does in the Health tab of a real TensorBoard."""

import re
import time

import pytest
from playwright.sync_api import expect

from tb_nnhealth import Scorecard
from tests.browser.runs import DEAD_FROM, LONG, MARKUP, STEPS
from tests.browser.test_curves import drag

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]


def colours(tab) -> tuple[str, str]:
    return tab.frame.locator("body").evaluate(
        "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
    )


def test_finding_tells_evidence_why_and_what_to_try(open_tab):
    frame = open_tab("sick/health").frame
    part = frame.locator("details[data-part=dead-units]")
    if part.get_attribute("open") is None:
        part.locator("> summary").click()
    expect(part.get_by_text("block/dense_3", exact=True)).to_be_visible()
    expect(part).to_contain_text("Dead unit fraction100 %")
    expect(part).to_contain_text("Why it matters")
    expect(part.locator("ol.items li").first).to_be_visible()
    part.get_by_text("How it is decided, and when it is wrong").click()
    expect(part.get_by_text("nnhealth explain dead-units")).to_be_visible()


def test_finding_draws_its_evidence_against_the_limit(open_tab):
    tab = open_tab("sick/health")
    part = tab.frame.locator("details[data-part=dead-units]")
    chart = part.locator(".spark-plot")
    expect(chart).to_have_attribute(
        "aria-label", f"dead unit fraction of block/dense_3, steps 0–{STEPS - 1}, from 0 % to 100 %; limit 90 %"
    )
    expect(chart.locator("line.limit")).to_have_count(1)
    box = chart.bounding_box()
    for step, value in ((DEAD_FROM - 20, "0 %"), (DEAD_FROM + 20, "100 %")):
        chart.hover(position={"x": box["width"] * step / (STEPS - 1), "y": 20})
        expect(part.locator(".said")).to_have_text(f"step {step}: {value}")
    loss = tab.frame.locator("details[data-part=stalled-loss]")
    loss.locator("> summary").click()
    expect(loss.locator(".spark-plot")).to_be_visible()
    expect(loss.locator("line.limit")).to_have_count(1)
    expect(loss.locator(".limit-label")).to_have_text("limit 2.28")  # 1 % below 2.3


def test_finding_leads_to_its_rules_page_in_the_same_theme(open_tab):
    tab = open_tab("sick/health")
    tab.page.evaluate("document.body.classList.add('dark-mode')")
    tab.frame.locator(":root[data-theme=dark]").wait_for()
    with tab.page.context.expect_page() as opened:
        tab.frame.locator("details[data-part=dead-units]").get_by_role("link", name="About this rule").click()
    page = opened.value
    expect(page.get_by_role("heading", level=1)).to_have_text("dead-units")
    ground = tab.frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    expect(page.locator("body")).to_have_css("background-color", ground)
    page.get_by_role("link", name="All rules").click()
    expect(page.get_by_role("link", name="stalled-loss")).to_be_visible()


@pytest.mark.parametrize("run", ["calm", "good", "sick"])
def test_headline_agrees_with_the_scorecard(open_tab, tensorboard, run):
    """However few of its rules could judge: a score stands beside a verdict, and none beside none."""
    card = Scorecard.from_logdir(tensorboard.log_dir / run)
    verdict = open_tab(f"{run}/health").frame.locator("section.verdict")
    state = verdict.get_attribute("data-state")
    assert (state == "no_data") == (card.score is None)
    assert (state == "pass") == (card.status == "pass")


def test_category_without_a_verdict_says_why(open_tab):
    frame = open_tab("good/health").frame
    expect(frame.locator(".chip", has_text="activations").locator(".state")).to_have_text("not judged")
    expect(frame.locator(".notes")).to_contain_text(re.compile(r"[Aa]ctivations.* could not be judged: .+\."))


def test_what_could_not_be_judged_is_told_apart_from_health(open_tab):
    frame = open_tab("sick/health").frame
    part = frame.locator("details[data-part=no_data]")
    part.locator("> summary").click()
    expect(part.locator("li .reason").first).not_to_be_empty()


def test_finding_leads_to_its_row_and_steps(open_tab):
    tab = open_tab("sick/health")
    part = tab.frame.locator("details[data-part=dead-units]")
    if part.get_attribute("open") is None:
        part.locator("> summary").click()
    part.get_by_role("button", name="Show in the timeline").click()
    expect(tab.frame.locator("#statistic")).to_have_value("activations\ndead_unit_fraction")
    row = tab.frame.locator(".labels button[data-row='block/dense_3']")
    expect(row).to_have_attribute("aria-selected", "true")
    expect(row).to_have_class(re.compile("focused"))
    expect(tab.frame.locator(".heatmap")).to_be_in_viewport()


def test_finding_of_a_tensor_names_it_and_leads_to_its_row(open_tab):
    tab = open_tab("good/health")
    part = tab.frame.locator("details[data-part=nonfinite-values]")
    expect(part.locator("dd").first).to_have_text("input/x")
    part.get_by_role("button", name="Show in the timeline").click()
    expect(tab.frame.locator("#statistic")).to_have_value("data\ndata_nonfinite")
    expect(tab.frame.locator(".labels button[data-row='input/x']")).to_have_class(re.compile("focused"))


def test_heat_map_shows_the_value_under_the_pointer(open_tab):
    tab = open_tab("sick/health")
    tab.frame.locator("#statistic").select_option("activations\ndead_unit_fraction")
    expect(tab.frame.locator(".labels button")).to_have_count(12)
    plot = tab.frame.locator(".heatmap .plot")
    plot.scroll_into_view_if_needed()
    row_height = plot.bounding_box()["height"] / 12
    width = plot.bounding_box()["width"]
    for step, value in ((DEAD_FROM - 20, 0), (DEAD_FROM + 20, 100)):
        plot.hover(position={"x": (width - 12) * step / (STEPS - 1), "y": 3.5 * row_height})
        expect(tab.frame.locator(".tip")).to_contain_text(re.compile(rf"^{value}( %)? ?dead unit fraction"))
        expect(tab.frame.locator(".tip")).to_contain_text("block/dense_3")


def test_row_opens_its_layers_charts(open_tab):
    tab = open_tab("sick/health")
    tab.frame.locator(".labels button").nth(2).click()
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.get_by_role("heading", level=3)).to_have_text("block/dense_2")
    for title in (
        "Gradient rms",
        "Update ratio",
        "Weight rms",
        "Output",
        "Units",
        "kernel values",
        "kernel gradient",
        "kernel update",
    ):
        expect(panel.get_by_text(title, exact=True)).to_be_visible()
    assert panel.locator(".strip-plot canvas").count() >= 6
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()


def test_histograms_of_each_tensor_of_a_layer_can_be_chosen(open_tab):
    tab = open_tab("sick/health")
    tab.frame.get_by_role("button", name="Expand all").click()
    tab.frame.locator(".labels button[data-row='block/dense_2/bias']").click()
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    choice = panel.get_by_role("group", name="Histograms of")
    expect(choice.get_by_role("button")).to_have_text(["kernel", "bias", "output"])
    expect(choice.get_by_role("button", name="bias")).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_text("bias gradient", exact=True)).to_be_visible()
    choice.get_by_role("button", name="output").click()
    expect(panel.locator(".ridges .strip-title")).to_have_text(["output"])
    expect(choice.get_by_role("button", name="output")).to_be_focused()


def test_target_shows_its_classes_beside_the_predicted_ones(open_tab):
    tab = open_tab("sick/health")
    tab.frame.locator("#statistic").select_option("data\ndata_mean")
    tab.frame.locator(".labels button[data-row='target/output']").click()
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.locator(".class")).to_have_count(3)
    titles = [bar.get_attribute("title") for bar in panel.locator(".class").all()]
    assert titles == [
        "class 0: 20 % of the targets, 0 % of the predictions",
        "class 1: 30 % of the targets, 100 % of the predictions",
        "class 2: 50 % of the targets, 0 % of the predictions",
    ]


def test_arrow_keys_walk_the_heat_map(open_tab):
    tab = open_tab("sick/health")
    rows = tab.frame.locator(".labels button")
    rows.nth(0).focus()
    rows.nth(0).press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    rows.nth(1).press("ArrowLeft")
    expect(tab.frame.locator(".tip")).to_contain_text(f"step {STEPS - 2}")
    rows.nth(1).press("Enter")
    expect(tab.frame.get_by_role("region", name="Charts of the chosen row")).to_be_visible()


def test_dragging_zooms_and_the_link_opens_the_same(open_tab):
    tab = open_tab("sick/health")
    plot = tab.frame.locator(".heatmap .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    one, other = ((box["x"] + box["width"] * share, box["y"] + 20) for share in (0.25, 0.5))
    drag(tab, one, other)
    zoomed = tab.frame.locator(".zoomed")
    expect(zoomed).to_contain_text("steps 3")
    address = tab.page.evaluate("location.hash")
    assert "p.nnhealth.steps=3" in address and "p.nnhealth.run=sick%2Fhealth" in address
    again = open_tab("sick/health", address="&" + address.split("&", 2)[2])
    expect(again.frame.locator(".zoomed")).to_have_text(zoomed.inner_text().replace("\n", ""))
    zoomed.get_by_role("button").click()
    expect(zoomed).to_be_hidden()


def test_drag_that_the_browser_takes_over_zooms_nothing(open_tab):
    tab = open_tab("sick/health")
    plot = tab.frame.locator(".heatmap .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    expect(tab.frame.locator(".dragged")).to_be_visible()
    plot.dispatch_event("pointercancel")
    expect(tab.frame.locator(".dragged")).to_be_hidden()
    tab.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    expect(tab.frame.locator(".dragged")).to_be_hidden()
    tab.page.mouse.up()
    tab.page.wait_for_timeout(300)
    expect(tab.frame.locator(".zoomed")).to_be_hidden()


def test_category_filters_the_findings(open_tab):
    tab = open_tab("sick/health")
    chip = tab.frame.get_by_role("group", name="Categories").get_by_role("button", name="activations")
    chip.click()
    expect(tab.frame.get_by_role("heading", name="Findings: activations")).to_be_visible()
    expect(tab.frame.locator("details[data-part=stalled-loss]")).to_have_count(0)
    tab.frame.get_by_role("button", name="Show all").click()
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_run_picker_changes_the_run(open_tab):
    tab = open_tab("sick/health")
    picker = tab.frame.get_by_label("Run", exact=True)
    runs = ["calm", "deep", "exp<b>1", "future", "good", "live", "sick", "single", "sparse", "wide"]
    assert picker.locator("option").all_inner_texts() == runs
    picker.select_option("good/health")
    tab.wait_for("good/health", STEPS)


class Held:
    """Requests of a run that are not answered until the test says so."""

    def __init__(self, tab, what):
        self.tab, self.routes = tab, []
        tab.page.route(f"**/nnhealth/{what}*", lambda route: self.routes.append(route))

    def wait(self):
        deadline = time.monotonic() + 10
        while not self.routes and time.monotonic() < deadline:
            self.tab.page.wait_for_timeout(20)
        assert self.routes

    def answer(self, **how):
        for route in self.routes:
            route.fulfill(**how) if how else route.continue_()
        self.routes.clear()


@pytest.mark.parametrize("answer", [{"json": {"version": "newer"}}, {"status": 500}])
def test_answer_for_the_run_before_is_not_shown(open_tab, answer):
    tab = open_tab("sick/health")
    before, chosen = Held(tab, "version?run=sick"), Held(tab, "run?run=good")
    before.wait()
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    chosen.wait()  # at once, not when the other is answered
    before.answer(**answer)
    tab.page.wait_for_timeout(700)
    expect(tab.frame.get_by_role("region", name="Verdict")).to_have_count(0)
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    tab.page.unroute("**/nnhealth/run?run=good*")
    chosen.answer()
    tab.wait_for("good/health", STEPS)
    assert bool(tab.errors) == ("status" in answer)
    assert all("500" in error for error in tab.errors)
    tab.errors.clear()


def test_verdict_does_not_wait_for_the_charts(open_tab):
    tab = open_tab("sick/health")
    chart = Held(tab, "matrix?run=good")
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    chart.wait()
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()
    chart.answer()
    tab.wait_for("good/health", STEPS)


def test_failed_chart_of_the_run_before_is_no_failure_of_this_one(open_tab):
    tab = open_tab("sick/health")
    chart = Held(tab, "matrix?run=sick")
    tab.frame.locator("#statistic").select_option("data\ndata_mean")
    chart.wait()
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    tab.wait_for("good/health", STEPS)
    chart.answer(status=500)
    tab.page.wait_for_timeout(300)
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    assert tab.errors and all("500" in error for error in tab.errors)
    tab.errors.clear()


def test_unreadable_run_says_why(open_tab):
    tab = open_tab("future/health", expect="error")
    expect(tab.frame.get_by_role("alert")).to_contain_text("schema_version=99")
    tab.frame.get_by_label("Run", exact=True).select_option("good/health")
    tab.wait_for("good/health")
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    assert tab.errors and all("400" in error for error in tab.errors)
    tab.errors.clear()


def test_no_runs_yet(open_tab):
    tab = open_tab(None)
    tab.page.route("**/nnhealth/runs", lambda route: route.fulfill(json={"runs": []}))
    expect(tab.frame.get_by_role("heading", name="No health data yet")).to_be_visible()
    tab.page.unroute("**/nnhealth/runs")
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()


def test_no_run_is_offered_where_there_is_none(open_tab, tensorboard):
    tab = open_tab(None)
    tab.page.route("**/nnhealth/runs", lambda route: route.fulfill(json={"runs": []}))
    tab.page.goto("about:blank")
    tab.page.goto(f"{tensorboard.address}/#nnhealth")
    expect(tab.frame.get_by_role("heading", name="No health data yet")).to_be_visible()
    expect(tab.frame.locator("header.top select, header.top label")).to_have_count(0)


def test_silence_of_tensorboard_leaves_what_was_shown(open_tab):
    tab = open_tab("good/health")
    tab.page.route("**/nnhealth/runs", lambda route: route.abort())
    expect(tab.frame.get_by_role("alert")).to_contain_text("TensorBoard does not answer")
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()
    tab.page.unroute("**/nnhealth/runs")
    tab.frame.get_by_role("button", name="Try again").click()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    assert tab.errors and all("ERR_FAILED" in error for error in tab.errors)
    tab.errors.clear()


def test_markup_in_names_is_text(open_tab):
    tab = open_tab("exp<b>1/health")
    expect(tab.frame.locator(".labels button").first).to_have_attribute("title", f"{MARKUP}/kernel")
    tab.frame.locator(".labels button").first.click()
    expect(
        tab.frame.get_by_role("region", name="Charts of the chosen row").get_by_role("heading", level=3)
    ).to_have_text(MARKUP)
    for view in ("Gradient flow", "Training curves"):
        tab.frame.get_by_role("tab", name=view).click()
        expect(tab.frame.get_by_role("tabpanel", name=view).locator(".u-over:visible").first).to_be_visible()
    assert tab.frame.locator("img:not([aria-label])").count() == 0
    assert tab.page.evaluate("window.__xss") is None


def test_names_may_be_long(open_tab):
    tab = open_tab("exp<b>1/health")
    tab.frame.locator(f".labels button[title='{LONG}/bias']").click()
    region = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(region.get_by_role("heading", level=3)).to_have_text(LONG)
    expect(region.locator(".u-over").first).to_be_visible()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    assert tab.frame.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


def test_dark_mode_follows_tensorboard(open_tab):
    tab = open_tab("good/health")
    light = colours(tab)
    tab.page.evaluate("document.body.classList.add('dark-mode')")
    tab.frame.locator(":root[data-theme=dark]").wait_for()
    dark = colours(tab)
    assert light[0] != dark[0] and light[1] != dark[1]
    tab.page.evaluate("document.body.classList.remove('dark-mode')")
    tab.frame.locator(":root[data-theme=light]").wait_for()
    assert colours(tab) == light


def test_hidden_tab_asks_for_nothing_and_comes_back(open_tab):
    tab = open_tab("good/health")
    tab.page.evaluate("location.hash = 'timeseries'")
    tab.page.wait_for_timeout(700)
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url) if "/nnhealth/" in request.url else None)
    tab.page.wait_for_timeout(3500)
    assert asked == []
    tab.page.evaluate("location.hash = 'nnhealth'")
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()


@pytest.mark.parametrize("view", ["heatmap", "flow", "curves"])
def test_nothing_is_wider_than_the_window(open_tab, view):
    tab = open_tab("sick/health", address=f"&p.nnhealth.view={view}&p.nnhealth.row=block%2Fdense_0%2Fkernel")
    for width in (1024, 1280, 1920, 2560):
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.wait_for_timeout(300)
        fits = "() => document.documentElement.scrollWidth <= window.innerWidth"
        assert tab.frame.locator("body").evaluate(fits), width


BROKEN_WORDS = """node => {
    const broken = [];
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (const {0: word, index} of walker.currentNode.data.matchAll(/\\S+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, index);
            range.setEnd(walker.currentNode, index + word.length);
            if (new Set([...range.getClientRects()].map(({bottom}) => Math.round(bottom))).size > 1) broken.push(word);
        }
    }
    return broken;
}"""


def test_no_word_is_broken_and_no_heading_cut_in_a_narrow_window(open_tab):
    tab = open_tab("sick/health", address="&p.nnhealth.row=block%2Fdense_0%2Fkernel")
    tab.page.set_viewport_size({"width": 1024, "height": 900})
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.locator(".variables td").first).to_be_visible()
    tab.page.wait_for_timeout(300)
    assert panel.locator(".variables").evaluate(BROKEN_WORDS) == []
    assert panel.locator(".layer-head").evaluate(BROKEN_WORDS) == []
    cut = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth).map(node => node.textContent)"
    assert tab.frame.locator(".layer-head h3, .measured dd").evaluate_all(cut) == []
    fits = "(node, text) => { node.textContent = text; return node.scrollWidth <= node.clientWidth; }"
    for place, text in (
        (".measured dd", "SparseCategoricalCrossentropy, MeanSquaredError"),
        (".layer-head h3", "a" * 150),
    ):
        assert tab.frame.locator(place).first.evaluate(fits, text), place


@pytest.mark.parametrize(("width", "rows"), [(1280, [4, 4]), (1920, [8])])
def test_categories_stand_in_even_rows(open_tab, width, rows):
    tab = open_tab("sick/health")
    tab.page.set_viewport_size({"width": width, "height": 900})
    tab.page.wait_for_timeout(300)
    tops = [chip.bounding_box()["y"] for chip in tab.frame.locator(".chip").all()]
    assert [tops.count(top) for top in dict.fromkeys(tops)] == rows
