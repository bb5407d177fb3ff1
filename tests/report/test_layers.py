"""The report's parts that go layer by layer: gradient flow, charts, histograms, and how large they get."""

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from tb_nnhealth.faces.bands import Band, bands
from tb_nnhealth.records import HealthRun, Histograms, Table
from tb_nnhealth.report import html
from tb_nnhealth.report.flow import MOST_LABELS, flows
from tb_nnhealth.report.layers import MOST_OPENED, opened
from tb_nnhealth.report.plans import layer_charts
from tb_nnhealth.report.timeline import reach_of
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.vocabulary import HISTOGRAM_BINS
from tests.report.test_report import Page, page, sick
from tests.rules.builder import change, healthy, model

FILLED = slice(30, 75)


def noisy(hidden: int) -> HealthRun:
    """A run whose every curve and histogram is noise, so that nothing of it can be packed."""
    run = healthy(model(hidden=hidden), steps=np.arange(300))
    random = np.random.default_rng(0)

    def spread_out(old: Table) -> Table:
        values = np.exp(random.normal(size=old.values.shape)).astype(np.float32)
        return dataclasses.replace(old, values=values, low=values / 2, high=values * 2)

    return with_histograms(
        dataclasses.replace(run, variables=spread_out(run.variables), activations=spread_out(run.activations)), random
    )


def with_histograms(run: HealthRun, random: np.random.Generator | None = None) -> HealthRun:
    def counted(old: Table) -> Table:
        counts = np.zeros((60, len(old.rows), HISTOGRAM_BINS), np.float32)
        counts[:, :, FILLED] = random.integers(0, 1000, counts[:, :, FILLED].shape) if random else 1
        steps = np.arange(60, dtype=np.int64) * 5
        return Table(
            old.rows, tuple(map(str, range(HISTOGRAM_BINS))), steps, steps.astype(float), counts, counts, counts
        )

    kinds = {"value": run.variables, "gradient": run.variables, "update": run.variables, "activation": run.activations}
    return dataclasses.replace(run, histograms=Histograms.of({kind: counted(old) for kind, old in kinds.items()}))


def flow(run: HealthRun, statistic: str = "Gradient", limits: dict[str, Band] | None = None):
    (found,) = (one for one in flows(run, limits or {}) if one.title == statistic)
    return found


def test_gradient_flow_says_how_far_the_first_layer_is_from_the_last():
    run = change(healthy(), "variable", "gradient_rms", 1e-3)
    fading = change(run, "variable", "gradient_rms", 5e-6, "dense_0/kernel")
    shown = flow(fading)
    assert shown.told == "At step 950, dense_0/kernel has 0.005 × what output/kernel has."
    assert [label.text for label in shown.labels] == ["dense_0", "dense_1", "dense_2", "dense_3", "output"]
    assert shown.ticks[0].label == "1e-6"


def test_gradient_flow_is_of_the_last_step_within_the_whole_run():
    time = np.ones(28)
    time[10] = 1e4
    shown = flow(change(healthy(), "variable", "gradient_rms", time[:, None]))
    assert shown.path.count("h0") == 1 and shown.band
    assert not flow(change(healthy(), "variable", "gradient_rms", 1.0)).band


def test_gradient_flow_skips_steps_at_which_nothing_was_measured():
    late = np.where(np.arange(28) < 20, 1.0, np.nan)[:, None]
    assert "At step 550" in flow(change(healthy(), "variable", "gradient_rms", late)).told


def test_what_is_zero_or_infinite_is_a_dot_at_the_edge():
    run = change(healthy(), "variable", "gradient_rms", 0.0, "dense_1/kernel")
    shown = flow(change(run, "variable", "gradient_rms", np.inf, "dense_2/kernel"))
    assert re.findall(r"M(\d+) ([\d.]+)h0", shown.edges) == [("300", "96.0"), ("500", "4.0")]
    assert shown.ticks[0].label == "0"
    assert "Red dots are exactly zero" in page(run).text


def test_update_ratio_has_its_usual_range_in_powers_of_ten():
    run = healthy()
    shown = flow(run, "Update ÷ weight", bands(Scorecard.from_run(run)))
    assert shown.healthy is not None and shown.usual == "−4 … −2"
    assert flow(run).healthy is None


