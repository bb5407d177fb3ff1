"""The whole run with its brush and the findings' flags, and the training curves."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tb_nnhealth.faces.wording import number
from tb_nnhealth.reader import read_run
from tb_nnhealth.report.training import training_curves
from tb_nnhealth.scorecard import Scorecard
from tests.browser.runs import EPOCH, STEPS
from tests.browser.test_heatmap import imported
from tests.browser.test_layer import INKED

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

CURVES = "&p.nnhealth.view=curves"


def titles(panel) -> list[str]:
    return panel.locator(".strip-title").all_inner_texts()


def drag(tab, one: tuple[float, float], other: tuple[float, float]) -> None:
    tab.page.mouse.move(*one)
    tab.page.mouse.down()
    tab.page.mouse.move((one[0] + other[0]) / 2, other[1])
    tab.page.mouse.move(*other, steps=3)
    tab.page.mouse.up()


def at(tab, share: float) -> tuple[float, float]:
    """Returns the point of the window at a share of the whole run's width."""
    box = tab.frame.locator(".brush").bounding_box()
    return box["x"] + share * box["width"], box["y"] + 12


def zoomed(tab) -> list[int]:
    text = tab.frame.locator(".zoomed > span").inner_text()
    return [int(step) for step in re.findall(r"\d+", text)]


def test_curves_show_what_was_measured_of_the_step(open_tab):
    tab = open_tab("good/health", address=CURVES)
    panel = tab.frame.get_by_role("tabpanel", name="Training curves")
    expect(panel.locator(".strip-plot canvas").first).to_be_visible()
    shown = [title.lower() for title in titles(panel)]
    assert shown[0] == "loss"
    assert {
        "loss parts of the batch",
        "accuracy",
        "learning rate",
        "gradient norm",
        "examples a second within steps",
    } <= set(shown)
    expect(panel.locator(".strip").first.locator(".legend")).to_contain_text("validation")


def test_arrow_keys_read_the_charts(open_tab):
    tab = open_tab("good/health", address=CURVES)
    reading = tab.frame.get_by_role("tabpanel", name="Training curves").get_by_role(
        "group", name="Charts over the steps"
    )
    reading.focus()
    reading.press("End")
    told = reading.get_by_role("status")
    expect(told).to_have_text(re.compile(f"^step {STEPS - 1}; Loss: training batch "))
    reading.press("ArrowLeft")
    expect(told).to_have_text(re.compile(f"^step {STEPS - 2}; "))
    reading.press("Escape")
    expect(told).to_have_text("")


def test_validation_stands_at_the_ends_of_epochs_in_the_tab_the_file_and_the_report(open_tab, tensorboard):
    tab = open_tab("sparse/health", address=CURVES)
    loss = tab.frame.get_by_role("tabpanel", name="Training curves").locator(".strip").first
    expect(loss.locator(".line")).to_have_count(2)
    address = f"{tensorboard.address}/data/plugin/nnhealth/csv?run=sparse%2Fhealth&of=training"
    lines = list(csv.DictReader(io.StringIO(tab.page.request.get(address).text())))
    logged = [(int(one["step"]), float(one["value"])) for one in lines if one["statistic"] == "val_loss"]
    assert logged == [(step, 10.0 / (1 + step)) for step in range(EPOCH - 1, STEPS, EPOCH)]
    chart = next(chart for chart in training_curves(read_run(tensorboard.log_dir / "sparse")) if chart.title == "Loss")
    told = [(line.name, line.last) for line in chart.lines]
    assert told[1] == ("validation", number(logged[-1][1]))
    shown = loss.locator(".line").evaluate_all("all => all.map(one => [...one.children].map(part => part.innerText))")
    assert [(name, value) for _, name, value in shown] == told
    body = """epochs => {
        const frame = m.validationFrame(epochs, 'val_loss');
        return [[...frame.first], [...frame.last], [...frame.planes[0]]];
    }"""
    epochs = [{"step": step + 1, "logs": {"val_loss": value}} for step, value in logged]
    first, last, values = imported(tensorboard, tab, "views/charts.js", body, epochs)
    assert first == last == [step for step, _ in logged]
    assert values == [pytest.approx(value) for _, value in logged]


