"""The static report: one safe, bounded, deterministic file that says what the scorecard says."""

import base64
import dataclasses
import hashlib
import io
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tb_nnhealth.faces.bands import Band
from tb_nnhealth.faces.evidence import MOST_PLACES
from tb_nnhealth.faces.rates import PROBE as RANGE
from tb_nnhealth.faces.wording import LONGEST
from tb_nnhealth.reader.gallery import gallery_of
from tb_nnhealth.records import Epoch, Flight, Galleries, HealthRun, Probed
from tb_nnhealth.report import html
from tb_nnhealth.report.findings import MOST_EVIDENCE
from tb_nnhealth.report.flow import flows
from tb_nnhealth.report.heatmap import MOST_COLUMNS, MOST_ROWS, heat_maps
from tb_nnhealth.report.layers import MOST_LAYERS
from tb_nnhealth.report.scale import MARKS
from tb_nnhealth.report.training import training_curves
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary.writer import strict
from tests.faces.test_branches import two_headed
from tests.flown import rates
from tests.rules.builder import STEPS, change, healthy, losses, model, stuck, with_epochs, with_head, with_layers
from tests.synthetic import make_gallery

LARGEST = 15_000_000
"""Bytes that no report passes, whatever the run."""

VOID = {"meta", "img", "wbr"}

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"'`><svg onload=alert(1)>", "{{ 7 * 7 }}{% x %}",
    "🧠\u200d🔥", "\u202eevil", "a\x00b\ud800c\ufffe", "x" * 10_000, "</style></title></textarea>",
    "javascript:alert(1)",
)  # fmt: skip


