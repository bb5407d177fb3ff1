"""What the tab shows of a preflight: before a training, after one, and where there was none."""

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from playwright.sync_api import expect

import tools.browser
from tb_nnhealth.faces.rates import PROBE
from tb_nnhealth.summary.writer import HealthWriter
from tests.browser.conftest import TensorBoard
from tests.browser.runs import write_small_run
from tests.browser.test_accessibility import needs_axe, violations
from tests.browser.test_downloads import taken
from tests.flown import UNMEASURED, rates, write_preflight
from tests.synthetic import PIXELS, make_manifest, write_synthetic_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ONLY, TRAINED, PLAIN, TABLE, SIGNAL = (f"{run}/health" for run in ("only", "trained", "plain", "table", "signal"))

BROKEN, SILENT = "broken/health", "silent/health"
"""Preflights that could take no step, with a gallery and without one."""


def numbers_and_answers():
    """A gallery of two examples with twenty numbers each, of which the first is predicted wrong."""
    numbers = {"kind": "numbers", "columns": [str(place) for place in range(20)], "values": [[1.5] * 20, [-2.25] * 20]}
    classes = {"kind": "classes", "name": "kind", "unit": "fraction"}
    target, prediction = ([[[which, 1.0, ""]] for which in every] for every in ((0, 1), (1, 1)))
    return {
        "examples": 2,
        "exhibits": [
            {"stage": "input", "name": "measures", **numbers},
            {"stage": "target", "values": target, **classes},
            {"stage": "prediction", "values": prediction, **classes},
        ],
    }


def signal_and_numbers():
    """A gallery of two examples with a slender picture and twenty numbers each."""
    gallery = numbers_and_answers()
    picture = {"kind": "picture", "stage": "input", "name": "signal", "size": [128, 6], "values": [PIXELS] * 2}
    return gallery | {"exhibits": [picture, *gallery["exhibits"]]}


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """TensorBoard on a preflight, one with a training after it, and a training without one."""
    log_dir = tmp_path_factory.mktemp("flown")
    for name, own in (("only", 0.021), ("trained", [1e-4, 1e-2])):
        write_synthetic_run(log_dir / name, steps=4, finished=False)
        write_preflight(log_dir / name, {"train-validation-shift": UNMEASURED, PROBE: rates(own)})
    write_synthetic_run(log_dir / "table", steps=4, finished=False)
    write_preflight(log_dir / "table", {"input-gallery": numbers_and_answers()})
    write_synthetic_run(log_dir / "signal", steps=4, finished=False)
    write_preflight(log_dir / "signal", {"input-gallery": signal_and_numbers()})
    for name, probes in (("broken", {"input-gallery": numbers_and_answers()}), ("silent", {"data-order": UNMEASURED})):
        HealthWriter(str(log_dir / name), make_manifest(run=name)).close()
        write_preflight(log_dir / name, probes, failed="ValueError: a label of 4 is outside of [0, 4).")
    write_small_run(log_dir / "trained", 1)
    write_small_run(log_dir / "plain", 1)
    with tools.browser.tensorboard(log_dir, "--reload_interval", "1", "--load_fast", "false") as address:
        yield TensorBoard(address, log_dir)


def part(tab):
    return tab.frame.get_by_role("region", name="Preflight", exact=True)


def chart(tab):
    return part(tab).get_by_role("group", name="Loss by learning rate")


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_run_that_was_not_trained_says_so_and_shows_its_preflight(open_tab, dark):
    tab = open_tab(ONLY)
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    expect(tab.frame.locator(".progress")).to_have_text("preflight only, not trained yet")
    expect(part(tab).get_by_role("row")).to_have_count(3)
    expect(part(tab).get_by_role("row", name="train-validation-shift")).to_contain_text(
        "No validation data was given.1 s"
    )
    expect(part(tab).locator(".cost")).to_contain_text("7.5 s in all: 4.5 s for reading the data and the first steps")
    expect(chart(tab)).to_be_visible()
    assert violations(tab) == []


def test_marks_have_names_that_do_not_overlap(open_tab):
    tab = open_tab(ONLY)
    names = chart(tab).locator(".rates-name")
    expect(names).to_have_text(["explodes 0.2", "yours 0.021", "highest to try 0.02"])
    boxes = [name.bounding_box() for name in names.all()]
    for one, other in combinations(boxes, 2):
        assert one["y"] + one["height"] <= other["y"] + 0.5 or other["y"] + other["height"] <= one["y"] + 0.5
    area = chart(tab).bounding_box()
    assert all(area["x"] - 1 <= box["x"] and box["x"] + box["width"] <= area["x"] + area["width"] + 1 for box in boxes)


def test_curve_is_read_by_the_pointer_and_by_the_keys(open_tab):
    tab = open_tab(ONLY)
    said = part(tab).locator(".said")
    box = chart(tab).bounding_box()
    chart(tab).hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(said).to_have_text("Learning rate 0.001: loss 1.21, smoothed 1.23")
    chart(tab).focus()
    tab.page.keyboard.press("End")
    expect(said).to_have_text("Learning rate 1: loss not finite, smoothed 101")
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Learning rate 1.3e-6: loss ")
    tab.page.keyboard.press("Escape")
    expect(said).to_contain_text("Point, or use the arrow keys")


