"""After a preflight a training goes as if it had never happened: a test for each probe, and for all of them."""

import random
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import preflight
from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.keeping.kept import kept
from tb_nnhealth.flight.probes import PROBES
from tb_nnhealth.flight.reading.sample import read
from tb_nnhealth.flight.report import PreflightReport
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import SECONDS

TRACED: list[str] = []
"""A word for each time that a step was traced."""


def first(truth: Any, answer: Any) -> Any:
    """A metric, the first number of an answer, that tells when it is traced."""
    TRACED.append("traced")
    return answer[:, 0]


def build() -> keras.Model:
    """Returns a model with all that a probe may disturb: seeds, moving statistics, metrics, a schedule, momenta."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomTranslation(0.1, 0.1),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, kernel_regularizer="l2"),
        ]
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 10, 0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss, metrics=["accuracy", first])
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 120)
    images = generator.normal(size=(120, 8, 8, 1)) + labels[:, None, None, None]
    return images.astype("float32"), labels


def fitted() -> keras.Model:
    """Returns a model after five steps: its functions are made, its optimizer has momenta, its metrics have counted."""
    model = build()
    images, labels = data()
    model.fit(images, labels, batch_size=24, verbose=0)
    model.evaluate(images, labels, batch_size=24, verbose=0)
    model.predict(images, verbose=0)
    return model


def functions(model: keras.Model) -> tuple[Any, ...]:
    """Returns which functions a model trains, evaluates and predicts with."""
    return model.train_function, model.test_function, model.predict_function


def trained(model: keras.Model, train_data) -> list[bytes]:
    """Returns the bits of all that a training with shuffled batches ends in."""
    if isinstance(train_data, tuple):
        history = model.fit(*train_data, epochs=2, batch_size=24, verbose=0)
    else:
        history = model.fit(train_data, epochs=2, verbose=0)
    weights = [np.array(v.numpy()).tobytes() for v in (*model.variables, *model.optimizer.variables)]
    drawn = [random.random(), np.random.random(), float(keras.random.normal(())), float(tf.random.normal(()))]
    return [*weights, repr(history.history).encode(), repr(drawn).encode(), repr(layers.Dense(1).name).encode()]


def assert_made(report: PreflightReport) -> None:
    """Each experiment was made or said why it cannot be, and those that train the model were made."""
    reasons = {name: probed.reason for name, probed in report.run.probes.items() if not probed.values}
    assert len(report.run.probes) == len(PROBES) and not any("failed" in reason for reason in reasons.values())
    assert {"data-order", "gradient-check", "overfit-tiny-batch", "learning-rate-range"}.isdisjoint(reasons)


@pytest.fixture(scope="module")
def plain():
    return trained(build(), data())


@pytest.mark.slow
@pytest.mark.parametrize("name", [probe.name for probe in PROBES])
def test_a_training_after_a_probe_is_the_same_to_the_last_bit(name, plain):
    model = build()
    (probe,) = (probe for probe in PROBES if probe.name == name)
    subject = Subject(model, read(data(), model), read(data(), model))
    with kept(model):
        probe.measure(subject, Clock(60))
    assert trained(model, data()) == plain


@pytest.mark.slow
def test_a_training_after_the_first_steps_is_the_same_to_the_last_bit(plain):
    model = build()
    preflight(model, data(), probes=["data-order"])
    assert trained(model, data()) == plain


@pytest.mark.slow
def test_a_training_after_the_whole_preflight_is_the_same_to_the_last_bit(plain, tmp_path):
    model = build()
    assert_made(preflight(model, data(), data(), tmp_path, budget=SECONDS))
    assert trained(model, data()) == plain


@pytest.mark.slow
def test_a_training_goes_on_after_the_whole_preflight_as_if_there_had_been_none():
    expected = trained(fitted(), data())
    model = fitted()
    made = functions(model)
    assert None not in made and int(model.optimizer.iterations) == 5 and model.metrics[0].count > 0
    assert_made(preflight(model, data(), data(), budget=SECONDS))
    assert functions(model) == made
    TRACED.clear()
    assert trained(model, data()) == expected
    assert functions(model) == made and not TRACED, "the functions that it had go on"


@pytest.mark.slow
def test_a_shuffled_dataset_gives_the_training_the_batches_that_it_would_have_given():
    def batches():
        return tf.data.Dataset.from_tensor_slices(data()).shuffle(120, seed=5).batch(24)

    expected = trained(build(), batches())
    model, train_data = build(), batches()
    report = preflight(model, train_data, probes=["data-order"])
    assert report.train_data is train_data
    assert trained(model, report.train_data) == expected


def test_a_generators_batches_are_given_again():
    images, labels = data()

    def batches():
        for start in range(0, 120, 24):
            yield images[start : start + 24], labels[start : start + 24]

    report = preflight(build(), batches(), probes=["data-order"])
    given = list(report.train_data)
    assert [len(x) for x, _ in given] == [24] * 5
    assert np.array_equal(np.concatenate([y for _, y in given]), labels)