class Page(HTMLParser):
    """The tags of a page, checked to be closed in order, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def between(self, start, end):
        """The tags from a heading to another."""
        headings = [attributes.get("id") for _, attributes in self.tags]
        return self.tags[headings.index(start) : headings.index(end)]

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def sick(run: HealthRun | None = None) -> HealthRun:
    run = run or healthy()
    epochs = tuple(Epoch(i, 100 * (i + 1), {"loss": 1.0, "val_loss": 2.0 - 0.1 * i}) for i in range(5))
    dead = change(stuck(run), "activation", "dead_unit_fraction", 0.95)
    return dataclasses.replace(dead, epochs=epochs)


def page(run: HealthRun) -> Page:
    return Page(html(run, Scorecard.from_run(run)))


def renamed(run: HealthRun, names) -> HealthRun:
    """Returns the run with hostile names of the run, the model, layers, variables and rows."""

    def evil(name: str) -> str:
        return f"{name}/{names[sum(map(ord, name)) % len(names)]}"

    facts = run.model
    layers = tuple(
        dataclasses.replace(layer, path=evil(layer.path), rows=tuple(map(evil, layer.rows)), class_name=evil("Dense"))
        for layer in facts.layers
    )
    variables = tuple(
        dataclasses.replace(variable, path=evil(variable.path), layer=evil(variable.layer))
        for variable in facts.variables
    )
    compiled = {**facts.compile, evil("key"): {evil("inner"): evil("value")}}
    facts = dataclasses.replace(facts, name=evil("m"), layers=layers, variables=variables, compile=compiled)
    tables = {
        name: dataclasses.replace(getattr(run, name), rows=tuple(map(evil, getattr(run, name).rows)))
        for name in ("variables", "activations")
    }
    return dataclasses.replace(run, name=evil("run"), model=facts, problems=tuple(names), **tables)


def test_says_what_the_scorecard_says():
    run = sick()
    card = Scorecard.from_run(run)
    shown = page(run)
    text = " ".join(shown.text.split())
    assert card.findings
    for finding in card.findings:
        assert finding.message in text
    for verdict in card.rules:
        assert verdict.rule.name in text
        if verdict.status == "fail":
            assert verdict.rule.title in text
    for category in card.categories:
        judged, checks = card.judged_of(category.name)
        assert f"{judged} of {checks} checks" in text.partition(category.name)[2]
    order = [article["id"] for article in shown.all("article")]
    assert order == list(dict.fromkeys(finding.rule for finding in card.findings))


def test_explains_what_was_found_and_what_to_try():
    run = sick()
    shown = page(run)
    text = " ".join(shown.text.split())
    verdicts = {verdict.rule.name: verdict for verdict in Scorecard.from_run(run).rules}
    articles = shown.all("article")
    assert len(articles) == len({finding.rule for finding in Scorecard.from_run(run).findings}) > 0
    for article in articles:
        for remedy in verdicts[article["id"]].diagnosis.remedies:
            assert re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", remedy).replace("`", "")[:40] in text
    places = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
    assert len(places) == len(set(places))
    assert {link["href"] for link in shown.all("a")} <= {f"#{place}" for place in places}


def test_evidence_has_its_curve_its_limit_and_its_steps():
    text = html(sick(), Scorecard.from_run(sick()))
    (article,) = (part for part in text.split("<article") if 'id="dead-units"' in part)
    assert 'class="curve line-1" d="M0 ' in article
    assert re.search(r'<line class="limit" x2="100%" y1="\d', article)
    assert "limit 90 %" in article or "limit 40 %" in article


def test_nan_is_marked_in_the_evidence_of_it_also_where_the_rest_has_a_number():
    run = change(healthy(), "variable", "value_nonfinite", STEPS >= 500, "dense_0/kernel")
    text = html(run, Scorecard.from_run(run))
    (article,) = (part for part in text.split("<article") if 'id="nonfinite-values"' in part)
    assert "of dense_0/kernel, NaN from step 500" in article and '<path class="gone"' in article


def test_what_the_epochs_tell_is_drawn_as_their_curve():
    run = with_epochs(stuck(healthy()), [2.3] * 8)
    (article,) = (part for part in html(run, Scorecard.from_run(run)).split("<article") if 'id="stalled-loss"' in part)
    assert "loss, by epoch" in article


def test_a_finding_names_its_layer_and_its_tensor():
    run = with_head(sick(), "MeanSquaredError")
    (finding,) = (found for found in Scorecard.from_run(run).findings if found.rule == "loss-activation-mismatch")
    text = html(run, Scorecard.from_run(run))
    (article,) = (part for part in text.split("<article") if f'id="{finding.rule}"' in part)
    assert f"<bdi>{finding.layer}</bdi>, <bdi>{finding.tensor}</bdi>" in article


def test_limits_in_force_are_told_with_their_defaults():
    run = sick()
    card = Scorecard.from_run(run, {"dead-units": {"warning": 0.3}})
    assert "warning: 30 % (default 40 %)" in " ".join(Page(html(run, card)).text.split())


def test_heat_maps_curves_and_layers_are_there():
    shown = page(sick())
    pictures = [image["src"] for image in shown.all("img")]
    assert len(pictures) == 6
    for source in pictures:
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    curves = shown.between("curves", "flow")
    charts = [attributes["aria-label"] for tag, attributes in curves if tag == "svg" and "aria-label" in attributes]
    assert [told.partition(",")[0] for told in charts] == ["Loss", "Learning rate", "Gradient norm"]
    assert {"training", "batch", "validation"} <= set(shown.text.split())
    assert shown.text.count("dense_2") > 3


def test_heat_maps_tell_what_is_healthy_and_what_is_not():
    usual = change(healthy(), "variable", "update_ratio", 1e-3)
    assert "grey is within the rules’ limits for one value: 1e-5 to 0.01" in page(usual).text
    bands = {"update_ratio": Band(1e-4, 0.1)}
    large, small = (change(usual, "variable", "update_ratio", value) for value in (5.0, 1e-5))
    ((grey,), (orange,), (blue,)) = (drawn(heat_maps(run, bands)[0]) for run in (usual, large, small))
    assert max(grey) - min(grey) < 12
    assert orange[0] > orange[2] + 50 and blue[2] > blue[0] + 50


def test_exact_zeros_have_a_mark_of_their_own():
    ratios = np.full((28, 10), 1e-3)
    ratios[:14] = 0
    some = heat_maps(change(healthy(), "variable", "update_ratio", ratios), {"update_ratio": Band(1e-4, 0.1)})[0]
    assert [told for _, told in some.keys] == ["exactly 0"]
    assert drawn(some) == {MARKS[0], *drawn(heat_maps(healthy(), {"update_ratio": Band(1e-4, 0.1)})[0])}
    rms = np.geomspace(1e-3, 1, 280).reshape(28, 10)
    rms[-1] = 0
    below = heat_maps(change(healthy(), "variable", "gradient_rms", rms), {})[1]
    assert MARKS[0] in drawn(below) and below.low == "0.001"
    never = heat_maps(healthy(), {})
    assert [one.keys for one in never] == [(), (), ()]


def test_what_lies_beyond_the_colours_is_told():
    banded, *_ = heat_maps(healthy(), {"update_ratio": Band(1e-4, 0.1)})
    assert (banded.low, banded.high) == ("≤ 1e-6", "≥ 10")


def test_axes_tell_values_apart():
    flat = losses(healthy(), np.where(np.arange(28) % 2, 2.302, 2.304))
    (loss, *_) = training_curves(flat)
    labels = [tick.label for tick in loss.ticks]
    assert len(labels) >= 2 and len(set(labels)) == len(labels)
    zeros = change(healthy(), "step", "gradient_global_norm", np.where(np.arange(28) % 2, 0, 5.0)[:, None])
    (norm,) = (curve for curve in training_curves(zeros) if curve.title == "Gradient norm")
    assert [tick.label for tick in norm.ticks] == ["0", "1", "10"]


def test_shares_are_in_per_cent_and_the_head_tells_when_and_how_fast():
    text = " ".join(page(sick()).text.split())
    assert "95 %" in text.partition("LayerClassParameters")[2].partition("Layer by layer")[0]
    assert "Began14 Nov 2023, 22:13 UTC" in text
    assert "OptimizerAdam · learning rate 0.001" in text
    falling = change(sick(), "step", "learning_rate", np.geomspace(0.5, 0.01, 28)[:, None])
    assert "learning rate 0.5, at last 0.01" in page(falling).text


def test_findings_are_marked_on_the_steps():
    run = sick()
    shown = page(run)
    begun = {found.rule for found in Scorecard.from_run(run).findings if found.first_step is not None}
    curves = shown.between("curves", "flow")
    assert {attributes["href"][1:] for tag, attributes in curves if tag == "a"} == begun
    marks = [attributes for tag, attributes in curves if tag == "line" and "mark" in attributes["class"]]
    assert len(marks) == 3 * len(begun)


def drawn(heat_map) -> set[tuple[int, ...]]:
    """The colours of a heat map's picture."""
    file = io.BytesIO(base64.b64decode(heat_map.picture.removeprefix("data:image/png;base64,")))
    return set(Image.open(file).convert("RGB").get_flattened_data())