def test_value_of_the_validation_is_that_of_the_last_epoch_before_the_pointer(open_tab):
    tab = open_tab("sparse/health", address=CURVES)
    plot = tab.frame.get_by_role("tabpanel", name="Training curves").locator(".strip").first
    box = plot.locator(".u-over").bounding_box()
    for step, told in ((10, "–"), (3 * EPOCH + 2, number(10 / (3 * EPOCH))), (STEPS - 2, number(10 / (STEPS - EPOCH)))):
        plot.locator(".u-over").hover(position={"x": box["width"] * step / (STEPS - 1), "y": 30})
        expect(plot.locator(".line b").last).to_have_text(told)


def test_window_shows_the_last_values_within_it(open_tab):
    tab = open_tab("sparse/health", address=f"{CURVES}&p.nnhealth.steps=30-90")
    values = tab.frame.get_by_role("tabpanel", name="Training curves").locator(".strip").first.locator(".line b")
    expect(values.last).to_have_text(number(10 / (4 * EPOCH)))


def test_losses_can_stand_on_a_logarithmic_scale(open_tab):
    tab = open_tab("good/health", address=CURVES)
    panel = tab.frame.get_by_role("tabpanel", name="Training curves")
    canvas = panel.locator(".strip-plot canvas").first
    expect(canvas).to_be_visible()
    picture = "canvas => canvas.toDataURL()"
    before = canvas.evaluate(picture)
    panel.get_by_label("losses on a logarithmic scale").check()
    tab.page.wait_for_timeout(200)
    assert canvas.evaluate(picture) != before


def test_pointer_on_one_chart_is_followed_on_the_others(open_tab):
    tab = open_tab("good/health", address=CURVES)
    panel = tab.frame.get_by_role("tabpanel", name="Training curves")
    strips = panel.locator(".strip")
    box = strips.nth(0).locator(".u-over").bounding_box()
    strips.nth(0).locator(".u-over").hover(position={"x": box["width"] * 9 / (STEPS - 1), "y": 30})
    expect(strips.nth(0).locator(".line b").first).to_have_text("0.1")  # 1 / (1 + 9)
    overview = tab.frame.locator(".overview .line b").first
    expect(overview).to_have_text("0.1")


def test_keys_move_the_ends_of_the_window_for_every_view(open_tab):
    tab = open_tab("good/health", address=CURVES)
    last = tab.frame.get_by_role("slider", name="Last step shown")
    last.press("PageDown")
    expect(tab.frame.locator(".zoomed > span")).to_have_text(re.compile(r"steps 0–107"))
    tab.frame.get_by_role("slider", name="First step shown").press("ArrowRight")
    expect(tab.frame.locator(".zoomed > span")).to_have_text("steps 1–107")
    expect(last).to_have_attribute("aria-valuetext", "step 107")
    tab.frame.get_by_role("tab", name="Gradient flow").click()
    expect(tab.frame.get_by_role("slider", name="Step", exact=True)).to_have_attribute("aria-valuetext", "step 107")
    last.press("Escape")
    expect(tab.frame.locator(".zoomed")).to_be_hidden()
    expect(tab.frame.get_by_role("slider", name="Step", exact=True)).to_have_attribute("aria-valuetext", "step 119")


