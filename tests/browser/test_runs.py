"""A sweep of 200 runs in one table, and a few of them side by side."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

import tools.browser
from tb_nnhealth import Scorecard
from tb_nnhealth.rules import DIAGNOSES
from tests.browser.conftest import TensorBoard
from tests.browser.runs import MARKUP, write_small_run, write_sweep
from tests.browser.test_accessibility import needs_axe, violations
from tests.browser.test_curves import drag

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = 200
SICK, FINE, BROKEN = "lr=0.0001/seed=0", "lr=0.1/seed=0", "lr=0.01/seed=1"
TWINS = {"twin1": ("dense", "dense_1"), "twin2": ("dense_2", "dense_3")}
"""Runs of one model, built twice in a process: their layers."""

TOTAL = COUNT + 1 + len(TWINS)


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """TensorBoard on a sweep, and on a run with markup for a name."""
    log_dir = tmp_path_factory.mktemp("sweep")
    write_sweep(log_dir, COUNT)
    write_small_run(log_dir / MARKUP.replace("/", ""), 0)
    for name, layers in TWINS.items():
        write_small_run(log_dir / name, 0, dead=True, layers=layers)
    with tools.browser.tensorboard(log_dir, "--reload_interval", "1") as address:
        yield TensorBoard(address, log_dir)


@pytest.fixture
def open_table(open_tab):
    def open_table(address: str = "", **options: object):
        tab = open_tab(None, address=f"&p.nnhealth.page=runs{address}", **options)
        tab.frame.locator(f"body[data-shown='runs {TOTAL} 0']").wait_for(timeout=30_000)
        return tab

    return open_table


def rows(tab):
    return tab.frame.locator(".runs tbody tr")


def names(tab) -> list[str]:
    return tab.frame.locator(".runs tbody .run-name").all_text_contents()


def cell(tab, run: str, column: str):
    return tab.frame.locator(f".runs tr[data-run='{run}/health'] td.{column}")


def head(tab, name: str):
    return tab.frame.get_by_role("columnheader", name=name, exact=True)


def compared(*runs: str) -> str:
    return "&p.nnhealth.compare=" + quote(json.dumps([f"{run}/health" for run in runs]), safe="")


def test_each_run_has_a_row_that_says_what_its_scorecard_says(open_table, tensorboard):
    tab = open_table()
    expect(rows(tab)).to_have_count(TOTAL)
    for run in (SICK, FINE, BROKEN):
        card = Scorecard.from_logdir(tensorboard.log_dir / run)
        expect(cell(tab, run, "score")).to_have_text("–" if card.score is None else str(card.score))
        expect(cell(tab, run, "steps")).to_have_text("48")
        expect(cell(tab, run, "last")).to_contain_text(re.compile(r"now|ago"))
        expect(cell(tab, run, "loss").locator("path.curve")).to_have_attribute("d", re.compile("^M.*L"))
        first = next((finding for finding in card.findings if finding.severity != "info"), None)
        titles = {verdict.rule.name: verdict.rule.title for verdict in card.rules}
        if first:
            expect(cell(tab, run, "finding").locator(".what")).to_have_text(titles[first.rule])
        else:
            expect(cell(tab, run, "finding")).to_be_empty()
    assert tab.page.evaluate("window.__xss") is None
    assert MARKUP.replace("/", "") in names(tab)


def test_rows_stand_before_any_run_is_judged(open_tab, tensorboard):
    tab = open_tab("lr=0.1/seed=0/health")
    listed = {"serial": "x-1", "rows": [{"run": f"{SICK}/health", "steps": 48, "last_time": 1.0}], "pending": 1}
    asked = []

    def answer(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(json=listed)

    tab.page.route(re.compile("nnhealth/table"), answer)
    tab.frame.get_by_role("button", name="All runs").click()
    expect(cell(tab, SICK, "steps")).to_have_text("48")
    expect(cell(tab, SICK, "state")).to_have_text("waiting …")
    expect(tab.frame.get_by_role("progressbar", name="Runs judged")).to_be_visible()


def test_names_sort_as_people_count(open_table):
    everything = [name for name in names(open_table()) if name.startswith("lr=")]
    rates = [name.partition("/")[0] for name in everything]
    assert list(dict.fromkeys(rates)) == ["lr=0.0001", "lr=0.001", "lr=0.01", "lr=0.1"] and rates == sorted(rates)
    found = [name for name in everything if name.startswith("lr=0.1/")]
    assert found == [f"lr=0.1/seed={index}" for index in range(COUNT // 4)]


@pytest.mark.parametrize("width", [1024, 1280, 2560])
def test_names_are_read_at_any_width(open_table, width):
    tab = open_table()
    tab.page.set_viewport_size({"width": width, "height": 900})
    name = tab.frame.locator(".runs tbody .run-name", has_text=re.compile(r"^lr=0.0001/seed=10$"))
    name.scroll_into_view_if_needed()
    assert name.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert tab.frame.locator(".runs").evaluate("node => node.scrollWidth <= node.clientWidth")


def test_columns_sort_both_ways_and_say_so(open_table):
    tab = open_table()
    expect(head(tab, "Run")).to_have_attribute("aria-sort", "ascending")
    head(tab, "Score").get_by_role("button").click()
    expect(head(tab, "Score")).to_have_attribute("aria-sort", "ascending")
    expect(head(tab, "Run")).not_to_have_attribute("aria-sort", re.compile(".*"))
    scores = [int(text) for text in tab.frame.locator(".runs td.score").all_inner_texts() if text != "–"]
    assert scores == sorted(scores) and len(set(scores)) > 1
    head(tab, "Score").get_by_role("button").click()
    expect(head(tab, "Score")).to_have_attribute("aria-sort", "descending")
    texts = tab.frame.locator(".runs td.score").all_inner_texts()
    known = [int(text) for text in texts if text != "–"]
    assert known == sorted(known, reverse=True)
    assert texts[: len(known)] == [str(score) for score in known], "those without a score stand at the end"
    assert "p.nnhealth.sort=-score" in tab.page.evaluate("location.hash")
    for name, first in (("Status", "ascending"), ("First to mend", "ascending"), ("Steps", "descending"),
                        ("Last sample", "descending"), ("Loss", "ascending")):  # fmt: skip
        head(tab, name).get_by_role("button").click()
        expect(head(tab, name)).to_have_attribute("aria-sort", first)
    losses = cell(tab, FINE, "loss").inner_text()
    assert float(losses) > 0
    assert cell(tab, BROKEN, "loss").inner_text() == "NaN"
    assert tab.frame.locator(".runs td.loss").all_inner_texts()[-COUNT // 10 :] == ["NaN"] * (COUNT // 10)


def test_filter_is_a_regular_expression_of_name_or_finding(open_table):
    tab = open_table()
    box = tab.frame.get_by_role("searchbox", name="Filter")
    box.fill(r"lr=0\.1/seed=1\d$")
    expect(rows(tab)).to_have_count(10)
    expect(tab.frame.locator(".filter-said")).to_have_text(f"10 of {TOTAL} runs")
    for text in ("NEVER fire", "dead units"):
        box.fill(text)
        expect(rows(tab)).to_have_count(COUNT // 5 + len(TWINS))
        assert all("never fire" in found for found in tab.frame.locator(".runs td.finding").all_inner_texts())
    box.fill("")
    expect(rows(tab)).to_have_count(TOTAL)


def test_filter_without_a_match_says_so_and_can_be_taken_back(open_table):
    tab = open_table("&p.nnhealth.filter=zzzz")
    expect(rows(tab)).to_have_count(0)
    tab.frame.get_by_role("button", name="Show all runs").click()
    expect(rows(tab)).to_have_count(TOTAL)
    expect(tab.frame.get_by_text("No run matches the filter.")).to_be_hidden()


def test_filter_that_is_none_yet_says_so_and_keeps_the_rows(open_table):
    tab = open_table()
    box = tab.frame.get_by_role("searchbox", name="Filter")
    box.fill("seed=12")
    expect(rows(tab)).to_have_count(4)
    box.press_sequentially("(")
    expect(tab.frame.locator(".filter-said")).to_contain_text("Not a regular expression yet")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(rows(tab)).to_have_count(4)
    expect(tab.frame.get_by_role("alert")).to_have_count(0)


def test_click_opens_the_run_and_back_returns_to_the_same_table(open_table):
    tab = open_table("&p.nnhealth.sort=-run&p.nnhealth.filter=seed%3D1")
    shown = names(tab)
    assert shown[0] > shown[-1] and all("seed=1" in name for name in shown)
    cell(tab, SICK.replace("seed=0", "seed=1"), "steps").click()
    tab.wait_for("lr=0.0001/seed=1/health", 48)
    expect(tab.frame.get_by_role("region", name="Verdict")).to_be_visible()
    tab.page.go_back()
    expect(rows(tab)).to_have_count(len(shown))
    assert names(tab) == shown
    expect(tab.frame.locator("tr[data-run='lr=0.0001/seed=1/health'] .run-name")).to_be_focused()


def test_keys_walk_through_the_runs_tick_and_open(open_table):
    tab = open_table("&p.nnhealth.filter=%5Elr%3D0.1")
    buttons = tab.frame.locator(".runs tbody .run-name")
    head(tab, "Loss").get_by_role("button").focus()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    expect(buttons.nth(0)).to_be_focused()
    for key, index in (
        ("ArrowDown", 1),
        ("ArrowDown", 2),
        ("ArrowUp", 1),
        ("End", COUNT // 4 - 1),
        ("Home", 0),
        ("PageDown", 12),
    ):
        tab.page.keyboard.press(key)
        expect(buttons.nth(index)).to_be_focused()
    expect(rows(tab).nth(12)).to_be_in_viewport()
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("Space")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Space")
    expect(tab.frame.locator(".runs tr.is-chosen")).to_have_count(2)
    expect(tab.frame.get_by_role("button", name="Side by side (2)")).to_be_enabled()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Enter")
    tab.wait_for("lr=0.1/seed=13/health", 48)


def test_table_that_cannot_be_fetched_says_so_and_comes_back(open_table):
    tab = open_table()
    tab.page.route("**/nnhealth/table*", lambda route: route.abort())
    expect(tab.frame.get_by_role("alert")).to_contain_text("does not answer", timeout=10_000)
    expect(rows(tab)).to_have_count(TOTAL)
    tab.page.unroute("**/nnhealth/table*")
    tab.frame.get_by_role("button", name="Try again").click()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    tab.errors.clear()


def test_nothing_new_is_hardly_anything_to_send(open_table):
    tab = open_table()
    with tab.page.expect_response(re.compile("nnhealth/table")) as table:
        pass
    assert len(table.value.body()) < 200


def test_ticked_runs_stand_side_by_side(open_table):
    tab = open_table()
    for run in (FINE, SICK):
        cell(tab, run, "chosen").locator("input").check()
    tab.frame.get_by_role("button", name="Side by side (2)").click()
    verdicts = tab.frame.get_by_role("region", name="Verdicts")
    expect(verdicts.locator("thead .run-name")).to_have_text([FINE, SICK])
    tiles = verdicts.get_by_role("row", name=re.compile("^activations", re.IGNORECASE)).get_by_role("cell")
    expect(tiles).to_have_count(2)
    expect(tiles.nth(1)).to_contain_text(re.compile(r"(error|warning)\d of 5 checks"))
    changes = tab.frame.get_by_role("region", name="What changed").get_by_role("region", name=SICK)
    expect(changes.get_by_role("heading", name=re.compile("^Only here"))).to_be_visible()
    expect(changes.get_by_text(DIAGNOSES["dead-units"].rule.title, exact=True)).to_be_visible()
    tab.page.go_back()
    expect(rows(tab)).to_have_count(TOTAL)
    expect(tab.frame.locator(".runs tr.is-chosen")).to_have_count(2)


def test_changes_are_those_of_the_run_that_is_compared_with(open_tab, tensorboard):
    tab = open_tab(None, address=f"&p.nnhealth.page=compare{compared(FINE, SICK)}")
    changed = tab.frame.get_by_role("region", name="What changed")
    diff = Scorecard.from_logdir(tensorboard.log_dir / FINE).diff(Scorecard.from_logdir(tensorboard.log_dir / SICK))
    expect(changed.get_by_role("heading", name=f"Only here ({len(diff.new)})")).to_be_visible()
    expect(changed.get_by_text(DIAGNOSES["dead-units"].rule.title, exact=True)).to_be_visible()
    expect(changed).not_to_contain_text("any more")
    tab.frame.get_by_label("compared with").select_option(f"{SICK}/health")
    expect(changed.get_by_role("region", name=FINE)).to_be_visible()
    expect(changed.get_by_role("heading", name=f"Only here ({len(diff.new)})")).to_have_count(0 if diff.new else 1)
    tab.page.go_back()
    expect(changed.get_by_role("region", name=SICK)).to_be_visible()


def test_same_chart_of_each_run_has_a_legend_in_its_colour(open_tab):
    tab = open_tab(None, address=f"&p.nnhealth.page=compare{compared(FINE, SICK, BROKEN)}")
    charts = tab.frame.get_by_role("region", name="Charts of the runs")
    expect(charts.locator(".strip .legend .name")).to_have_count(6)
    for strip in charts.locator(".strip").all():
        expect(strip.locator(".legend .name")).to_have_count(3)
        assert strip.locator(".legend .name").all_inner_texts() == [FINE, SICK, BROKEN]
    swatches = (
        charts.locator(".strip")
        .first.locator(".swatch")
        .evaluate_all("nodes => nodes.map((n) => getComputedStyle(n).backgroundColor)")
    )
    heads = tab.frame.locator(".run-head .swatch").evaluate_all(
        "nodes => nodes.map((n) => getComputedStyle(n).backgroundColor)"
    )
    assert swatches == heads and len(set(swatches)) == 3
    charts.get_by_label("Statistic").select_option("activations\ndead_unit_fraction")
    expect(charts.locator(".strip-title").nth(1)).to_have_text("dead unit fraction")
    expect(charts.locator(".strip").nth(1).locator("b")).to_have_text(["0 %", "100 %", "0 %"])
    charts.get_by_label("of", exact=True).select_option("output")
    expect(charts.locator(".strip").nth(1).locator("b")).to_have_text(["0 %", "0 %", "0 %"])
    address = tab.page.evaluate("location.hash")
    again = open_tab(None, address="&" + address.split("&", 1)[1])
    expect(again.frame.locator("#compared-row")).to_have_value("output")
    expect(again.frame.locator(".overlay .strip-title").nth(1)).to_have_text("dead unit fraction")


def test_charts_side_by_side_are_read_by_keys_and_on_logarithmic_scales(open_tab):
    tab = open_tab(None, address=f"&p.nnhealth.page=compare{compared(FINE, SICK)}")
    charts = tab.frame.get_by_role("region", name="Charts of the runs")
    values = charts.locator(".strip").first.locator("b")
    expect(values).to_have_count(2)
    reading = charts.get_by_role("group", name="Charts over the steps")
    reading.focus()
    reading.press("Home")
    told = reading.get_by_role("status")
    expect(told).to_have_text(re.compile(rf"step 0; Loss: {FINE} [\d.]+, {SICK} 2.3; update ratio: "))
    first = values.first.inner_text()
    reading.press("ArrowRight")
    expect(told).to_contain_text("step 1;")
    assert values.first.inner_text() != first
    reading.press("+")
    expect(charts.locator(".zoomed")).to_contain_text("steps")
    reading.press("0")
    expect(charts.locator(".zoomed")).to_be_hidden()
    canvas, picture = charts.locator(".strip canvas").first, "canvas => canvas.toDataURL()"
    linear = canvas.evaluate(picture)
    charts.get_by_label("losses on a logarithmic scale").check()
    expect(tab.page).to_have_url(re.compile(r"p\.nnhealth\.loss=log"))
    tab.page.wait_for_timeout(200)
    assert canvas.evaluate(picture) != linear
    logarithmic = charts.get_by_role("group", name="Steps").get_by_role("button", name="Log")
    logarithmic.click()
    expect(logarithmic).to_have_attribute("aria-pressed", "true")
    tab.page.wait_for_function("location.hash.includes('p.nnhealth.axis=log')")


def test_range_chosen_side_by_side_is_that_of_one_run_too(open_tab):
    tab = open_tab(FINE + "/health")
    pages = tab.frame.locator("header.top")
    tab.page.evaluate(f"location.hash += '&p.nnhealth.page=compare{compared(FINE, SICK)}'")
    plot = tab.frame.get_by_role("region", name="Charts of the runs").locator(".strip-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    one, other = ((box["x"] + box["width"] * share, box["y"] + 60) for share in (0.25, 0.5))
    drag(tab, one, other)
    chosen = tab.frame.locator(".overlay .zoomed > span")
    expect(chosen).to_contain_text("steps")
    steps = chosen.inner_text()
    pages.get_by_text("One run", exact=True).click()
    expect(tab.frame.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(tab.frame.locator(".zoomed > span")).to_have_text(steps)


@pytest.mark.parametrize("address", ["", "&p.nnhealth.compare=%7B", "&p.nnhealth.compare=%5B1%5D", compared(FINE)])
def test_fewer_than_two_runs_lead_to_the_table(open_tab, address):
    tab = open_tab(None, address=f"&p.nnhealth.page=compare{address}")
    expect(tab.frame.get_by_role("heading", name="No runs to compare yet")).to_be_visible()
    tab.frame.locator(".notice").get_by_role("button", name="All runs").click()
    expect(rows(tab).first).to_be_visible()


def test_run_that_is_gone_is_told_of(open_tab):
    tab = open_tab(None, address=f"&p.nnhealth.page=compare{compared(FINE, SICK, 'nobody')}")
    expect(tab.frame.get_by_role("alert")).to_contain_text("nobody")
    expect(tab.frame.locator(".run-head")).to_have_count(2)


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_neither_page_breaks_a_rule_of_accessibility(open_table, dark):
    tab = open_table(compared(FINE, SICK))
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    tab.page.wait_for_timeout(300)
    assert violations(tab) == []
    tab.frame.get_by_role("button", name="Side by side (2)").click()
    expect(tab.frame.get_by_role("region", name="What changed")).to_be_visible()
    assert violations(tab) == []


def test_model_that_was_built_twice_is_laid_over_itself(open_tab):
    """Keras numbers the names that it gives on within a process."""
    compared = quote(json.dumps(["twin1/health", "twin2/health"]), safe="")
    tab = open_tab(None, f"&p.nnhealth.page=compare&p.nnhealth.compare={compared}&p.nnhealth.row=dense_1%2Fkernel")
    overlay = tab.frame.locator(".overlay .strip").nth(1)
    expect(overlay.locator(".line .name")).to_have_text(["twin1", "twin2"])
    expect(tab.frame.get_by_label("of", exact=True)).to_have_value("dense_1/kernel")
    expect(tab.frame.get_by_text("of the runs has no")).to_have_count(0)
    changed = tab.frame.get_by_role("region", name="What changed")
    expect(changed).not_to_contain_text("Only here (")
    expect(changed).not_to_contain_text("Not found here (")