def test_what_was_clipped_away_is_drawn_where_anything_was():
    assert "Clipped away" in page(change(sick(), "step", "clipped_fraction", 0.2)).text


@pytest.mark.parametrize("run", [healthy(), sick(), renamed(sick(), HOSTILE)], ids=["healthy", "sick", "hostile"])
def test_same_run_gives_the_same_bytes(run):
    assert html(run, Scorecard.from_run(run)) == html(run, Scorecard.from_run(run))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text(name):
    run = renamed(sick(), [name])
    text = html(run, Scorecard.from_run(run))
    text.encode("utf-8")
    shown = Page(text)
    assert not {"script", "iframe", "object", "embed", "form", "link", "base"} & {tag for tag, _ in shown.tags}
    plain = {tag for tag, _ in page(sick()).tags}
    assert {tag for tag, _ in shown.tags} == plain
    for _, attributes in shown.tags:
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
        assert not (attributes.get("href") or "#").startswith("java")
    assert "{{ 7 * 7 }}" in shown.text or "{{" not in name
    assert max(map(len, re.findall("x+", shown.text)), default=0) <= LONGEST
    assert not set(text) & {"\x00", "\ud800", "\ufffe"}
    assert len(text.encode()) < LARGEST


def test_facts_of_another_kind_than_expected_are_shown_all_the_same():
    run = with_layers(healthy(), dense_0={"parameters": "many", "class_name": None, "path": 7})
    run = dataclasses.replace(run, model=dataclasses.replace(run.model, compile={"losses": [{"class_name": ["x"]}]}))
    assert "['x']" in page(run).text


