"""What the tab and the report tell alike is written twice, in two languages: both tell the same."""

import itertools
import re
from dataclasses import asdict
from html import unescape

import numpy as np
import pytest

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces import wording
from tb_nnhealth.faces.bands import Band, bands
from tb_nnhealth.faces.branches import ends as ends_of
from tb_nnhealth.faces.branches import in_depth
from tb_nnhealth.faces.evidence import MOST_PLACES, Curve
from tb_nnhealth.faces.extents import extent_of
from tb_nnhealth.faces.verdict import WORDS, counts, headline, notes, spent, state_of, tiles, unjudged
from tb_nnhealth.numbers import percent, whole
from tb_nnhealth.reader import read_run
from tb_nnhealth.report import html, measured
from tb_nnhealth.report.axis import HEIGHT, INSET, decades, domain_of, tick_labels, ticks
from tb_nnhealth.report.findings import in_chart
from tb_nnhealth.report.flow import flows, lines_of
from tb_nnhealth.report.heatmap import SHOWN, scale_of
from tb_nnhealth.report.labels import labels_of
from tb_nnhealth.report.layers import opened
from tb_nnhealth.report.plans import layer_charts
from tb_nnhealth.report.scale import LEVELS, Scale, is_logarithmic, palette, scale
from tb_nnhealth.report.spread import quantiles
from tb_nnhealth.report.timeline import reach_of
from tb_nnhealth.report.training import OF_WHAT, training_curves
from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.rules._rule import SEVERITIES
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.vocabulary import HISTOGRAM_BINS, STATISTICS
from tests.browser.test_heatmap import imported

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]

SIZES = [1.0, 1.125, 1.245, 2.5, 9.995, 99.95, 123.4, 250.5, 999.5, 999.96]
NUMBERS = [sign * size * 10.0**power for sign, size, power in itertools.product((1, -1), SIZES, range(-9, 9))]
RULES = [diagnosis.rule for diagnosis in DIAGNOSES.values()]
TEXTS = [
    *(text for rule in RULES for text in (rule.name, rule.title, rule.passing_title)),
    "", "NaN appears", "relu6 is bounded", "x_y", "nothing was found", "the end!", "a, b", "Non-finite", "I am", "so:",
]  # fmt: skip


def test_numbers(open_tab, tensorboard):
    tab = open_tab()
    units = ["", "ratio", "fraction", "0 or 1", "steps", "examples/s", *wording.NAMES]
    given = [[value, unit] for value, unit in itertools.product([*NUMBERS, 0.0, 1.7976931348623157e308, None], units)]
    found = imported(tensorboard, tab, "format.js", "all => all.map(([value, unit]) => m.quantity(value, unit))", given)
    assert found == [wording.quantity(value, unit) for value, unit in given]


def test_shares_and_counts_of_messages(open_tab, tensorboard):
    shares = [0.0, 1.2e-7, 3.33e-3, 0.05, 0.8824, 1.0, 3.0, 157.92, 2.0e16]
    counts_ = [0, 1, 2.5, 999, 1000, 14_410, 352_737, 12_345_678, 999_999_999_999]
    body = "(shares, counts) => [shares.map(share => m.quantity(share, 'fraction')), counts.map(m.whole)]"
    told = [[percent(share) for share in shares], [whole(count) for count in counts_]]
    assert imported(tensorboard, open_tab(), "format.js", body, shares, counts_) == told


def test_counts(open_tab, tensorboard):
    given = [0, 1, 2, 999, 1000, 1005, 1234, 50_890, 999_950, 1_500_000, 2_345_000_000]
    body = "all => all.map(n => [m.short(n), m.plural(n, 'check'), m.steps(0, n), m.steps(n, null)])"
    assert imported(tensorboard, open_tab(), "format.js", body, given) == [
        [wording.short(c), wording.plural(c, "check"), wording.steps(0, c), wording.steps(c, None)] for c in given
    ]


def test_durations(open_tab, tensorboard):
    given = [0.0, 0.0123, 0.726, 9.14, 17.2, 59.9, 60.0, 90.0, 3599.0, 5400.0, 86_000.0, 216_000.0]
    found = imported(tensorboard, open_tab(), "format.js", "all => all.map(m.duration)", given)
    assert found == [wording.duration(seconds) for seconds in given]


def test_sentences(open_tab, tensorboard):
    body = "all => all.map(text => [m.words(text), m.sentence(text)])"
    assert imported(tensorboard, open_tab(), "format.js", body, TEXTS) == [
        [wording.words(text), wording.sentence(text)] for text in TEXTS
    ]


