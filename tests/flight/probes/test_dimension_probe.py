"""dimension-probe: the probe on trainings."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from demo.preflight_gradient_faults import FAULTS
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.dimension_probe import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown, subject_of, verdict_of
from tests.flight.zoo.dimension_probe import FLIGHTS

RULE = "dimension-probe"


@each(FLIGHTS)
def test_flights(flight):
    assert flown(RULE, flight).status == ("fail" if flight.expected else "pass")


@pytest.mark.slow
def test_the_demo_is_sick():
    assert verdict_of(RULE, subject_of(FAULTS[RULE].build())).status == "fail"


def test_one_example_of_a_model_that_is_not_compiled():
    model = keras.Sequential([keras.Input((7, 11)), keras.layers.Flatten(), keras.layers.Dense(13)])
    values = measure(Subject(model, Sample(np.zeros((1, 7, 11), "float32"))), Clock(60))
    assert [answer["size"] for answer in values["answers"]] == [1, 17, 19, 1]
    assert [answer["shapes"] for answer in values["answers"]][1] == [[17, 13]] and values["loss"] == {}
    assert values["names"] == [model.layers[-1].name]


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean(tf.square(y - y_pred))


def test_a_loss_is_given_targets_of_the_type_that_fit_gives_it():
    model = OwnLoss([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam")
    loss = measure(Subject(model, Sample(np.ones((8, 4)), np.ones((8, 1)))), Clock(60))["loss"]
    assert loss["error"] == "" and loss["from_mean"] < 1e-6


def test_nothing_is_left_behind():
    layers = [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")
    model.train_on_batch(x, y)
    held = [*model.variables, *model.optimizer.variables]
    before = [np.array(variable) for variable in held]
    measure(Subject(model, Sample(x, y)), Clock(60))
    assert all(np.array_equal(old, v) for old, v in zip(before, held, strict=True))


def test_a_model_that_does_not_take_its_data():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    with pytest.raises(NotMeasured, match="cannot be called with a batch of its data: "):
        measure(Subject(model, Sample(np.zeros((8, 5), "float32"))), Clock(60))