def test_policy_allows_no_script_and_just_this_style():
    text = html(healthy(), Scorecard.from_run(healthy()))
    shown = Page(text)
    (policy,) = (m["content"] for m in shown.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"https?://|<script|url\(", text)


def test_needs_no_other_file():
    tags = page(sick()).tags
    named = [attributes[key] for _, attributes in tags for key in ("src", "href") if key in attributes]
    assert {name[:1] for name in named} == {"#", "d"}
    assert all(name.startswith(("#", "data:image/png;base64,")) for name in named)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_run_of_hardly_any_steps_is_a_page(steps):
    shown = page(healthy(steps=np.arange(steps)))
    assert len(shown.all("img")) == 6
    assert any(chart.get("aria-label", "").startswith("Loss, step") for chart in shown.all("svg"))


def test_an_empty_run_is_a_page():
    run = HealthRun("empty", float("nan"), "0.1.0", model(0), 0, 0, 0, False, False)
    shown = page(run)
    assert "Not enough to tell so far" in shown.text
    assert shown.all("img") == []


def test_what_is_not_finite_is_drawn_as_a_gap():
    run = change(healthy(), "step", "loss", np.where(np.arange(28) % 2, np.nan, np.inf)[:, None])
    nothing = change(healthy(), "variable", "update_ratio", np.inf)
    for broken in (run, nothing):
        assert not re.search(r'd="[^"]*(nan|inf)', html(broken, Scorecard.from_run(broken)))


def test_size_is_bounded_by_rows_and_samples():
    run = sick(healthy(model(hidden=600), steps=np.arange(600)))
    shown = page(run)
    text = html(run, Scorecard.from_run(run))
    assert len(text.encode()) < 2_000_000
    assert len(shown.all("img")) == 6
    assert max(int(image["height"]) for image in shown.all("img")) <= 15 * MOST_ROWS
    for image in shown.all("img"):
        data = base64.b64decode(image["src"].partition(",")[2])
        width, height = np.frombuffer(data, ">u4", 2, 16)
        assert (width <= MOST_COLUMNS or height == 1) and height <= MOST_ROWS
    layers = text.partition('id="layers"')[2].partition("</section>")[0]
    assert layers.count('<th scope="row"') == MOST_LAYERS
    assert "401 more layers" in layers


def test_size_is_bounded_whatever_a_log_holds():
    long = "🧠" * 10_000
    run = renamed(sick(healthy(model(hidden=250), steps=np.arange(300))), [long])
    card = Scorecard.from_run(run)
    places = tuple(
        Finding(verdict.rule.name, "error", long, layer=row, first_step=0, last_step=299, statistic="activation_std",
                observed=9.0, limit=1.0, others=(long,) * 40)
        for verdict in card.rules
        for row in run.activations.rows[:20]
    )  # fmt: skip
    text = html(run, dataclasses.replace(card, findings=places))
    assert 3_000_000 < len(text.encode()) < LARGEST
    assert text.count('<div class="evidence">') == MOST_EVIDENCE + len(card.rules) - MOST_EVIDENCE // MOST_PLACES - 1


def test_a_spike_between_the_pictures_columns_stays():
    run = healthy(steps=np.arange(1000))
    ratio = np.full((1000, 5 * 2), 1e-3, np.float32)
    ratio[501, 3] = 1e3
    update_ratio, *_ = heat_maps(change(run, "variable", "update_ratio", ratio), {})
    assert (update_ratio.low, update_ratio.high) == ("0.001", "1,000")


