"""The loss of the best constant prediction, against Keras' own loss of that constant."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.rules._trivial import trivial_loss
from tests.instrument.training import unwarned

ROWS = 24
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS, 6)).astype(np.float32)
CLASSES = RANDOM.choice(3, ROWS, p=[0.6, 0.3, 0.1])
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]
YES = (CLASSES == 1).astype(np.float32)
MANY = (RANDOM.random((ROWS, 5)) < [0.5, 0.1, 0.2, 0.9, 0.3]).astype(np.float32)
NUMBERS = RANDOM.normal([0, 9], size=(ROWS, 2)).astype(np.float32)
WEIGHTS = RANDOM.uniform(0.1, 3.0, ROWS).astype(np.float32)
CLASS_WEIGHTS = {0: 0.5, 1: 2.0, 2: 4.0}

CASES: dict[str, tuple[np.ndarray, int, Any]] = {
    "classes": (CLASSES, 3, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "a_class_left_out": (CLASSES, 3, keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)),
    "one_hot": (ONE_HOT, 3, keras.losses.CategoricalCrossentropy(from_logits=True)),
    "smoothed": (ONE_HOT, 3, keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)),
    "summed": (CLASSES, 3, keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")),
    "yes_or_no": (YES, 1, keras.losses.BinaryCrossentropy(from_logits=True)),
    "many_labels": (MANY, 5, keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)),
    "numbers": (NUMBERS, 2, "mse"),
    "number": (NUMBERS[:, 0], 1, keras.losses.MeanSquaredError()),
}


class Constant(layers.Layer):
    """The same answer to all."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.answer = self.add_weight(shape=(units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return self.answer + 0.0 * inputs[..., :1]


def fit(
    model: keras.Model, x: Any, y: Any, callback: HealthCallback, sample_weight: Any = None, **options: Any
) -> None:
    """Trains on the same batch of all rows at each of 400 steps, in one epoch: the ends of many would take longer."""
    x, y, weights = (None if a is None else np.concatenate([a] * 400) for a in (x, y, sample_weight))
    model.fit(x, y, batch_size=ROWS, shuffle=False, sample_weight=weights, verbose=0, callbacks=[callback], **options)


def measured(tmp_path: Path, case: str, weighted: bool = False, **settings: Any) -> tuple[float, float]:
    """Returns the trivial loss that a run tells, and the loss that a constant comes down to in that training."""
    target, units, loss = CASES[case]
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input((6,)), Constant(units)])
    model.compile(keras.optimizers.Adam(0.1), loss, **settings)
    weights = WEIGHTS if weighted else None
    with unwarned("HealthCallback"):
        callback = HealthCallback(tmp_path, sampling=100)
        fit(model, X, target, callback, sample_weight=weights)
    reached = model.evaluate(X, target, sample_weight=weights, batch_size=ROWS, verbose=0)
    return trivial_loss(read_run(tmp_path)), reached


def unbiased(case: str, weighted: bool) -> float:
    """Returns by how much the estimate of a variance is larger than that of these very examples: that of one number
    for each example is put together of what is within the batches and between them."""
    if case not in ("number", "numbers"):
        return 1.0
    examples = WEIGHTS.sum() ** 2 / (WEIGHTS**2).sum() if weighted else ROWS
    return float(examples / (examples - 1) * (1 - 1 / ROWS if case == "number" else 1))


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", sorted(set(CASES) - {"a_class_left_out"}))
def test_trivial_loss_is_what_a_constant_comes_down_to(tmp_path: Path, case: str, weighted: bool) -> None:
    told, reached = measured(tmp_path, case, weighted)
    assert told == pytest.approx(reached * unbiased(case, weighted), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("a_class_left_out", {}),
        ("numbers", {"loss_weights": [0.01]}),
        ("classes", {"loss_weights": [100.0], "jit_compile": True}),
        ("many_labels", {"run_eagerly": True}),
    ],
)
def test_trivial_loss_of_other_settings(tmp_path: Path, case: str, settings: dict[str, Any]) -> None:
    told, reached = measured(tmp_path, case, **settings)
    assert told == pytest.approx(reached * unbiased(case, False), rel=1e-3)


@pytest.mark.slow
def test_trivial_loss_with_weights_of_the_classes(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), Constant(3)])
    model.compile(keras.optimizers.Adam(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    callback = HealthCallback(tmp_path)
    fit(model, X, CLASSES, callback, class_weight=CLASS_WEIGHTS)
    weights = np.array([CLASS_WEIGHTS[label] for label in CLASSES])
    reached = model.evaluate(X, CLASSES, sample_weight=weights, verbose=0, batch_size=ROWS)
    assert trivial_loss(read_run(tmp_path)) == pytest.approx(reached, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_positions_that_are_masked_are_no_part_of_the_answer(tmp_path: Path, weighted: bool) -> None:
    tokens = RANDOM.integers(1, 9, (ROWS, 7)) * (np.arange(7) < RANDOM.integers(2, 7, (ROWS, 1)))
    tags = np.where(tokens > 0, np.where(tokens > 5, 1, 2), 0)
    tokens_only = layers.Lambda(lambda x: 0.0 * x, output_shape=lambda shape: shape)
    tokens_only.supports_masking = True
    bias = layers.Dense(3)
    model = keras.Sequential([keras.Input((7,)), layers.Embedding(9, 4, mask_zero=True), tokens_only, bias])
    model.compile(keras.optimizers.Adam(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    weights = WEIGHTS[:, None] if weighted else None
    with unwarned("HealthCallback"):
        callback = HealthCallback(tmp_path)
        fit(model, tokens, tags, callback, sample_weight=weights)
    reached = model.evaluate(tokens, tags, sample_weight=weights, verbose=0, batch_size=ROWS)
    assert trivial_loss(read_run(tmp_path)) == pytest.approx(reached, rel=1e-3)


SHARED = {"one for all": WEIGHTS, "one for one": {"kind": None, "size": WEIGHTS}}


@pytest.mark.parametrize("given", SHARED)
def test_each_output_has_the_weights_that_it_was_given(tmp_path: Path, given: str) -> None:
    keras.backend.clear_session()
    x = keras.Input((6,))
    outputs = {"kind": layers.Dense(3, name="kind")(x), "size": layers.Dense(2, name="size")(x)}
    losses = {"kind": CASES["classes"][2], "size": keras.losses.MeanSquaredError()}
    model = keras.Model(x, outputs)
    model.compile("sgd", losses, loss_weights={"kind": 1.0, "size": 0.1})
    with unwarned("HealthCallback"):
        target = {"kind": CLASSES, "size": NUMBERS}
        callbacks = [HealthCallback(tmp_path)]
        model.fit(X, target, sample_weight=SHARED[given], batch_size=ROWS, epochs=4, verbose=0, callbacks=callbacks)
    of_kind = WEIGHTS if given == "one for all" else np.ones(ROWS)
    kinds = np.array([of_kind[i == CLASSES].sum() for i in range(3)]) / ROWS
    entropy = -(kinds * np.log(kinds / kinds.sum())).sum()
    errors = (NUMBERS - np.average(NUMBERS, axis=0, weights=WEIGHTS)) ** 2
    variance = (WEIGHTS[:, None] * errors).mean() * unbiased("numbers", weighted=True)
    assert trivial_loss(read_run(tmp_path)) == pytest.approx(entropy + 0.1 * variance, rel=1e-3)
