"""What the manifest says of how the model was compiled."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument.compiled import describe_compile
from tests.instrument.training import assert_same_bits, unwarned
from tests.instrument.zoo import CASES, flat, numbers, regression


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def test_compile() -> None:
    optimizer = keras.optimizers.AdamW(0.02, weight_decay=0.1, global_clipnorm=1.0, use_ema=True)
    told = describe_compile(regression(optimizer, jit_compile=True, metrics=["mae"]).model, None)
    assert told["optimizer"]["class_name"] == "AdamW" and told["optimizer"]["learning_rate"] == pytest.approx(0.02)
    assert told["optimizer"]["global_clipnorm"] == 1.0 and told["optimizer"]["use_ema"]
    assert not told["optimizer"]["loss_scaled"] and told["jit_compile"] and not told["run_eagerly"]


def test_losses_by_output() -> None:
    found = describe_compile(CASES["list_inputs_outputs"]().model, None)["losses"]
    assert [loss["output"] for loss in found] == ["first", "second"]
    assert found[0]["class_name"] == "MeanAbsoluteError"
    assert found[1] == {
        "output": "second",
        "class_name": "SparseCategoricalCrossentropy",
        "aligns_ranks": True,
        "from_logits": False,
        "reduction": "sum_over_batch_size",
        "weight": 1.0,
    }
    assert describe_compile(CASES["attention_block"]().model, None)["losses"][0]["from_logits"] is True
    assert describe_compile(CASES["gan_two_optimizers"]().model, None)["losses"] == []


def test_a_users_function_is_not_taken_for_keras_own_of_the_same_name() -> None:
    def hinge(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_pred)

    def named(loss: Any) -> str:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", loss)
        return str(describe_compile(model, None)["losses"][0]["class_name"])

    assert [named(loss) for loss in (hinge, keras.losses.hinge, "hinge")] == ["hinge", "Hinge", "Hinge"]


@pytest.mark.parametrize(
    ("given", "names", "by_output"),
    [
        ([["mae"], ["Accuracy", keras.metrics.AUC()]], ["mae", "accuracy", "AUC"], [["mae"], ["accuracy", "AUC"]]),
        ({"second": "acc"}, ["acc"], [[], ["acc"]]),
        (None, [], [[], []]),
    ],
)
def test_metrics_by_output(given: Any, names: list[str], by_output: list[list[str]]) -> None:
    model = CASES["list_inputs_outputs"]().model
    model.compile("sgd", "mse", metrics=given)
    told = describe_compile(model, None)
    assert told["metrics"] == names
    assert told["output_metrics"] == dict(zip(["first", "second"], by_output, strict=True))


def test_metrics_of_a_single_output_are_its_own() -> None:
    model = CASES["masked_sequence_loss"]().model
    assert list(describe_compile(model, None)["output_metrics"].values()) == [["accuracy"]]
    assert describe_compile(CASES["gan_two_optimizers"]().model, None)["output_metrics"] == {}


def test_mixed_precision_scales_the_loss() -> None:
    assert describe_compile(CASES["mixed_float16"]().model, None)["optimizer"]["loss_scaled"]


class Inverse(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return 0.5 / (1.0 + tf.cast(step, tf.float32 if step.dtype == "int64" else tf.float64))


class Decaying(keras.optimizers.schedules.LearningRateSchedule):
    """Changes whenever it is asked."""

    def __init__(self) -> None:
        self.now = tf.Variable(0.5, trainable=False)

    def __call__(self, step: Any) -> Any:
        return self.now.assign(self.now * 0.5)


class Broken(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return float(step) * 0.1


@pytest.mark.parametrize(
    ("schedule", "now", "scheduled"),
    [
        (keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.1), 0.1, [0.1, 0.01, 1e-3, 1e-4, 1e-5]),
        (Inverse(), 0.5, [0.5, 0.5 / 11, 0.5 / 21, 0.5 / 31, 0.5 / 41]),
        (Decaying(), None, None),
        (Broken(), None, None),
    ],
)
def test_a_schedule_is_asked_without_a_trace(schedule: Any, now: float | None, scheduled: list[float] | None) -> None:
    told = describe_compile(regression(keras.optimizers.SGD(schedule)).model, 41)["optimizer"]
    assert told["schedule"] == type(schedule).__name__
    assert told["learning_rate"] == (None if now is None else pytest.approx(now))
    assert told["scheduled"] == (None if scheduled is None else pytest.approx(scheduled))
    assert not isinstance(schedule, Decaying) or float(schedule.now) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("prints", [False, True], ids=["", "a step that cannot be taken back"])
def test_a_training_with_a_schedule_that_changes_when_asked(prints: bool, tmp_path: Path) -> None:
    class Printing(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            tf.print("", end="", output_stream=f"file://{os.devnull}")
            return super().train_step(data)

    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        model = (Printing if prints else keras.Sequential)([keras.Input((6,)), keras.layers.Dense(1)])
        schedule = Decaying()
        model.compile(keras.optimizers.SGD(schedule), "mse")
        model.fit(flat(), numbers(), batch_size=4, epochs=2, verbose=0, callbacks=list(callbacks))
        return [*model.get_weights(), np.array(schedule.now)]

    with unwarned("HealthCallback"):
        ours = trained(HealthCallback(tmp_path, sampling=2))
    assert_same_bits(ours, trained())
    run = read_run(tmp_path)
    assert run.samples == 6 and np.isnan(run.step.series("learning_rate", "step")).all()
