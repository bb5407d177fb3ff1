"""What was measured and is NaN is said to be NaN, and never shown as the last number before it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

import tools.browser
from tb_nnhealth.reader import read_run
from tb_nnhealth.report.flow import flows
from tb_nnhealth.report.training import training_curves
from tests.browser.conftest import TensorBoard
from tests.browser.odd import NAN_FROM, STEPS, write_nan_run
from tests.browser.test_layer import INKED

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    log_dir = tmp_path_factory.mktemp("nan")
    write_nan_run(log_dir / "nan", NAN_FROM)
    write_nan_run(log_dir / "all_nan", 0)
    with tools.browser.tensorboard(log_dir, "--reload_interval", "1") as address:
        yield TensorBoard(address, log_dir)


def legend(part) -> list[list[str]]:
    return [line.locator(".name, b").all_inner_texts() for line in part.locator(".line").all()]


def test_curves_say_nan_where_the_loss_is(open_tab):
    tab = open_tab("nan/health", address="&p.nnhealth.view=curves")
    curves = tab.frame.get_by_role("tabpanel", name="Training curves")
    loss = curves.locator(".strip").first
    expect(loss.locator(".strip-title")).to_have_text("Loss")
    assert legend(loss) == [["training batch", "NaN"], ["validation", "NaN"]]
    expect(loss.locator("b").first).to_have_attribute("title", f"NaN since step {NAN_FROM}")
    expect(loss.locator("b").last).to_have_attribute("title", f"NaN since step {STEPS - 13}")
    overview = tab.frame.locator(".overview")
    assert legend(overview) == [["training batch", "NaN"], ["validation", "NaN"]]


def test_number_before_it_is_told_where_it_was(open_tab):
    tab = open_tab("nan/health", address=f"&p.nnhealth.view=curves&p.nnhealth.steps=0-{NAN_FROM - 3}")
    loss = tab.frame.get_by_role("tabpanel", name="Training curves").locator(".strip").first
    expect(loss.locator("b").first).not_to_have_text("NaN")
    expect(loss.locator("b").last).to_have_text("0.5")


def test_loss_that_is_nan_from_the_start_has_its_chart(open_tab):
    tab = open_tab("all_nan/health", address="&p.nnhealth.view=curves")
    curves = tab.frame.get_by_role("tabpanel", name="Training curves")
    loss = curves.locator(".strip").first
    expect(loss.locator(".strip-title")).to_have_text("Loss")
    assert legend(loss) == [["training batch", "NaN"], ["validation", "NaN"]]
    assert loss.locator("canvas").evaluate(INKED, "--error")
    expect(curves.locator(".strip-title", has_text="Loss parts")).to_have_count(0)
    unjudged = tab.frame.locator(".verdict .notes")
    expect(unjudged).to_contain_text("NaN or infinity appears at step 0")
    expect(unjudged).not_to_contain_text("loss was not measured")


@pytest.mark.parametrize("run", ["nan", "all_nan"])
def test_report_says_of_curves_what_the_tab_says(run, open_tab, tensorboard):
    tab = open_tab(f"{run}/health", address="&p.nnhealth.view=curves")
    curves = tab.frame.get_by_role("tabpanel", name="Training curves")
    curves.locator(".strip-title").first.wait_for()
    own = training_curves(read_run(tensorboard.log_dir / run))
    assert legend(curves) == [[line.name, line.last] for chart in own for line in chart.lines]
    since = curves.locator("b.lost").evaluate_all("all => all.map(one => one.title)")
    assert since == [line.since for chart in own for line in chart.lines if line.since]


@pytest.mark.parametrize("run", ["nan", "all_nan"])
def test_report_says_of_the_flow_what_the_tab_says(run, open_tab, tensorboard):
    tab = open_tab(f"{run}/health", address="&p.nnhealth.view=flow")
    said = tab.frame.locator(".flow p.said")
    expect(said).to_contain_text("At step")
    assert said.inner_text() == flows(read_run(tensorboard.log_dir / run), {})[0].told
    enabled = tab.frame.locator(".flow-choices .choices button:enabled").all_inner_texts()
    assert enabled == [flow.title for flow in flows(read_run(tensorboard.log_dir / run), {})]


def test_tile_of_what_nan_cut_off_is_not_healthy(open_tab):
    tab = open_tab("nan/health")
    for name in ("loss", "gradients"):
        tile = tab.frame.locator(f"[data-key='category:{name}']")
        expect(tile).not_to_have_attribute("data-state", "pass")
    expect(tab.frame.locator("[data-key='category:loss']")).to_contain_text("not judged")
    expect(tab.frame.locator(".verdict .notes")).to_contain_text("only what was measured before it was judged")


def test_evidence_marks_from_where_on_there_is_nan(open_tab):
    plot = open_tab("nan/health").frame.locator("[data-part='nonfinite-values'] .spark-plot").first
    expect(plot).to_have_accessible_name(re.compile(f", NaN from step {NAN_FROM},"))
    expect(plot.locator(".lost-label")).to_have_text("NaN")
    assert plot.locator("path.gone").get_attribute("d")


def test_flow_opens_where_there_are_numbers_and_says_from_where_on_all_is_nan(open_tab):
    tab = open_tab("nan/health", address="&p.nnhealth.view=flow")
    flow = tab.frame.get_by_role("tabpanel", name="Gradient flow")
    said = flow.get_by_role("status").first
    expect(said).to_contain_text(f"At step {NAN_FROM - 1}, ")
    expect(said).to_contain_text(f"All is NaN from step {NAN_FROM} on.")
    slider = flow.get_by_role("slider", name="Step")
    slider.fill(str(STEPS - 1))
    expect(said).to_have_text(f"At step {STEPS - 1} all is NaN.")
    flow.locator(".flow-plot").focus()
    flow.locator(".flow-plot").press("ArrowRight")
    expect(said).to_contain_text("dense/kernel NaN at step")


def test_cell_of_the_heat_map_says_nan(open_tab):
    choice = "&p.nnhealth.table=variables&p.nnhealth.statistic=gradient_rms"
    tab = open_tab("nan/health", address=choice)
    plot = tab.frame.locator(".heatmap .plot")
    box = plot.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 30)
    expect(tab.frame.locator(".tip-value")).to_contain_text("NaN gradient rms")


def test_layer_says_nan(open_tab):
    tab = open_tab("nan/health", address="&p.nnhealth.row=dense%2Fkernel")
    panel = tab.frame.get_by_role("region", name="Charts of the chosen row")
    expect(panel.locator(".line b.lost").first).to_have_text("NaN")