def test_flow_of_many_layers_names_as_many_as_have_room():
    shown = flow(healthy(model(hidden=1000)))
    assert len(shown.labels) <= MOST_LABELS and shown.is_leaning
    assert shown.path.count("L") == 1000 and not shown.dots


def test_layers_are_closed_and_have_their_facts():
    shown = page(with_histograms(sick()))
    parts = [attributes for attributes in shown.all("details") if attributes.get("class") == "card layer"]
    assert len(parts) == 5
    assert not any("open" in attributes for attributes in shown.all("details"))
    text = " ".join(shown.text.split())
    assert "2 of 5 in forward order" in text and "5 of 5 in forward order, an output of the model" in text
    assert "GlorotUniform" in text and "std 0.17" in text and "(32, 10)" in text


def test_a_layer_has_the_charts_of_its_page():
    run = sick()
    titles = [chart.title for chart in layer_charts(run, run.model.layers[0], reach_of(run))]
    assert titles == ["Gradient rms", "Update ratio", "Weight rms", "Output", "Units", "Gradient into output"]
    broken = change(run, "variable", "gradient_nonfinite", 3.0, "dense_0/kernel")
    *_, last = layer_charts(broken, broken.model.layers[0], reach_of(broken))
    assert (last.title, [line.name for line in last.lines]) == ("NaN and Inf", ["kernel gradient"])


def test_a_layer_has_its_findings():
    run = sick()
    card = Scorecard.from_run(run)
    parts = opened(run, card, bands(card), reach_of(run))
    for part in parts:
        path = part.facts["path"]
        own = [finding for finding, _, is_sign in part.findings if not is_sign]
        assert own == [found for found in card.findings if path in (found.layer or found.variable or "")][: len(own)]
    assert any(part.findings for part in parts)


def test_a_layer_has_its_histograms():
    run = with_histograms(healthy())
    card = Scorecard.from_run(run)
    first = opened(run, card, bands(card), reach_of(run))[0]
    assert [spread.title for spread in first.spreads] == [
        "kernel values", "kernel gradient", "kernel update", "bias values", "bias gradient", "bias update", "output",
    ]  # fmt: skip
    assert (first.spreads[0].first, first.spreads[0].last) == ("step 0", "295")
    assert "median" in first.spreads[0].told and "about" in first.spreads[0].told
    assert [tick.label for tick in first.spreads[0].ticks][1] == "0"


def test_histograms_stand_where_they_were_taken():
    """Each holds until the next one: what came late has little room."""
    run = with_histograms(healthy())
    table = run.histograms["value"]
    counts = np.zeros((3, len(table.rows), HISTOGRAM_BINS), np.float32)
    counts[[0, 1, 2], :, [40, 50, 60]] = 1
    steps = np.array([0, 1, 100])
    late = Table(table.rows, table.columns, steps, steps.astype(float), counts, counts, counts)
    run = dataclasses.replace(run, histograms=Histograms.of({"value": late}))
    card = Scorecard.from_run(run)
    spread = opened(run, card, bands(card), reach_of(run))[0].spreads[0]
    colours = drawn(spread.picture)
    assert [np.flatnonzero(column).tolist() for column in colours.T[[0, 1, -2, -1]]] == [[21], [11], [11], [1]]


def drawn(address: str) -> np.ndarray:
    file = io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))
    return np.array(Image.open(file))


@pytest.mark.parametrize(("hidden", "most"), [(49, 3_000_000), (999, 15_000_000)])
def test_size_is_bounded_by_the_layers(hidden, most):
    run = noisy(hidden)
    text = html(run, Scorecard.from_run(run))
    assert most / 5 < len(text.encode()) < most
    assert text.count('<details class="card layer">') == min(hidden + 1, MOST_OPENED)
    assert ("100 of the 1,000 layers" in text) == (hidden == 999)


def test_of_many_layers_those_with_findings_and_the_worst_are_told():
    run = healthy(model(hidden=300))
    run = change(run, "variable", "update_ratio", 1e-8, "dense_250/kernel")
    run = change(run, "activation", "dead_unit_fraction", 0.95, "dense_290")
    card = Scorecard.from_run(run)
    told = [part.facts["path"] for part in opened(run, card, bands(card), reach_of(run))]
    assert len(told) == MOST_OPENED and {"dense_250", "dense_290"} <= set(told)
    text = Page(html(run, card)).text
    assert "100 of the 301 layers: those with findings" in " ".join(text.split())
