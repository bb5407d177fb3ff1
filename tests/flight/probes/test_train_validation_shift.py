"""train-validation-shift: what the probe measures, and what its rule says of the zoo."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.train_validation_shift import measure
from tb_nnhealth.flight.reading.sample import Sample, read
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown
from tests.flight.zoo.train_validation_shift import FLIGHTS
from tests.rules.builder import findings, with_probe

NAME = "train-validation-shift"


@each(FLIGHTS)
def test_each_flight_is_judged_as_expected(flight):
    verdict = flown(NAME, flight)
    assert verdict.status in (("fail",) if flight.expected else ("pass", "no_data")), verdict


X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
Y = np.arange(200) % 5


def subject(validation, y=Y, **training):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    return Subject(model, Sample(X, y, **{"total": 200, **training}), validation)


@pytest.mark.parametrize(
    ("validation", "why"),
    [
        (None, "no validation data"),
        (Sample(X[:5], Y[:5]), "from 8 examples on each side on, of which one has 5"),
        (Sample([X, X], Y), "has the inputs .*, validation data 0, 1"),
    ],
)
def test_what_cannot_be_measured_says_why(validation, why):
    with pytest.raises(NotMeasured, match=why):
        measure(subject(validation), Clock(60))


def test_the_first_part_of_sorted_data_stands_for_nothing():
    validation = Sample(X[:50] + 1, Y[:50], total=50)
    assert measure(subject(validation, np.sort(Y), total=9000), Clock(60))["ordered"]
    assert not measure(subject(validation, Y, total=9000), Clock(60))["ordered"]
    assert not measure(subject(validation, np.sort(Y)), Clock(60))["ordered"]


def test_labels_of_another_type_are_the_same_classes():
    measured = measure(subject(Sample(X[:50] + 1, np.eye(5)[Y[:50]])), Clock(60))["targets"][0]
    assert (measured["missing"], measured["new"], measured["classes"]) == ([], [], 5)


def test_examples_in_both_are_named():
    measured = measure(subject(Sample(np.concatenate([X[:10] + 1, X[[9, 150]]]), None)), Clock(60))
    assert (measured["common_validation"], measured["common_training"]) == ([10, 11], [9, 150])
    assert not measured["are_rows"]
    assert measured["targets"] == [] and not measured["may_coincide"]


def test_examples_in_both_are_named_by_where_they_stand_in_the_data():
    places = 1000 + np.arange(200)
    both = Sample(np.concatenate([X[:10] + 1, X[[9, 150]]]), None, places=places[:12] + 50)
    measured = measure(subject(both, places=places), Clock(60))
    assert (measured["common_validation"], measured["common_training"]) == ([1060, 1061], [1009, 1150])
    assert measured["are_rows"]


def test_texts_and_missing_values_do_no_harm():
    words = np.array([[f"text {i}"] for i in range(200)], object)
    holes = np.where(X > 2, np.nan, X)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    data = Sample([words, holes], Y), Sample([words[:20], holes[:20]], Y[:20])
    measured = measure(Subject(model, *data), Clock(60))
    assert [set(each) & {"p"} for each in measured["inputs"]] == [set(), {"p"}]
    counts = [int(np.isnan(side).any(axis=1).sum()) for side in (holes, holes[:20])]
    assert [measured["nonfinite"], measured["held_nonfinite"]] == counts and counts[0] > 0


@pytest.mark.parametrize("is_series, severity", [(True, "info"), (False, "warning")])
def test_a_series_is_known_by_its_windows(is_series, severity):
    walk = np.cumsum(np.random.default_rng(1).normal(size=400))
    windows = np.stack([walk[i : i + 12] for i in range(380)])[..., None]
    order = np.arange(300) if is_series else np.random.default_rng(0).permutation(300)
    data = Sample(windows[order], None), Sample(windows[300:], None)
    model = keras.Sequential([keras.Input((12, 1)), keras.layers.Flatten()])
    run = with_probe(NAME, **measure(Subject(model, *data), Clock(60)))
    assert [finding.severity for finding in findings(NAME, run)] == [severity]


def of_many(rows, held):
    model = keras.Sequential([keras.Input(rows.shape[1:]), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return measure(Subject(model, read((rows, np.zeros((len(rows), 2))), model), read((held, None), model)), Clock(60))


def test_all_of_large_arrays_are_looked_through():
    rows = np.random.default_rng(0).normal(size=(60_000, 20)).astype("float32")
    measured = of_many(rows, rows[:12_000].astype("float64"))
    assert measured["common"] == measured["held"] == 512 and measured["among"] == 60_000
    assert measured["common_training"] == measured["common_validation"] and not measured["may_coincide"]
    assert of_many(rows[12_000:], rows[:12_000])["common"] == 0


def test_of_more_than_is_read_a_part_from_anywhere_is_looked_through(monkeypatch):
    monkeypatch.setattr("tb_nnhealth.flight.probes.train_validation_shift.CHUNK", 2**14)
    monkeypatch.setattr("tb_nnhealth.flight.probes.train_validation_shift.MOST_READ", 2**20)
    rows = np.random.default_rng(0).normal(size=(20_000, 20)).astype("float32")
    measured = of_many(rows, rows[-2_000:])
    assert 10_000 < measured["among"] < 14_000 and 0.3 < measured["common"] / measured["held"] < 0.95


def test_what_repeats_by_nature_may_coincide_in_large_arrays_too():
    random = np.random.default_rng(0)
    sentences = random.integers(0, 5000, (8_000, 12))
    rows = sentences[random.integers(0, len(sentences), 40_000)]
    assert of_many(rows[8_000:], rows[:8_000])["may_coincide"]
    one_hot = np.eye(200, dtype="float32")[random.integers(0, 200, 40_000)]
    assert of_many(one_hot[8_000:], one_hot[:8_000])["may_coincide"]
    blank = random.normal(size=(40_000, 8)).astype("float32") * (random.random((40_000, 1)) < 0.5)
    assert of_many(blank[8_000:], blank[:8_000])["common"] == 0
