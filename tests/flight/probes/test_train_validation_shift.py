"""train-validation-shift: what the probe measures, and what its rule says of the zoo."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.train_validation_shift import measure
from tb_nnhealth.flight.reading.sample import Sample
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
