"""label-noise: what the probe measures, and what its rule says of the zoo."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.label_noise import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown
from tests.flight.zoo.label_noise import FLIGHTS

NAME = "label-noise"


@each(FLIGHTS)
def test_each_flight_is_judged_as_expected(flight):
    verdict = flown(NAME, flight)
    assert verdict.status in (("fail",) if flight.expected else ("pass", "no_data")), verdict


def subject(x, y):
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Subject(model, Sample(x, y))


def blobs(n=300):
    labels = np.arange(n) % 3
    return (5 * np.eye(3)[labels] + np.random.default_rng(0).normal(size=(n, 3))).astype("float32"), labels


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        (*blobs(50), "from 100 examples on, of which it has 50"),
        (blobs()[0], None, "no targets"),
        (blobs()[0], blobs()[0], "no classes"),
        (blobs()[0], np.ones(300, int), "no classes"),
    ],
)
def test_what_cannot_be_measured_says_why(x, y, why):
    with pytest.raises(NotMeasured, match=why):
        measure(subject(x, y), Clock(60))


def test_the_wrong_labels_are_named():
    x, labels = blobs()
    wrong = np.arange(0, 300, 10)
    labels[wrong] = (labels[wrong] + 1) % 3
    (measured,) = measure(subject(x, labels), Clock(60))["outputs"]
    assert len(measured["worst"]) >= 10 and set(measured["worst"]) <= set(wrong)
    first = measured["worst"][0]
    assert (measured["worst_labels"][0], measured["worst_neighbours"][0]) == (str(labels[first]), str(first % 3))


def test_twins_of_different_labels_are_named():
    x, labels = blobs()
    x[[7, 200]], labels[[7, 200]] = x[3], [1, 2]
    found = measure(subject(x, labels), Clock(60))
    (measured,) = found["outputs"]
    assert not found["are_rows"]
    assert (measured["conflicts"], measured["conflicting"]) == (2, [3, 7])


def test_texts_have_twins_and_no_neighbours():
    words = np.array([f"text {i % 120}" for i in range(240)], object)
    measured = measure(subject(words[:, None], np.arange(240) // 80), Clock(60))
    assert measured["outputs"][0]["conflicts"] == 120 and "united" not in measured["outputs"][0]
