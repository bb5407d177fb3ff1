"""A chart's data as CSV: every value of it, exact, and safe to open."""

import csv
import dataclasses
import io

import numpy as np
import pytest

from tb_nnhealth.plugin import spreadsheet
from tb_nnhealth.records import Epoch, Histograms
from tests.rules.builder import STEPS, change, healthy, table

ALL = (0, 2**53)


def read(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_value_of_a_statistic_comes_back_exactly():
    run = healthy()
    lines = read(spreadsheet.of_statistic(run, run.variables, "gradient_rms", ALL))
    assert len(lines) == len(run.variables.rows) * len(STEPS)
    for index, row in enumerate(run.variables.rows):
        own = [line for line in lines if line["row"] == row]
        assert [int(line["step"]) for line in own] == STEPS.tolist()
        values = np.array([float(line["value"]) for line in own])
        np.testing.assert_array_equal(values, run.variables.series("gradient_rms")[:, index].astype(np.float64))


def test_lines_end_as_rfc_4180_says():
    content = spreadsheet.of_statistic(healthy(), healthy().variables, "gradient_rms", ALL)
    assert content.startswith(b"row,statistic,step,value,lowest,highest\r\n")
    assert content.endswith(b"\r\n") and content.count(b"\r\n") == content.count(b"\n")


def test_what_is_not_finite_is_spelled_and_what_is_not_measured_empty():
    odd = table(("a",), {"x": [np.nan, np.inf, -np.inf, 0.1]}, np.arange(4))
    assert [line["value"] for line in read(spreadsheet.of_statistic(healthy(), odd, "x", ALL))] == [
        "", "Inf", "-Inf", "0.10000000149011612",
    ]  # fmt: skip


def test_what_was_measured_and_is_nan_is_spelled():
    late = np.arange(28) >= 20
    run = change(healthy(), "variable", "gradient_nonfinite", np.where(late, 3.0, 0.0))
    run = change(run, "variable", "gradient_rms", np.where(late, np.nan, 2.0))
    run = change(run, "step", "loss", np.where(late, np.nan, 1.0))
    for content in (
        spreadsheet.of_statistic(run, run.variables, "gradient_rms", ALL),
        spreadsheet.of_row(run, run.step, run.step.rows[0], ALL),
    ):
        told = [line["value"] for line in read(content) if line["statistic"] in ("gradient_rms", "loss")]
        assert [text == "NaN" for text in told[:28]] == late.tolist() and "" not in told


def test_extremes_stand_beside_the_value():
    plain = table(("a",), {"x": [1.0, 2.0]}, np.arange(2))
    spiked = dataclasses.replace(plain, high=plain.high * 100)
    assert [line["highest"] for line in read(spreadsheet.of_row(healthy(), spiked, "a", ALL))] == ["100.0", "200.0"]


def test_a_row_has_only_what_was_measured_of_it():
    lines = read(spreadsheet.of_row(healthy(), healthy().variables, "dense_0/kernel", ALL))
    statistics = {line["statistic"] for line in lines}
    assert "update_ratio" in statistics and "value_skewness" not in statistics
    assert {line["row"] for line in lines} == {"dense_0/kernel"}


def test_a_layer_has_its_variables_and_outputs():
    lines = read(spreadsheet.of_layer(healthy(), "dense_1", ALL))
    assert list(dict.fromkeys(line["row"] for line in lines)) == ["dense_1/kernel", "dense_1/bias", "dense_1"]


def test_span_is_exact():
    run = healthy()
    lines = read(spreadsheet.of_statistic(run, run.step, "loss", (8, 32)))
    assert [int(line["step"]) for line in lines] == [8, 16, 24, 32]


def test_training_has_the_logs_of_epochs():
    epochs = (Epoch(0, 100, {"val_loss": 0.5}), Epoch(1, 200, {"val_loss": None}))
    run = dataclasses.replace(healthy(), epochs=epochs)
    logged = [line for line in read(spreadsheet.of_training(run, ALL)) if line["row"] == "epoch"]
    assert [(line["statistic"], line["step"], line["value"]) for line in logged] == [
        ("val_loss", "99", "0.5"), ("val_loss", "199", "NaN"),
    ]  # fmt: skip
    assert "loss" in {line["statistic"] for line in read(spreadsheet.of_training(run, ALL))}


def test_bins_hold_what_the_vocabulary_says():
    counts = {str(index): [0.0, 0.0] for index in range(97)}
    counts |= {"0": [1.0, 2.0], "48": [3.0, 0.0], "49": [4.0, 4.0], "96": [5.0, 5.0]}
    run = dataclasses.replace(healthy(), histograms=Histograms.of({"value": table(("a",), counts, np.arange(2))}))
    lines = read(spreadsheet.of_histograms(run, "a", ALL))
    assert [(line["from"], line["to"], line["elements"]) for line in lines if line["step"] == "0"] == [
        ("-65536.0", "-32768.0", "1.0"), ("0.0", "0.0", "3.0"),
        (repr(2.0**-32), repr(2.0**-31), "4.0"), ("32768.0", "65536.0", "5.0"),
    ]  # fmt: skip
    assert len(lines) == 8


@pytest.mark.parametrize("name", ['a"b,c\nd', "🧠", "\u202eevil", "x" * 10_000, "<img src=x>", " a "])
def test_any_name_comes_back(name):
    (line,) = read(spreadsheet.of_row(healthy(), table((name,), {"x": [1.0]}, np.arange(1)), name, ALL))
    assert line["row"] == name


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_name_is_a_formula(name):
    (line,) = read(spreadsheet.of_row(healthy(), table((name,), {"x": [1.0]}, np.arange(1)), name, ALL))
    assert line["row"] == f"'{name}"


def test_a_name_that_is_no_unicode_is_replaced():
    assert b"a?" in spreadsheet.of_row(healthy(), table(("a\ud800",), {"x": [1.0]}, np.arange(1)), "a\ud800", ALL)


def test_infinite_logs_are_spelled():
    run = change(healthy(), "step", "loss", np.inf)
    lines = read(spreadsheet.of_training(run, (0, 0)))
    assert {line["value"] for line in lines if line["statistic"] == "loss"} == {"Inf"}


def test_table_of_all_runs():
    first = {"rule": "dead-units", "title": "Most units of a layer never fire", "severity": "error", "message": "=All."}
    rows = [
        {"run": "b", "state": "waiting", "steps": 3, "last_time": 1.0},
        {
            "run": "a", "state": "error", "score": 0, "finding": first, "failing": 2, "steps": 48, "thinned": True,
            "finished": True, "last_time": 2.5, "loss": {"values": [1.0, None, 0.25, None], "broken": None},
        },
        {"run": "c", "state": "pass", "score": 100, "failing": 0, "loss": {"values": [], "broken": "NaN"}},
    ]  # fmt: skip
    lines = read(spreadsheet.of_runs(rows))
    assert [line["run"] for line in lines] == ["a", "b", "c"]
    assert lines[0] == {
        "run": "a", "state": "error", "score": "0", "rule": "dead-units", "severity": "error", "message": "'=All.",
        "failing": "2", "steps": "48", "thinned": "True", "last_time": "2.5", "loss": "0.25",
    }  # fmt: skip
    assert (lines[1]["score"], lines[2]["loss"]) == ("", "NaN")
