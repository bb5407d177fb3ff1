"""overfit-tiny-batch: models that can learn, and models that cannot."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.overfit_tiny_batch import GOAL, TRIAL, Attempt, _ended, measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, judged, measured
from tests.flight.models import classes, classifier
from tests.flight.zoo.overfit_tiny_batch import FLIGHTS, LABELS, NUMBERS, ROWS, SICK

NAME = "overfit-tiny-batch"
QUICK = (
    "half precision",
    "house prices",
    "every ReLU dead",
    "a squared error of the wrong sign",
    "one unit behind a softmax",
    "a likelihood below zero",
)


@each(FLIGHTS, QUICK)
def test_flights_are_told_as_expected(flight):
    values = measured(NAME, flight.build())
    told = judged(NAME, values)
    assert told.status == ("fail" if NAME in flight.expected else "pass")


def test_what_was_measured_is_told():
    flight = next(flight for flight in FLIGHTS if flight.name == "half precision")
    values = measured(NAME, flight.build())
    assert values["examples"] == 10 and values["left"] <= GOAL and values["ended"] == 1
    assert values["trivial"] == pytest.approx(np.log(10), rel=1e-3) and values["floor"] == pytest.approx(0, abs=1e-5)
    assert values["losses"][0] == values["initial"] and values["weights"] == 16 * 32 + 32 + 320 + 10


def test_examples_that_hold_no_numbers_are_left_out_and_counted():
    x, y = classes(40)
    x[3, 0], x[7, 1] = np.nan, np.inf
    values = measure(Subject(classifier(), Sample(x, y)), Clock(60))
    assert (values["nonfinite"], values["read"]) == (2, 40) and np.isfinite(values["loss"])


def test_time_that_is_over_gives_no_verdict():
    try:
        assert judged(NAME, measured(NAME, SICK["every ReLU dead"](), seconds=0.3)).status == "no_data"
    except NotMeasured as reason:  # Not even for a step.
        assert "budget" in str(reason)


def test_no_time_for_a_step_is_no_loss_that_is_not_finite():
    with pytest.raises(NotMeasured, match="budget"):
        measured(NAME, SICK["every ReLU dead"](), seconds=0.0)


def test_a_training_that_still_falls_leaves_it_open():
    def made(steps, is_over, loss=0.5):
        return Attempt(10, 1e-3, 0.5, 0.5, np.full(steps, loss), is_over)

    trials = [made(TRIAL, False), made(3, True, np.nan)]
    assert _ended([*trials, made(250, True), made(300, True)]) == 2 and _ended(trials) == 0
    assert _ended([*trials, made(170, False), made(200, True)]) == 0 == _ended([made(70, False)])
    assert _ended([made(TRIAL, False)]) == 0


def critic(truth, answer):
    return keras.ops.mean(truth * answer)


def of_logarithms(truth, answer):
    return keras.ops.mean((keras.ops.exp(answer[:, 0]) - truth) ** 2)


def apart(truth, answer):
    """Examples of one class near each other, others not."""
    distances = keras.ops.sum((answer[:, None] - answer[None]) ** 2, -1)
    same = keras.ops.cast(truth[:, None] == truth[None], "float32")
    return keras.ops.mean(same * distances + (1 - same) * keras.ops.relu(1 - distances))


@pytest.mark.parametrize(
    ("loss", "y", "units"),
    [(critic, 2.0 * (LABELS % 2) - 1, 1), (apart, LABELS, 4), (of_logarithms, np.exp(NUMBERS), 1)],
)
def test_losses_whose_targets_are_no_answers_are_no_fault(loss, y, units):
    model = keras.Sequential([keras.Input((16,)), layers.Dense(32, activation="relu"), layers.Dense(units)])
    model.compile("adam", loss)
    values = measure(Subject(model, Sample(ROWS, y.astype("float32"))), Clock(60))
    assert not values["upside_down"] and judged(NAME, values).status != "fail"


class OwnLoss(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, inputs):
        answer = self.dense(inputs)
        self.add_loss(keras.ops.mean((answer - inputs[:, :4]) ** 2))
        return answer


def test_a_loss_that_layers_add_is_fitted_where_there_is_no_other():
    model = OwnLoss()
    model(ROWS[:2])
    model.compile("adam")
    values = measure(Subject(model, Sample(ROWS)), Clock(30))
    assert np.isnan(values["left"]) and values["loss"] < 0.1 * values["initial"]
    assert judged(NAME, values).status == "pass"


def test_one_example_and_wrong_shapes_are_told():
    model = keras.Sequential([keras.Input((16,)), layers.Dense(10)])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(NotMeasured, match="expected two examples"):
        measure(Subject(model, Sample(ROWS[:1], LABELS[:1])), Clock(9))
    with pytest.raises(NotMeasured, match="breaks"):
        measure(Subject(model, Sample(ROWS, LABELS)), Clock(9))
