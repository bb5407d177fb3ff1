"""gradient-check: the probe on trainings, and what it leaves of them."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from demo.preflight_gradient_faults import FAULTS
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.gradient_check import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown, judged, subject_of, verdict_of
from tests.flight.zoo.gradient_check import FLIGHTS, Rounded, classes

RULE = "gradient-check"


@each(FLIGHTS)
def test_flights(flight):
    assert flown(RULE, flight).status == ("fail" if flight.expected else "pass")


@pytest.mark.slow
def test_the_demo_is_sick():
    assert verdict_of(RULE, subject_of(FAULTS[RULE].build())).status == "fail"


@pytest.mark.slow
@pytest.mark.parametrize("last", [lambda: keras.layers.Dropout(0.5), Rounded])
def test_nothing_is_left_behind(last):
    training = classes(keras.layers.BatchNormalization, last)()
    model = training.model
    model.train_on_batch(training.images, training.targets)
    held = [*model.variables, *model.optimizer.variables]
    before, random = [np.array(v) for v in held], np.random.get_state()[1].copy()
    measure(subject_of(training), Clock(60))
    assert all(np.array_equal(old, v) for old, v in zip(before, held, strict=True))
    assert np.array_equal(random, np.random.get_state()[1])


@pytest.mark.slow
def test_a_share_of_the_budget_that_is_spent_is_told():
    training = classes(lambda: keras.layers.Activation("relu"))()
    with pytest.raises(NotMeasured, match="its share of the budget"):
        measure(subject_of(training), Clock(0.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda model: setattr(model, "trainable", False), "no trainable variables"),
        (lambda model: model.compile("adam", lambda t, p: float(p.numpy().mean())), "could not be traced"),
        (
            lambda model: model.compile("adam", lambda t, p: t - float(p[0, 0]), run_eagerly=True),
            "runs eagerly, and it",
        ),
        (lambda model: model.layers[0].kernel.assign(model.layers[0].kernel + np.nan), "not finite"),
    ],
)
def test_what_cannot_be_derived_is_told(change, reason):
    training = classes(lambda: keras.layers.Activation("tanh"))()
    change(training.model)
    with pytest.raises(NotMeasured, match=reason):
        measure(subject_of(training), Clock(60))


@pytest.mark.slow
def test_a_model_that_is_not_compiled_is_derived_by_its_outputs():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3)(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(2, "softmax")(hidden), keras.layers.Dense(1)(hidden)])
    values = measure(Subject(model, Sample(np.ones((3, 4), "float32"))), Clock(60))
    assert values["examples"] == 3
    assert max(check["error"] for check in values["checks"]) < 1e-7


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return {}


@pytest.mark.slow
def test_a_model_whose_own_step_alone_calls_the_loss_is_derived_by_its_outputs():
    model = OwnStep([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    values = measure(Subject(model, Sample(np.ones((3, 4), "float32"))), Clock(60))
    assert values["checks"] and max(check["error"] for check in values["checks"]) < 1e-7


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean(tf.square(y - y_pred))


@pytest.mark.slow
def test_a_loss_is_given_targets_of_the_type_that_fit_gives_it():
    model = OwnLoss([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam")
    rows = np.random.default_rng(0).normal(size=(8, 5))
    values = measure(Subject(model, Sample(rows[:, 1:], rows[:, :1])), Clock(60))
    assert values["checks"] and max(check["error"] for check in values["checks"]) < 1e-7


class Rooted(keras.layers.Layer):
    """Adds the square root of what is always zero."""

    def call(self, x):
        return x + keras.ops.sqrt(keras.ops.square(x - x))


def test_a_gradient_that_is_not_finite_is_told():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), Rooted(name="rooted"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    rows = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    told = judged("gradient-check", measure(Subject(model, Sample(rows[:, 1:], rows[:, :1])), Clock(60)))
    assert [(each.severity, each.layer.split("/")[-1]) for each in told.findings] == [("error", "rooted")]
    assert "is NaN or infinite" in told.findings[0].message


class Adding(keras.layers.Layer):
    """Adds a term of its inputs to the loss."""

    def __init__(self, factor):
        super().__init__()
        self.term = Penalty(factor).square

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones")

    def call(self, x):
        self.add_loss(1e-3 * keras.ops.sum(self.term(x)))
        return self.scale * x


class AddingOfItsOwn(Adding):
    """Adds a term of its variable to the loss."""

    def call(self, x):
        self.add_loss(1e-3 * keras.ops.sum(self.term(self.scale)))
        return self.scale * x


class Penalty(keras.regularizers.Regularizer):
    def __init__(self, factor):
        @tf.custom_gradient
        def square(x):
            return x * x, lambda upstream: factor * 2 * x * upstream

        self.square = square

    def __call__(self, x):
        return 1e-3 * tf.reduce_sum(self.square(x))


TERMS = {
    "by inputs": (lambda factor: [Adding(factor)], "the loss that is added by {}/adding (Adding)"),
    "by a variable": (
        lambda factor: [AddingOfItsOwn(factor)],
        "the loss that is added by {}/adding_of_its_own (AddingOfItsOwn)",
    ),
    "of a kernel": (
        lambda factor: [keras.layers.Dense(4, kernel_regularizer=Penalty(factor), name="held")],
        "the regularizer of {}/held/kernel (Penalty)",
    ),
    "of outputs": (
        lambda factor: [keras.layers.Dense(4, activity_regularizer=Penalty(factor), name="held")],
        "the activity regularizer of {}/held (Penalty)",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TERMS)
def test_a_small_term_of_the_loss_is_named_where_its_derivative_is_off(name):
    make, place = TERMS[name]
    said = {}
    for factor in (1.0, 1.01):
        keras.utils.set_random_seed(1)
        hidden = [keras.layers.Dense(6, "tanh"), *make(factor), keras.layers.Dense(3, "softmax")]
        model = keras.Sequential([keras.Input((4,)), *hidden])
        model.compile("adam", "sparse_categorical_crossentropy")
        x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
        said[factor] = verdict_of(RULE, Subject(model, Sample(x, np.arange(16) % 3, batch_size=8)))
    assert said[1.0].status == "pass"
    (finding,) = said[1.01].findings
    called = (finding.layer or finding.variable).split("/")[0]
    told = re.sub(r"(adding(_of_its_own)?)_\d+", r"\1", finding.message)
    assert told.startswith(f"The gradient of {place.format(called)}")
    assert 1e-4 < finding.observed < 0.011