def test_after_a_training_it_is_folded_and_asked_for_once_it_is_opened(open_tab):
    tab = open_tab(PLAIN)
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url) if "/preflight" in request.url else None)
    expect(part(tab)).to_have_count(0)
    tab.frame.get_by_label("Run", exact=True).select_option(TRAINED)
    tab.wait_for(TRAINED)
    expect(tab.frame.locator(".progress")).to_contain_text("finished")
    expect(part(tab).get_by_role("table")).to_have_count(0)
    assert asked == []
    part(tab).locator("summary").click()
    expect(chart(tab).locator(".rates-name").first).to_be_visible()
    expect(chart(tab).locator(".rates-name.own")).to_have_text("your schedule 1e-4–0.01")
    tab.frame.get_by_role("tab", name="Training curves").click()
    expect(tab.frame.get_by_role("tab", name="Training curves")).to_have_attribute("aria-selected", "true")
    assert len(asked) == 1
    assert "p.nnhealth.preflight=open" in tab.page.evaluate("location.hash")


def test_link_says_whether_it_is_unfolded(open_tab):
    opened = open_tab(TRAINED, "&p.nnhealth.preflight=open")
    expect(part(opened).get_by_role("table")).to_be_visible()
    folded = open_tab(ONLY, "&p.nnhealth.preflight=closed")
    told = re.compile(r"\d not judged; other checks found 1 error · 7\.5 s")
    expect(part(folded).locator("summary")).to_contain_text(told)
    expect(part(folded).get_by_role("table")).to_have_count(0)


def test_curve_and_picture_can_be_taken_away(open_tab):
    tab = open_tab(ONLY)
    expect(chart(tab)).to_be_visible()
    tab.frame.locator(".menu > summary").click()
    name, content = taken(tab, "link", "Loss by learning rate")
    assert name == "only.rates.csv" and content.startswith(b"learning_rate,loss,smoothed\r\n1e-06,")
    tab.frame.locator(".menu > summary").click()
    name, content = taken(tab, "button", "Picture of the preflight")
    assert name == "only.preflight.png" and len(content) > 10_000


def test_pages_of_several_runs_tell_what_was_not_trained(open_tab, tensorboard):
    tab = open_tab(None, "&p.nnhealth.page=runs")
    for name in ("starting", "flown"):
        write_synthetic_run(tensorboard.log_dir / name, steps=4, finished=False)
    write_preflight(tensorboard.log_dir / "flown", {"data-order": UNMEASURED})
    starting, flown = (tab.frame.locator(f'tr[data-run="{name}/health"]') for name in ("starting", "flown"))
    expect(starting.locator(".pulse")).to_have_count(1, timeout=15_000)
    expect(flown.locator(".steps")).to_contain_text("preflight")
    expect(flown.locator(".pulse")).to_have_count(0)
    compared = open_tab(None, '&p.nnhealth.page=compare&p.nnhealth.compare=["plain%2Fhealth","only%2Fhealth"]')
    expect(compared.frame.get_by_role("row", name="Steps")).to_contain_text("4 · preflight only")
    expect(compared.frame.get_by_role("rowheader", name="preflight")).to_be_visible()


def test_wide_examples_scroll_in_their_own_part_and_answers_stand_first(open_tab):
    tab = open_tab(TABLE, "&p.nnhealth.view=examples")
    tab.page.set_viewport_size({"width": 800, "height": 900})
    region = tab.frame.get_by_role("region", name="Table of the examples")
    heads = region.locator("thead tr:first-child th")
    expect(heads).to_have_text(["Example", "target kind", "prediction kind", "measures"])
    area, wrong = region.bounding_box(), region.get_by_text("wrong:").bounding_box()
    assert area["x"] <= wrong["x"] and wrong["x"] + wrong["width"] <= area["x"] + area["width"] <= 800
    region.focus()
    for _ in range(30):
        tab.page.keyboard.press("ArrowRight")
    last = region.locator("tbody tr:first-child td").last
    expect(last).to_be_in_viewport()
    number = region.locator("tbody tr:first-child th").bounding_box()
    assert area["x"] <= number["x"] <= area["x"] + 2
    assert tab.frame.locator("html").evaluate("html => html.scrollWidth <= html.clientWidth")


def test_cards_show_slender_pictures_as_wide_as_they_are_to_be_and_many_numbers_when_asked(open_tab):
    card = open_tab(SIGNAL, address="&p.nnhealth.view=examples").frame.locator(".example").first
    box = card.get_by_role("img").bounding_box()
    assert (box["width"], box["height"]) == (126, 128)
    numbers = card.locator("details.numbers")
    expect(numbers.locator("summary")).to_have_text(f"{', '.join(['1.5'] * 8)} and 12 more")
    assert not numbers.evaluate("node => node.open")
    numbers.locator("summary").click()
    expect(numbers.locator(":scope > .numbers")).to_be_visible()


@pytest.mark.parametrize("address", ["", "&p.nnhealth.view=examples", "&p.nnhealth.view=flow"])
def test_examples_are_shown_where_no_step_could_be_taken(open_tab, address):
    tab = open_tab(BROKEN, address)
    timeline = tab.frame.get_by_role("region", name="Timeline")
    expect(timeline.get_by_role("tab")).to_have_text(["Examples"])
    expect(timeline.get_by_role("table")).to_be_visible()
    expect(timeline.get_by_text("The preflight took no step of the training")).to_be_visible()
    expect(timeline.locator(".overview")).to_be_hidden()
    assert tab.frame.locator(".evidence").evaluate_all("parts => parts.filter((one) => !one.innerText.trim())") == []


def test_no_tab_stands_where_there_is_neither_a_step_nor_an_example(open_tab):
    tab = open_tab(SILENT)
    timeline = tab.frame.get_by_role("region", name="Timeline")
    expect(timeline.get_by_text("The preflight took no step of the training")).to_be_visible()
    expect(timeline.get_by_role("tab")).to_have_count(0)


def test_failed_first_steps_are_the_first_row_and_make_the_state(open_tab):
    tab = open_tab(BROKEN)
    expect(part(tab).locator("tbody tr").first).to_contain_text("first-steps")
    expect(part(tab).locator(".flight-head")).to_contain_text("1 found an error and 1 passed · 5.5 s")