def test_places(open_tab, tensorboard):
    names = ("variable", "layer", "tensor")
    given = [dict(zip(names, places, strict=True)) for places in itertools.product((None, "a/b", "c"), repeat=3)]
    found = imported(tensorboard, open_tab(), "format.js", "all => all.map(m.where)", given)
    assert found == [list(Finding("rule", "error", "", **places).where) for places in given]


@pytest.mark.parametrize("run", ["calm", "good", "sick", "sparse"])
def test_the_verdict(run, open_tab, tensorboard):
    tab = open_tab(f"{run}/health")
    read = read_run(tensorboard.log_dir / run)
    card = Scorecard.from_run(read)
    state, sentence = headline(read, card)
    verdict = tab.frame.locator("section.verdict")
    assert verdict.locator(".count").all_inner_texts() == [text for _, text in counts(card)]
    chips = verdict.locator(".chip").evaluate_all("all => all.map(chip => chip.dataset.state)")
    assert chips == [tile.state for tile in tiles(card)]
    assert verdict.locator(".chip .judged").all_inner_texts() == [tile.judged for tile in tiles(card)]
    assert (verdict.get_attribute("data-state"), verdict.locator("h1").inner_text()) == (state, sentence)
    shown = [note.strip() for note in verdict.locator("ul.notes li").all_inner_texts()]
    assert shown == notes(read) + unjudged(card)
    steps = re.search(r"<dt>Steps</dt><dd>(.*?)</dd>", html(read, card))
    assert steps and tab.frame.locator("dl.measured dd").nth(3).inner_text() == steps[1]
    first = re.findall(r'<p class="first">(.*?)</p>', html(read, card))
    shown = tab.frame.locator(".verdict p.first").all_inner_texts()
    assert shown == [unescape(re.sub("<[^>]*>", "", text)) for text in first]
    assert len(shown) == (card.first_to_mend is not None)
    facts = dict(re.findall(r"<dt>(\w+)</dt><dd>(.*?)</dd>", html(read, card).partition("</header>")[0]))
    names = ("Model", "Loss", "Steps", "Measuring", "Compiling")
    told = {name: re.sub("<[^>]*>", "", facts[name]) for name in names if name in facts}
    terms = verdict.locator("dl.measured dt").all_inner_texts()
    values = dict(zip(terms, verdict.locator("dl.measured dd").all_inner_texts(), strict=True))
    assert {name: values[name] for name in names if name in values} == told and "Measuring" in told


def test_states(open_tab, tensorboard):
    rule = next(iter(DIAGNOSES.values()))
    verdicts = [
        Verdict(rule, status, {}, (Finding("rule", severity, ""),) if severity else ())
        for status in ("pass", "fail", "no_data", "error")
        for severity in (None, *SEVERITIES)
    ]
    given = [{"status": verdict.status, "severity": verdict.severity} for verdict in verdicts]
    states = imported(tensorboard, open_tab(), "views/verdict.js", "all => [all.map(m.stateOf), m.WORDS]", given)
    assert states == [[state_of(verdict) for verdict in verdicts], WORDS]


def test_what_a_number_is(open_tab, tensorboard):
    tab = open_tab()
    given = [
        {"statistic": statistic, "unit": unit}
        for statistic in (None, "loss", "update_ratio", "dead_unit_fraction", "metric/accuracy")
        for unit in (None, "", "ratio", "fraction", "0 or 1", "steps", *wording.NAMES)
    ]
    found = imported(tensorboard, tab, "views/findings.js", "all => all.map(m.what)", given)
    assert found == [measured(Finding("rule", "error", "", **one)) for one in given]
    assert imported(tensorboard, tab, "views/findings.js", "() => m.MOST_PLACES") == MOST_PLACES


def test_what_measuring_took_is_a_share_of_all_the_time_or_told_to_be_that_of_a_dense_start(open_tab, tensorboard):
    auto = {"sampling": "auto", "overhead": 0.02}
    cases = [
        ({"sampling": 6.4, "elapsed": 920.0, "training": 45.8}, auto, "6.4 s · 0.696 % of the time"),
        ({"sampling": 0.25, "elapsed": 1.0, "training": 0.8}, auto, "0.25 s · the start is sampled densely"),
        ({"sampling": 0.25, "elapsed": 1.0, "training": 0.8}, {**auto, "sampling": 4}, "0.25 s · 25 % of the time"),
        (
            {"sampling": 1.5, "elapsed": 1.0, "training": 0.8},
            {**auto, "sampling": 1},
            "1.5 s · the start is sampled densely",
        ),
        ({"sampling": 0.0, "elapsed": 0.0, "training": 0.0}, auto, None),
    ]
    body = "all => all.map(([costs, settings]) => m.spent(costs, settings))"
    found = imported(tensorboard, open_tab(), "views/verdict.js", body, [case[:2] for case in cases])
    assert found == [told for *_, told in cases]
    assert [spent(costs, settings) or None for costs, settings, _ in cases] == found