def test_window_is_drawn_moved_and_widened_by_the_pointer(open_tab):
    tab = open_tab("good/health")
    tab.frame.locator(".overview").scroll_into_view_if_needed()
    drag(tab, at(tab, 0.25), at(tab, 0.5))
    expect(tab.frame.locator(".zoomed")).to_be_visible()
    first, last = zoomed(tab)
    assert (first, last) == (pytest.approx(30, abs=2), pytest.approx(60, abs=2))
    drag(tab, at(tab, 0.4), at(tab, 0.6))
    expect(tab.frame.locator(".zoomed > span")).not_to_have_text(f"steps {first}–{last}")
    moved = zoomed(tab)
    assert moved == [pytest.approx(first + 24, abs=2), pytest.approx(last + 24, abs=2)]
    assert moved[1] - moved[0] == last - first
    handle = tab.frame.get_by_role("slider", name="Last step shown").bounding_box()
    middle = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    drag(tab, middle, at(tab, 0.9))
    expect(tab.frame.get_by_role("slider", name="Last step shown")).to_have_attribute(
        "aria-valuetext", re.compile("step 10[5-9]")
    )
    assert zoomed(tab)[0] == moved[0]
    tab.frame.locator(".brush-window").dblclick(position={"x": 20, "y": 10})
    expect(tab.frame.locator(".zoomed")).to_be_hidden()


def test_flag_leads_to_its_finding(open_tab):
    tab = open_tab("sick/health")
    flags = tab.frame.get_by_role("group", name="Findings on the steps").get_by_role("button")
    expect(flags.first).to_be_visible()
    part = tab.frame.locator("details[data-part=dead-units]")
    part.locator("> summary").click()
    assert part.get_attribute("open") is None
    flag = flags.and_(tab.frame.locator("[aria-label*='units']"))
    flag.focus()
    expect(tab.frame.locator(".pointed")).to_be_visible()
    flag.press("Enter")
    expect(part).to_have_attribute("open", "")
    expect(tab.frame.locator(".labels button[data-row='block/dense_3']")).to_have_class(re.compile("focused"))


@pytest.mark.parametrize(("steps", "first", "last"), [("", 0, STEPS - 1), ("&p.nnhealth.steps=50-90", 50, 90)])
def test_findings_are_marked_on_the_curves_and_in_a_range_of_them(open_tab, tensorboard, steps, first, last):
    tab = open_tab("sick/health", address=f"{CURVES}{steps}")
    panel = tab.frame.get_by_role("tabpanel", name="Training curves")
    flags = panel.get_by_role("group", name="Findings on the curves").get_by_role("button")
    known = {
        finding.rule: finding.first_step
        for finding in reversed(Scorecard.from_logdir(tensorboard.log_dir / "sick").findings)
        if finding.first_step is not None and (finding.last_step or finding.first_step) >= first
    }
    expect(flags).to_have_count(len({max(step, first) for step in known.values()}))
    dead = flags.and_(tab.frame.locator("[aria-label*='units']"))
    share = (known["dead-units"] - first) / (last - first)
    assert float(re.search(r"left: ([\d.]+)%", dead.get_attribute("style"))[1]) == pytest.approx(100 * share, abs=0.01)
    for strip in panel.locator(".strip").all()[:3]:
        over, canvas = strip.locator(".u-over").bounding_box(), strip.locator("canvas")
        left = over["x"] - canvas.bounding_box()["x"]
        columns = [x for x, _ in canvas.evaluate(INKED, "--error")]
        assert any(abs(x - left - share * over["width"]) < 2 for x in columns)
    dead.click()
    expect(tab.frame.locator("details[data-part=dead-units]")).to_have_attribute("open", "")


def test_flag_of_several_findings_shows_them_all_beside_the_heat_map(open_tab):
    tab = open_tab("deep/health")
    flags = tab.frame.get_by_role("group", name="Findings on the steps").get_by_role("button")
    flags.and_(tab.frame.locator("[aria-label$='Loss weights. Still improving.']")).click()
    for rule in ("loss-weights", "still-improving"):
        expect(tab.frame.locator(f"details[data-part={rule}]")).to_have_attribute("open", "")
    expect(tab.frame.locator("summary:focus")).to_have_count(1)
    bar, inner = tab.frame.locator("body").evaluate(
        "() => [document.querySelector('.top').getBoundingClientRect().bottom, window.innerHeight]"
    )
    for shown in ("summary:focus", ".heatmap"):
        top = tab.frame.locator(shown).evaluate("node => node.getBoundingClientRect().top")
        assert bar <= top < inner, shown