def test_nothing_imports_tensorflow():
    code = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\nimport tb_nnhealth.report"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_flow_compares_only_what_lies_on_one_path():
    run = healthy(two_headed())
    scale = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
    run = change(run, "variable", "gradient_rms", scale, [f"{layer.path}/kernel" for layer in run.model.layers])
    flow = flows(run, {})[0]
    assert "dense_0/kernel has 100 × what dense_2/kernel has and 10,000 × what output/kernel has." in flow.told
    assert flow.path.count("M") == 2
    assert [label.text for label in flow.labels] == ["dense_0", "dense_1", "dense_2", "dense_3", "output"]


def test_long_names_in_the_table_of_layers_break_between_words():
    facts = {"path": "encoder/global_average_pooling2d", "class_name": "GlobalAveragePooling2D"}
    run = with_layers(healthy(), dense_0=facts)
    text = html(run, Scorecard.from_run(run))
    assert "encoder/<wbr>global_<wbr>average_<wbr>pooling2d" in text
    assert "Global<wbr>Average<wbr>Pooling2<wbr>D" in text


def flown(**changes):
    """The page of a run after a preflight that tried learning rates, and could not make another probe."""
    probes = {
        RANGE: Probed(2.5, strict({**rates(), **changes})),
        "data-order": Probed(0.0, {}, "there are <no> labels"),
    }
    return page(dataclasses.replace(healthy(), probes=probes, flight=Flight(60.0, 4.5, True)))


def test_preflight_tells_each_probe_with_what_it_took():
    text = " ".join(flown().text.split())
    assert "There are <no> labels." in text and "2.5 s" in text
    assert (
        "7 s in all: 4.5 s for reading the data and the first steps of the training, 2.5 s for the probes; "
        "the budget was 60 s." in text
    )
    assert "Preflight" not in page(healthy()).text.split("Checks, and the limits")[0]


@pytest.mark.parametrize("trained", [False, True])
def test_curves_of_a_preflight_alone_say_that_they_are_its_steps(trained):
    run = dataclasses.replace(healthy(), probes={"data-order": Probed(1.0)}, flight=Flight(60.0, 4.5, trained))
    assert ("These are the first steps as the preflight took them" in page(run).text) is not trained


@pytest.mark.parametrize("trained", [False, True])
def test_preflight_alone_stands_before_the_findings(trained):
    run = dataclasses.replace(healthy(), probes={"data-order": Probed(1.0)}, flight=Flight(60.0, 4.5, trained))
    headings = [each.get("id") for each in page(run).all("h2")]
    assert headings[:2] == (["findings", "preflight"] if trained else ["preflight", "findings"])


def test_row_of_the_gallery_leads_to_the_examples():
    galleries = Galleries.of([gallery_of(make_gallery(None), 0)])
    run = dataclasses.replace(healthy(), probes={"input-gallery": Probed(1.0)}, flight=Flight(60.0, 4.5, False))
    links = [
        [each.get("href") for each in page(each).all("a")]
        for each in (run, dataclasses.replace(run, galleries=galleries))
    ]
    assert ["#examples" in each for each in links] == [False, True]


def test_loss_by_learning_rate_is_drawn_with_its_marks():
    shown = flown(own=[1e-4, 1e-2])
    assert "highest to try 0.02" in " ".join(shown.text.split()) and "your schedule 1e-4–0.01" in " ".join(
        shown.text.split()
    )
    lines = [attributes for attributes in shown.all("line") if (attributes.get("class") or "").startswith("at ")]
    across = {each["class"]: float(each["x1"].removesuffix("%")) for each in lines}
    assert across["at explosion"] == pytest.approx(100 * (np.log10(0.2) + 6) / 6, abs=0.01)
    assert across["at suggestion"] == pytest.approx(100 * (np.log10(0.02) + 6) / 6, abs=0.01)
    assert len(lines) == 4
    names = [each for each in shown.all("text") if (each.get("class") or "").startswith("named")]
    assert len({each["y"] for each in names}) == len(names) == 3


def test_no_curve_is_drawn_of_nothing():
    assert not [each for each in flown(rates=[]).all("figure") if each.get("class") == "rates"]