def test_a_number_that_is_another_in_the_chart(open_tab, tensorboard):
    given = [
        (value, unit, {"limit": limit, "unit": own})
        for value, unit, limit, own in itertools.product(
            (10.0, 0.25), (None, "ratio", "fraction"), (None, 10.0, 13.4), ("", "fraction")
        )
    ]
    body = "all => all.map(([value, unit, curve]) => m.inChart(value, {unit}, curve, 'limit'))"
    texts = imported(tensorboard, open_tab(), "views/findings.js", body, given)
    assert texts == [
        in_chart(value, Finding("rule", "error", "", unit=unit), curve, "limit") for value, unit, curve in given
    ]
    assert in_chart(10.0, Finding("rule", "error", ""), {"limit": 13.4, "unit": ""}, "limit") == " (13.4 in the chart)"
    assert in_chart(10.0, Finding("rule", "error", ""), None, "limit") == ""


VALUES = ([], [0.0], [3.0], [-2.0, 1.0], [0.2, 0.25], [0.0, 1e-3, 5.0], [1e-20, 1.0], [2.0, 3e4], [-5.0], [0.5, 0.75])


def test_scales_of_colours(open_tab, tensorboard):
    limits = {
        "update_ratio": Band(1e-4, 0.1),
        "dead_unit_fraction": Band(None, 0.4),
        "value_kurtosis": Band(None, 30.0),
    }
    body = """(all, bands) => all.map(([name, unit, values]) => {
        const {kind, low, high, beyond} = m.scaleFor(name, unit, [Float32Array.from(values)], bands[name] ?? null);
        return [kind, low, high, beyond];
    })"""
    told = {name: asdict(band) for name, band in limits.items()}
    units = {name: statistic.unit for name, statistic in STATISTICS.items()}
    given = [[name, unit, values] for (name, unit), values in itertools.product(units.items(), VALUES)]
    found = imported(tensorboard, open_tab(), "scale.js", body, given, told)
    for [name, unit, values], [kind, *scaled, beyond] in zip(given, found, strict=True):
        own = scale(name, unit, extent_of(np.array(values, np.float32)), limits.get(name))
        assert (kind, *scaled, beyond) == (own.kind, *map(pytest.approx, (own.low, own.high)), own.beyond), (
            name,
            values,
        )


@pytest.mark.parametrize("run", ["deep", "sick"])
@pytest.mark.parametrize("is_banded", [False, True])
def test_colours_stand_for_the_same_values(is_banded, run, open_tab, tensorboard):
    read = read_run(tensorboard.log_dir / run)
    limits = bands(Scorecard.from_run(read)) if is_banded else {}
    body = """async (run, all, bands) => {
        const {extent} = await import(new URL('api.js', address));
        return Promise.all(all.map(async ([table, name, unit]) => {
            const {low, high, beyond} = m.scaleFor(name, unit, [await extent(run, table, name)], bands[name] ?? null);
            return [low, high, beyond];
        }));
    }"""
    tables = {"variable": "variables", "activation": "activations"}
    given = [[tables[STATISTICS[name].scope], name, STATISTICS[name].unit] for name in SHOWN]
    told = {name: asdict(band) for name, band in limits.items()}
    found = imported(tensorboard, open_tab(f"{run}/health"), "scale.js", body, f"{run}/health", given, told)
    for name, (low, high, beyond) in zip(SHOWN, found, strict=True):
        own = scale_of(read, name, limits.get(name))
        assert (low, high, beyond) == (pytest.approx(own.low), pytest.approx(own.high), own.beyond), name


def test_kinds_of_scales(open_tab, tensorboard):
    names = list(STATISTICS)
    kinds = imported(tensorboard, open_tab(), "scale.js", "all => all.map(m.kindOf)", names)
    assert [kind == "log" for kind in kinds] == [is_logarithmic(name) for name in names]


