"""The routes, asked as a browser asks them."""

import csv
import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from tensorboard.backend import application
from tensorboard.plugins import base_plugin
from werkzeug import test, wrappers

from tb_nnhealth import Scorecard, reader
from tb_nnhealth.faces.extents import extent
from tb_nnhealth.plugin import http
from tb_nnhealth.plugin.loader import NNHealthLoader
from tb_nnhealth.reader import read_run
from tb_nnhealth.report import html
from tests.loaders import slow_provider
from tests.plugin.conftest import MARKUP, RUN, STEPS
from tests.synthetic import write_synthetic_run

BASE = "/some/prefix/data/plugin/nnhealth"
MATRIX = {"run": RUN, "table": "variables", "statistic": "update_ratio"}
ROUTES = (
    "/runs", "/rules", "/rule", "/version", "/scorecard", "/report", "/csv", "/evidence", "/run", "/matrix", "/extent",
    "/flow", "/series", "/histograms", "/table", "/diff", "/names", "/preflight", "/gallery",
)  # fmt: skip


def get(client: test.Client, route: str, **query: Any) -> test.TestResponse:
    return client.get(BASE + route, query_string=query)


def frame(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the first steps, the last steps and `[planes, rows, columns]` of a frame, as docs/http_api.md says."""
    version, planes, rows, columns = np.frombuffer(data, "<u4", 4)
    assert version == 1
    first, last = np.frombuffer(data, "<f8", 2 * columns, 16).reshape(2, columns)
    values = np.frombuffer(data, "<f4", offset=16 + 16 * columns).reshape(planes, rows, columns)
    return first, last, values


def test_a_gallery_is_the_last_one_that_was_taken_by_a_step(client):
    assert get(client, "/run", run=RUN).json["galleries"] is True
    last = get(client, "/gallery", run=RUN).json
    assert [one["step"] for one in last["galleries"]] == [9, 19, 29, 39] and last["shown"] == 3
    assert (
        last["gallery"]["title"] == "after epoch 4, step 39"
        and last["gallery"]["said"] == "3 of 3 predictions are right"
    )
    assert last["problems"] == []
    early = get(client, "/gallery", run=RUN, step=20).json
    assert early["shown"] == 1 and early["gallery"]["right"] == [False, False, True]
    assert early["gallery"]["exhibits"][0]["kind"] == "picture"
    assert get(client, "/gallery", run=RUN, step=-1).status_code == 400


def test_a_run_without_a_gallery(client):
    assert get(client, "/run", run="exp<b>1/health").json["galleries"] is False
    nothing = get(client, "/gallery", run="exp<b>1/health").json
    assert nothing == {"galleries": [], "shown": 0, "gallery": None, "problems": []}


def test_runs_are_those_with_health_data(client):
    assert get(client, "/runs").json == {"runs": ["exp<b>1/health", "future/health", RUN]}


def test_tensorboard_lists_the_tab(client):
    listing = json.loads(client.get("/some/prefix/data/plugins_listing").data)["nnhealth"]
    assert listing["enabled"] is True
    assert listing["tab_name"] == "Health"


def test_scorecard_has_the_bytes_of_the_library(client, log_dir):
    expected = Scorecard.from_logdir(log_dir / "run1").to_json().encode()
    assert get(client, "/scorecard", run=RUN).data == expected
    download = get(client, "/scorecard", run=RUN, download=1)
    assert download.data == expected
    assert download.headers["Content-Disposition"] == 'attachment; filename="run1.scorecard.json"'


def test_scorecard_without_its_layers_is_the_same_but_for_them(client, log_dir):
    expected = Scorecard.from_logdir(log_dir / "run1").to_dict()
    assert expected.pop("layers")
    assert get(client, "/scorecard", run=RUN, layers=0).json == expected
    assert get(client, "/scorecard", run=RUN, layers=2).status_code == 404


def test_download_of_a_run_with_markup_in_its_name_is_safe(client):
    header = get(client, "/scorecard", run="exp<b>1/health", download=1).headers["Content-Disposition"]
    assert header == 'attachment; filename="exp_b_1.scorecard.json"'


def test_report_has_the_bytes_of_the_library(client, log_dir):
    answer = get(client, "/report", run=RUN)
    run = read_run(log_dir / "run1")
    assert answer.data == html(run, Scorecard.from_run(run)).encode()
    assert answer.mimetype == "text/html"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="run1.report.html"'


@pytest.mark.parametrize(
    ("query", "rows", "statistics"),
    [
        ({"of": "training"}, {"step", "epoch"}, {"loss", "val_loss", "metric/accuracy"}),
        ({}, {"step", "epoch"}, {"loss", "val_loss"}),
        (
            {"of": "statistic", "table": "variables", "statistic": "update_ratio"},
            {"dense/kernel", "output/bias"}, {"update_ratio"},
        ),
        ({"of": "row", "table": "data", "row": "input/x"}, {"input/x"}, {"data_mean"}),
        ({"of": "layer", "layer": "dense"}, {"dense", "dense/kernel", "dense/bias"}, {"activation_std", "value_rms"}),
    ],
)  # fmt: skip
def test_data_of_a_chart_as_csv(client, query, rows, statistics):
    answer = get(client, "/csv", run=RUN, first=5, last=9, **query)
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="run1.')
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert rows <= {line["row"] for line in lines} and statistics <= {line["statistic"] for line in lines}
    assert {int(line["step"]) for line in lines} == {5, 6, 7, 8, 9}


def test_histograms_as_csv(client, log_dir):
    lines = list(csv.DictReader(io.StringIO(get(client, "/csv", run=RUN, of="histograms", row="dense/kernel").text)))
    assert {line["kind"] for line in lines} == {"value", "gradient", "update"}
    counts = read_run(log_dir / "run1").histograms["value"].values[0, 0]
    first = [float(line["elements"]) for line in lines if line["kind"] == "value" and line["step"] == lines[0]["step"]]
    assert sum(first) == counts.sum()


def test_run_tells_the_model_and_what_was_measured(client, log_dir):
    facts = get(client, "/run", run=RUN).json
    run = read_run(log_dir / "run1")
    assert facts["training"]["steps"] == STEPS
    assert facts["training"]["costs"] == dict(run.costs)
    assert list(run.costs) == ["compile", "sampling", "training", "elapsed"]
    assert facts["tables"]["variables"]["rows"] == list(run.variables.rows)
    assert [column["name"] for column in facts["tables"]["variables"]["columns"]] == list(run.variables.columns)
    assert facts["tables"]["variables"]["columns"][0] == {
        "name": "value_norm", "unit": "", "meaning": "Euclidean norm of the variable before the step", "measured": True,
    }  # fmt: skip
    assert facts["model"]["layers"][0]["variables"] == ["dense/kernel", "dense/bias"]
    assert facts["version"] == get(client, "/version", run=RUN).json["version"]


def test_layer_tells_its_facts_and_those_of_its_variables(client):
    facts = get(client, "/layer", run=RUN, layer="dense").json
    assert (facts["position"], facts["layers"], facts["dtype"], facts["regularized"]) == (0, 2, "float32", False)
    kernel, bias = facts["variables"]
    assert (kernel["path"], kernel["shape"], kernel["initializer"]) == ("dense/kernel", [4, 4], "GlorotUniform")
    assert (kernel["fan_in"], kernel["fan_out"], kernel["initial"]["std"]) == (4, 4, 0.5)
    assert (bias["fan_in"], bias["initial"]) == (None, {})
    assert get(client, "/layer", run=RUN, layer="other").status_code == 404


def test_matrix_is_the_table_of_the_run(client, log_dir):
    first, last, values = frame(get(client, "/matrix", **MATRIX).data)
    assert first.tolist() == last.tolist() == list(range(STEPS))
    np.testing.assert_array_equal(values[0], read_run(log_dir / "run1").variables.series("update_ratio").T)


def test_flow_has_the_value_and_the_extremes_of_each_row(client, log_dir):
    first, _, values = frame(get(client, "/flow", **MATRIX).data)
    table = read_run(log_dir / "run1").variables
    assert first.tolist() == list(range(STEPS))
    np.testing.assert_array_equal(values[0], table.series("update_ratio").T)
    np.testing.assert_array_equal(values[1:], [table.lows("update_ratio").T, table.highs("update_ratio").T])


def test_series_holds_all_statistics_of_a_row(client, log_dir):
    _, _, values = frame(get(client, "/series", run=RUN, table="activations", row="dense", first=10, last=19).data)
    table = read_run(log_dir / "run1").activations
    assert values.shape == (3, len(table.columns), 12)
    np.testing.assert_array_equal(values[0], table.values[9:21, table.row("dense"), :].T)


def test_histograms_are_shares(client):
    _, _, values = frame(get(client, "/histograms", run=RUN, kind="value", row="dense/kernel").data)
    np.testing.assert_allclose(values[0].sum(axis=0), 1.0, rtol=1e-5)


def test_table_has_a_row_for_each_run_in_the_end(client, log_dir):
    first = get(client, "/table").json
    assert [row["run"] for row in first["rows"]] == get(client, "/runs").json["runs"]
    rows, since = {row["run"]: row for row in first["rows"]}, first["serial"]
    for _ in range(20):
        answer = get(client, "/table", since=since).json
        rows.update((row["run"], row) for row in answer["rows"])
        since = answer["serial"]
        if not answer["pending"]:
            break
    card = Scorecard.from_logdir(log_dir / "run1")
    assert (rows[RUN]["score"], rows[RUN]["steps"], rows[RUN]["finished"]) == (card.score, STEPS, True)
    assert len(rows[RUN]["loss"]["values"]) == STEPS
    assert rows["future/health"]["state"] == "unread"
    assert "Received: schema_version=99" in rows["future/health"]["reason"]
    nothing_new = get(client, "/table", since=since)
    assert nothing_new.json == {"serial": since, "rows": [], "pending": 0}


def test_row_of_a_run_that_was_opened_is_the_same(client):
    get(client, "/run", run="exp<b>1/health")
    for asked in ({}, {"since": "x"}):
        answer = get(client, "/table", **asked).json
    (row,) = (row for row in answer["rows"] if row["run"] == "exp<b>1/health")
    assert (row["state"] == "no_data") == (get(client, "/scorecard", run="exp<b>1/health").json["score"] is None)


def test_diff_is_that_of_the_library(client, log_dir):
    cards = [Scorecard.from_logdir(log_dir / name) for name in ("exp<b>1", "run1")]
    answer = get(client, "/diff", against="exp<b>1/health", run=RUN).json
    assert answer == json.loads(cards[0].diff(cards[1]).to_json())
    assert answer["before"]["run"] == "exp<b>1" and answer["after"]["run"] == "run1"


def test_rules_are_explained(client):
    rules = get(client, "/rules").json["rules"]
    assert "What to try" in rules["dead-units"]


def test_evidence_has_a_place_for_each_finding(client):
    findings = get(client, "/scorecard", run=RUN).json["findings"]
    curves = get(client, "/evidence", run=RUN).json["evidence"]
    assert [curve and curve["rule"] for curve in curves] == [finding["rule"] for finding in findings]


def test_page_of_a_rule_needs_no_script(client):
    answer = get(client, "/rule", name="dead-units", theme="dark")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert 'data-theme="dark"' in answer.text and "<script" not in answer.text
    assert client.get(f"{BASE}/static/style.css").status_code == 200 and 'href="static/style.css"' in answer.text
    assert 'href="rule?name=dead-units&amp;theme=light"' in get(client, "/rule").text


@pytest.mark.parametrize("columns", [1, 7, 1000])
def test_columns_bound_the_answer(client, columns):
    first, last, values = frame(get(client, "/matrix", **MATRIX, columns=columns).data)
    assert values.shape[2] == min(columns, STEPS)
    assert (first[0], last[-1]) == (0, STEPS - 1)


@pytest.mark.parametrize(
    ("route", "query", "code", "sentence"),
    [
        ("/run", {}, 400, "expected the parameter run"),
        ("/run", {"run": "x" * 25_000}, 400, "25000 characters"),
        ("/diff", {"run": RUN}, 400, "expected the parameter against"),
        ("/diff", {"run": RUN, "against": "nobody"}, 404, "no health data of a run with this name"),
        ("/run", {"run": "nobody"}, 404, "no health data of a run with this name"),
        ("/matrix", {"run": RUN, "table": "nothing", "statistic": "update_ratio"}, 404, "no such table"),
        ("/matrix", {"run": RUN, "table": "variables", "statistic": "nothing"}, 404, "no such statistic"),
        ("/flow", {"run": RUN, "table": "variables", "statistic": "nothing"}, 404, "no such statistic"),
        ("/matrix", {**MATRIX, "columns": "9" * 5000}, 400, "from 1"),
        ("/matrix", {**MATRIX, "columns": 0}, 400, "columns=0"),
        ("/matrix", {**MATRIX, "spacing": "odd"}, 404, "no such spacing"),
        ("/matrix", {**MATRIX, "first": "nan"}, 400, "first=nan"),
        ("/series", {"run": RUN, "table": "variables", "row": MARKUP}, 404, "no such row"),
        ("/histograms", {"run": RUN, "kind": "nothing", "row": "dense/kernel"}, 404, "no histograms of this kind"),
        ("/rule", {"name": MARKUP}, 404, "no such name"),
        ("/rule", {"name": "dead-units", "theme": "x"}, 404, "no such theme"),
        ("/run", {"run": "future/health"}, 400, "Received: schema_version=99"),
        ("/report", {"run": "future/health"}, 400, "Received: schema_version=99"),
        ("/report", {}, 400, "expected the parameter run"),
        ("/csv", {"run": RUN, "of": MARKUP}, 404, "no such of"),
        ("/csv", {"run": RUN, "of": "layer", "layer": MARKUP}, 404, "no such layer"),
        ("/csv", {"run": RUN, "of": "histograms", "row": MARKUP}, 404, "no such row"),
        ("/csv", {"run": RUN, "of": "row", "table": "data", "row": "dense"}, 404, "no such row"),
        ("/csv", {"run": RUN, "of": "rates"}, 404, "no preflight has tried learning rates"),
        ("/csv", {"run": RUN, "first": -1}, 400, "first=-1"),
        ("/preflight", {"run": RUN}, 404, "no preflight was made of the run"),
    ],
)  # fmt: skip
def test_bad_requests_get_one_sentence(client, route, query, code, sentence):
    answer = get(client, route, **query)
    assert answer.status_code == code
    assert answer.mimetype == "text/plain"
    assert sentence in answer.text
    assert "Traceback" not in answer.text and "\n" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_answer_that_the_browser_has_is_not_sent_again(client):
    first = get(client, "/runs")
    again = client.get(f"{BASE}/runs", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(f"{BASE}/version", query_string={"run": RUN}, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200 and other.json["version"]


def test_extent_is_of_the_whole_run(client, log_dir):
    run = reader.read_run(log_dir / "run1")
    assert get(client, "/extent", **MATRIX).json == asdict(extent(run.variables, MATRIX["statistic"]))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"of": "training"}, "run1.training.csv"),
        ({"of": "statistic", "table": "variables", "statistic": "update_ratio"}, "run1.statistic.update_ratio.csv"),
        ({"of": "layer", "layer": "dense", "first": 2, "last": 9}, "run1.layer.dense.steps_2-9.csv"),
        ({"of": "row", "table": "variables", "row": "dense/kernel"}, "run1.row.dense_kernel.csv"),
    ],
)
def test_file_is_named_after_what_it_holds(client, query, name):
    answer = get(client, "/csv", run=RUN, **query)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_table_of_all_runs_is_a_file(client):
    answer = client.get(f"{BASE}/csv?of=runs")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="all.runs.csv"'
    assert {line["run"] for line in csv.DictReader(io.StringIO(answer.text, newline=""))} >= {RUN, "future/health"}


def test_names_of_a_model_that_was_built_twice(tmp_path):
    for name, number in (("one", ""), ("two", "_4")):
        write_synthetic_run(tmp_path / name, steps=4, variables=[f"dense{number}/kernel", f"dense{number}/bias"])
    with slow_provider(tmp_path) as provider:
        plugin = NNHealthLoader().load(base_plugin.TBContext(data_provider=provider))
        client = test.Client(application.TensorBoardWSGI([plugin], data_provider=provider), wrappers.Response)
        at = "/data/plugin/nnhealth/names"
        names = client.get(f"{at}?run=two/health&against=one/health").json["names"]
        assert names.items() >= {"dense_4/kernel": "dense/kernel", "dense_4/bias": "dense/bias"}.items()
        assert client.get(f"{at}?run=one/health&against=one/health").json == {"names": {}}


@pytest.mark.parametrize("route", [*ROUTES, "/static/index.js"])
def test_only_get_and_head_are_served(client, route):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = client.open(BASE + route, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert client.head(BASE + "/runs").status_code == 200


@pytest.mark.parametrize(
    ("asset", "mimetype"),
    [("index.js", "text/javascript"), ("views/verdict.js", "text/javascript"), ("style.css", "text/css")],
)
def test_static_files(client, asset, mimetype):
    answer = client.get(f"{BASE}/static/{asset}")
    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "", "nothing.js", "views", "views/", "../plugin.py", "%2e%2e/plugin.py", "..%2fplugin.py", "..%5cplugin.py",
        "views/../../plugin.py", "/etc/passwd", "%2fetc%2fpasswd", "%00", "index.js%00", "vendor/uPlot.LICENSE",
    ],
)  # fmt: skip
def test_nothing_else_is_served(client, path):
    assert client.get(f"{BASE}/static/{path}").status_code == 404


def test_answers_hold_no_path_of_the_machine(client, log_dir):
    for name in ("future/health", RUN):
        for route in ("/run", "/scorecard", "/version"):
            assert str(log_dir) not in get(client, route, run=name).text


def test_names_with_markup_stay_data(client):
    answer = get(client, "/run", run="exp<b>1/health")
    assert answer.mimetype == "application/json"
    assert answer.json["tables"]["variables"]["rows"][0] == f"{MARKUP}/kernel"
    series = client.get(f"{BASE}/series?run={quote('exp<b>1/health')}&table=variables&row={quote(MARKUP)}/kernel")
    assert series.mimetype == "application/octet-stream"


class Experiments:
    """A data provider of several experiments, each with a log directory of its own."""

    def __init__(self, providers: dict[str, Any]) -> None:
        self._providers = providers

    def __getattr__(self, name: str) -> Any:
        def ask(context: Any = None, *, experiment_id: str, **options: Any) -> Any:
            return getattr(self._providers[experiment_id], name)(context, experiment_id="", **options)

        return ask


def test_runs_of_one_name_in_two_experiments_are_two_runs(tmp_path, monkeypatch):
    """Also where they have as many steps, and were written at the same time."""
    monkeypatch.setattr(reader, "listed_version", lambda tags: (len(tags), 4, 1.0))
    for seed, name in enumerate(("one", "two")):
        write_synthetic_run(tmp_path / name / "run", steps=5, seed=seed, run=f"run of {name}")
    with slow_provider(tmp_path / "one") as one, slow_provider(tmp_path / "two") as two:
        provider = Experiments({"one": one, "two": two})
        plugin = NNHealthLoader().load(base_plugin.TBContext(data_provider=provider))
        client = test.Client(application.TensorBoardWSGI([plugin], data_provider=provider), wrappers.Response)
        for name in ("one", "two", "one"):
            at, run = f"/experiment/{name}/data/plugin/nnhealth", reader.read_run(tmp_path / name / "run")
            assert client.get(f"{at}/scorecard?run=run/health").data == Scorecard.from_run(run).to_json().encode()
            matrix = frame(client.get(f"{at}/matrix", query_string={**MATRIX, "run": "run/health"}).data)[2]
            column = run.variables.columns.index(MATRIX["statistic"])
            np.testing.assert_array_equal(matrix[0, :, -1], run.variables.values[-1, :, column])


def test_a_name_that_is_no_text_is_answered_all_the_same():
    """A hostile manifest may hold half of a pair of surrogates, which is JSON, and no UTF-8."""
    answer = http.strict_json(wrappers.Request(test.EnvironBuilder().get_environ()), {"run": "a\ud800b"})
    assert json.loads(answer.get_data()) == {"run": "a\ud800b"}


def test_each_route_is_documented_once():
    text = (Path(__file__).parents[2] / "docs" / "http_api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(/\S+)` \|", text, re.MULTILINE)
    assert sorted(documented) == sorted([*ROUTES, "/static/*", "/layer"])
