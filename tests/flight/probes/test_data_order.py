"""data-order: what the probe measures, and what its rule says of the zoo."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.data_order import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown
from tests.flight.zoo.data_order import FLIGHTS

NAME = "data-order"


@each(FLIGHTS)
def test_each_flight_is_judged_as_expected(flight):
    verdict = flown(NAME, flight)
    assert verdict.status in (("fail",) if flight.expected else ("pass", "no_data")), verdict


LABELS = np.arange(120) % 3


def subject(**sample):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    values = {"x": np.random.default_rng(0).normal(size=(120, 4)), "y": LABELS, "ordered": LABELS, **sample}
    return Subject(model, Sample(**values))


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ({"y": None}, "no targets"),
        ({"ordered": None}, "was not read"),
        ({"ordered": LABELS[:5]}, "from 20 examples on, of which it has 5"),
        ({"ordered": np.zeros(120)}, "all 120 targets that were read are the same"),
        ({"ordered": np.ones((120, 7, 2))}, "targets of the shape 7 × 2"),
    ],
)
def test_what_cannot_be_measured_says_why(sample, why):
    with pytest.raises(NotMeasured, match=why):
        measure(subject(**sample), Clock(60))


def test_a_stateful_layer_wants_an_order():
    model = keras.Sequential([keras.Input((3, 4), batch_size=2), keras.layers.LSTM(2, stateful=True)])
    with pytest.raises(NotMeasured, match="stateful"):
        measure(Subject(model, Sample(np.zeros((120, 3, 4)), LABELS, ordered=LABELS)), Clock(60))


def test_no_time_is_told():
    with pytest.raises(NotMeasured, match="budget"):
        measure(subject(), Clock(0))


def test_batches_of_one_example_are_looked_at_by_sixteen():
    measured = measure(subject(batch_size=1), Clock(60))["outputs"][0]
    assert measured["window"] == 16 and measured["batches"]["excess"] < 0
    assert "batches" not in measure(subject(batch_size=100), Clock(60))["outputs"][0]


@pytest.mark.parametrize(
    ("loss", "labels", "only"),
    [
        ("sparse_categorical_crossentropy", np.full(120, 2), "2"),
        ("sparse_categorical_crossentropy", LABELS, None),
        ("mse", np.full(120, 2), None),
    ],
)
def test_the_only_class_of_all_of_the_data_is_told(loss, labels, only):
    given = subject(y=labels, ordered=np.full(120, 2))
    given.model.compile("sgd", loss)
    try:
        (found,) = measure(given, Clock(60))["outputs"]
    except NotMeasured as reason:
        found = {}
        assert "all 120 targets that were read are the same" in str(reason)
    assert found.get("only") == only