def test_labels(open_tab, tensorboard):
    long = [f"model/a_block_with_a_long_name_{index}/attention_output_projection/kernel" for index in range(2)]
    cases = [
        ["dense/kernel"],
        ["dense_0/kernel", "dense_0/bias", "output/kernel"],
        [f"model/{branch}/dense_{index}/kernel" for branch in ("encoder", "decoder") for index in range(2)],
        long,
        [f"{'x' * 60}/kernel", f"{'y' * 60}/kernel"],
    ]
    found = imported(tensorboard, open_tab(), "views/labels.js", "all => all.map(m.labelsOf)", cases)
    assert found == [labels_of(names) for names in cases]
    assert found[2] == ["encoder/dense_0", "encoder/dense_1", "decoder/dense_0", "decoder/dense_1"]


@pytest.mark.parametrize(
    "given",
    [
        Scale("log", True, 1e-3, 1.0),
        Scale("linear", False, 0.0, 1.0),
        Scale("signed", False, -1.0, 1.0),
        Scale("band", True, 1e-6, 10.0, Band(1e-4, 0.1)),
        Scale("band", False, 0.0, 1.0, Band(None, 0.4)),
        Scale("band", True, 1e-3, 1.0, Band(0.1, None)),
        Scale("band", True, 1e-7, 10.0, Band(1e-5, 1e-2, 0.1)),
        Scale("band", False, 0.0, 1.0, Band(None, 0.4, 0.9)),
    ],
    ids=str,
)
def test_colours(given, open_tab, tensorboard):
    body = "(given, places) => places.map(at => m.colour(given, at, false))"
    places = np.linspace(0, 1, LEVELS).tolist()
    found = imported(tensorboard, open_tab(), "scale.js", body, asdict(given), places)
    assert np.abs(np.array(found) - palette(given)[:LEVELS].astype(int)).max() <= 1


AXES = (
    (2.295, 2.309, 3), (0.0, 1.0, 2), (-3.0, 7.0, 4), (1e-4, 2.5e-4, 2), (9900.0, 14200.0, 4), (1e-6, 0.02, 3),
    (2.0, 2.0, 3),
)  # fmt: skip


def test_axes(open_tab, tensorboard):
    body = """all => all.map(([low, high, most]) => {
        const values = m.ticks(low, high, most);
        return [values, m.tickLabels(values), low > 0 ? m.decades(low, high, most) : []];
    })"""
    found = imported(tensorboard, open_tab(), "format.js", body, AXES)
    for (low, high, most), (values, labels, tens) in zip(AXES, found, strict=True):
        assert ticks(low, high, most) == pytest.approx(values)
        assert tick_labels(values) == labels
        assert low <= 0 or decades(low, high, most) == pytest.approx(tens)


def test_charts_of_a_layer(open_tab, tensorboard):
    tab = open_tab("sick/health", address="&p.nnhealth.row=block%2Fdense_2%2Fkernel")
    region = tab.frame.get_by_role("region", name="Charts of the chosen row")
    region.locator(".strip-title").first.wait_for()
    run = read_run(tensorboard.log_dir / "sick")
    own = layer_charts(run, run.model.layer("block/dense_2"), reach_of(run))
    assert region.locator(".strips").first.locator(".strip-title").all_inner_texts() == [chart.title for chart in own]


def test_histograms_in_a_few_numbers(open_tab, tensorboard):
    body = """all => all.map((values) => {
        const bins = m.binsOf({columns: 1, planes: [Float32Array.from(values)]});
        return m.summary(bins, 0);
    })"""
    counts = [np.zeros(HISTOGRAM_BINS, np.float32) for _ in range(3)]
    counts[0][20:30], counts[1][[10, 60, 80]], counts[2][70:90] = 1, (2, 5, 1), np.arange(20)
    given = [(values / values.sum()).tolist() for values in counts]
    found = imported(tensorboard, open_tab(), "views/bins.js", body, given)
    assert found == [[list(one) for one in quantiles(np.array(values, np.float32))] for values in given]


def test_names_of_histograms(open_tab, tensorboard):
    tab = open_tab("sick/health", address="&p.nnhealth.row=block%2Fdense_2%2Fkernel")
    titles = tab.frame.locator(".histograms .strip-title")
    titles.first.wait_for()
    read = read_run(tensorboard.log_dir / "sick")
    card = Scorecard.from_run(read)
    (part,) = (one for one in opened(read, card, {}, reach_of(read)) if one.facts["path"] == "block/dense_2")
    own = [spread.title for spread in part.spreads if not spread.title.startswith("bias")]
    assert [title[:1].lower() + title[1:] for title in titles.all_inner_texts()] == own


def test_flows(open_tab, tensorboard):
    tab = open_tab("sick/health", address="&p.nnhealth.view=flow")
    run = read_run(tensorboard.log_dir / "sick")
    limits = bands(Scorecard.from_run(run))
    own = flows(run, limits)
    able = tab.frame.locator(".flow-choices .choices button:enabled")
    able.first.wait_for()
    assert able.all_inner_texts() == [flow.title for flow in own]
    assert tab.frame.locator(".flow p.said").inner_text() == own[0].told
    body = "given => m.FLOWS.map(flow => [flow.title, m.healthyOf({bands: given}, flow)?.map(Math.log10) ?? []])"
    given = {name: asdict(band) for name, band in limits.items()}
    healthy = dict(imported(tensorboard, tab, "views/depth.js", body, given))
    told = [" … ".join(wording.number(value) for value in healthy[flow.title]) for flow in own]
    assert told == [flow.usual for flow in own] and any(told)


BRANCHES = [[(0,)] * 3, [(0, 1), (1,), (0,), (1,), (0, 1)], [(0, 1, 2), (1, 2), (0, 2), (2,), (0, 1), (0,)], []]


def test_order_of_depth_and_what_is_compared_along_it(open_tab, tensorboard):
    body = """all => all.map(branches => {
        const rows = m.inDepth(branches.map((_, index) => index), branches);
        const own = rows.map(row => branches[row]);
        return [rows, m.breaksOf(own), m.endsOf(own)];
    })"""
    found = imported(tensorboard, open_tab(), "views/depth.js", body, BRANCHES)
    for branches, (rows, breaks, pairs) in zip(BRANCHES, found, strict=True):
        assert rows == [row for _, row in sorted((in_depth(branch), row) for row, branch in enumerate(branches))]
        own = [branches[row] for row in rows]
        assert breaks == [line.start for line in lines_of(own)][1:]
        assert list(map(tuple, pairs)) == ends_of(own)


def test_domains_of_small_charts(open_tab, tensorboard):
    given = [
        {"statistic": statistic, "unit": unit, "limit": limit, "low": values, "high": values}
        for (statistic, unit), limit, values in itertools.product(
            (("loss", ""), ("update_ratio", "ratio"), ("dead_unit_fraction", "fraction"), ("activation_mean", "")),
            (None, -1.0, 0.5, 100.0),
            VALUES[1:],
        )
    ]
    shares = [0.0, 0.1, 0.5, 1.0]
    body = """(all, shares) => all.map(m.domainOf).map(({low, high, place}) =>
        [low, high, shares.map((share) => place(low + share * (high - low)))])"""
    found = imported(tensorboard, open_tab(), "views/sparkline.js", body, given, shares)
    for one, (low, high, places) in zip(given, found, strict=True):
        values = np.array(one["low"], np.float32)
        curve = Curve("row", one["statistic"], one["unit"], np.arange(len(values)), values, values, values)
        own = domain_of((curve,), one["statistic"], one["unit"], one["limit"])
        assert (low, high) == (pytest.approx(own.low), pytest.approx(own.high)), one
        down = own.down(np.array([low + share * (high - low) for share in shares]))
        assert [INSET + (HEIGHT - 2 * INSET) * (1 - place) for place in places] == pytest.approx(down.tolist()), one


@pytest.mark.parametrize("run", ["good", "sick"])
def test_training_curves(run, open_tab, tensorboard):
    tab = open_tab(f"{run}/health", address="&p.nnhealth.view=curves")
    titles = tab.frame.locator(".curves .strip-title")
    titles.first.wait_for()
    own = training_curves(read_run(tensorboard.log_dir / run))
    shown = [title[:1].upper() + title[1:] for title in titles.all_inner_texts()]
    assert shown == [chart.title for chart in own]
    names = tab.frame.locator(".curves .strip .name").all_inner_texts()
    assert names == [line.name for chart in own for line in chart.lines]
    assert {"training batch", "training mean"} <= set(names)
    assert tab.frame.locator(".curves .hint").inner_text() == OF_WHAT


def test_layer_named_as_what_every_object_has_keeps_its_name(open_tab, tensorboard):
    body = """async () => {
        const one = {run: 'a', version: '1', facts: {tables: {variables: {rows: ['constructor', 'dense_1']}}}};
        const kept = {keep: async () => ({dense_1: 'dense'})};
        const {facts} = await m.Sweep.prototype.alike.call(kept, one, {run: 'b', version: '1'});
        return facts.tables.variables.rows.map(String);
    }"""
    assert imported(tensorboard, open_tab(), "sweep.js", body) == ["constructor", "dense"]
