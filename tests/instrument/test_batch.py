"""Batches of which not all is dense are measured, too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument.batch import batch_size, counted_classes, named_tensors, named_values, pairs
from tb_nnhealth.rules._heads import heads
from tests.instrument.training import assert_same_bits, unwarned
from tests.instrument.zoo import flat, numbers

ROWS = 16
DENSE = tf.ones([4, 2])
SPARSE = tf.sparse.from_dense([[0.0, 3.0], [0.0, 0.0], [2.0, 0.0]])
RAGGED = tf.RaggedTensor.from_row_lengths(tf.constant([1.0, 2.0, 3.0]), [1, 0, 2, 0, 0])


@pytest.mark.parametrize(
    ("structure", "expected"),
    [(DENSE, 4), (SPARSE, 3), (RAGGED, 5), ({"a": SPARSE, "b": DENSE}, 3), ((tf.constant(["a", "b"]),), 2)],
)
def test_batch_size(structure: Any, expected: int) -> None:
    assert int(batch_size(structure)) == expected


@pytest.mark.parametrize("structure", [None, tf.constant(1.0), {"a": None}])
def test_a_batch_of_no_size(structure: Any) -> None:
    assert batch_size(structure) is None


def test_the_values_of_what_is_not_dense() -> None:
    structure = {"dense": DENSE, "sparse": SPARSE, "ragged": RAGGED, "text": tf.constant(["a"]), "none": None}
    assert [name for name, _ in named_tensors(structure, None)] == ["dense"]
    values = dict(named_values(structure, None))
    assert values.keys() == {"dense", "sparse", "ragged"}
    assert values["sparse"].numpy().tolist() == [3.0, 2.0] and values["ragged"].numpy().tolist() == [1.0, 2.0, 3.0]


class ToDense(layers.Layer):
    """As XLA can compile it."""

    def call(self, inputs: tf.SparseTensor) -> tf.Tensor:
        return tf.ensure_shape(tf.sparse.to_dense(inputs, validate_indices=False), [None, 6])


class FromSparse(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [ToDense(), layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(1)]

    def call(self, inputs: Any, training: bool = False) -> Any:
        for part in self.parts:
            inputs = part(inputs)
        return inputs


def from_sparse() -> keras.Model:
    inputs = keras.Input((6,), sparse=True)
    return keras.Model(inputs, layers.Dense(1)(layers.Dropout(0.2)(layers.Dense(4, "relu")(inputs))))


def from_ragged() -> keras.Model:
    inputs = keras.Input((None,), dtype="int32", ragged=True)
    pooled = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(inputs))
    return keras.Model(inputs, layers.Dense(1)(layers.Dense(4, "relu")(pooled)))


def sparse(bad_row: int | None = None) -> tf.SparseTensor:
    x = np.maximum(flat(ROWS), 0.0)
    if bad_row is not None:
        x[bad_row, 2] = np.nan
    return tf.sparse.from_dense(x)


def ragged() -> tf.RaggedTensor:
    return tf.ragged.constant([[1, 2, 3], [4]] * (ROWS // 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "data", "how"),
    [
        (from_sparse, sparse, {"jit_compile": False}),
        (from_sparse, sparse, {"run_eagerly": True}),
        (FromSparse, sparse, {"jit_compile": True}),
        (from_ragged, ragged, {"jit_compile": False}),
    ],
)
@pytest.mark.parametrize("guard", [True, False])
def test_a_training_on_what_is_not_dense(
    tmp_path: Path, make: Callable[[], keras.Model], data: Callable[[], Any], how: dict[str, Any], guard: bool
) -> None:
    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = make()
        model.compile("adam", "mse", **how)
        model.fit(data(), numbers(ROWS), batch_size=4, verbose=0, callbacks=list(callbacks))
        return [v.numpy() for v in model.variables]

    with unwarned("HealthCallback"):
        measured = trained(HealthCallback(tmp_path, sampling=1, guard=guard))
    assert_same_bits(measured, trained())
    run = read_run(tmp_path)
    assert run.samples == 4 and run.finished and not run.problems
    assert run.step.series("batch_size", "step").tolist() == [4.0] * 4
    assert np.isfinite(run.variables.series("update_norm")).all()
    assert np.isfinite(run.activations.series("activation_rms")).all()
    assert all(not row.startswith("input/") for row in run.data.rows), "its zeros are not there to be measured"


@pytest.mark.slow
@pytest.mark.parametrize("sampling", [1, 1000])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_nan_in_a_sparse_input_is_named(tmp_path: Path, sampling: int, jit_compile: bool) -> None:
    model, x = FromSparse(), sparse(bad_row=9)
    model.compile("adam", "mse", jit_compile=jit_compile)
    health = HealthCallback(tmp_path, sampling=sampling)
    with unwarned("HealthCallback"):
        model.fit(x, numbers(ROWS), batch_size=4, shuffle=False, verbose=0, callbacks=[health])
    found = read_run(tmp_path).nonfinite
    assert found is not None and (found.step, found.places[0].path) == (2, "input/0")


P, Q = tf.zeros([2, 1]), tf.zeros([2, 3])


@pytest.mark.parametrize(
    ("targets", "predictions", "losses", "expected"),
    [
        (
            [("kind", P), ("price", Q)],
            [("price", Q), ("kind", P)],
            {"price": "mse", "kind": "scce"},
            [("kind", P, P, "scce"), ("price", Q, Q, "mse")],
        ),
        ([("kind", P)], [("aux", Q), ("kind", P)], {"kind": "scce"}, [("kind", P, P, "scce")]),
        ([("a", P), ("b", Q)], [("a", P), ("b", Q)], {"b": "mse"}, [("a", P, P, None), ("b", Q, Q, "mse")]),
        ([("0", P), ("1", Q)], [("0", P), ("1", Q)], {"0": "mse"}, [("0", P, P, "mse"), ("1", Q, Q, None)]),
        ([("y", P)], [("head", Q)], {"head": "mse"}, [("y", P, Q, "mse")]),
        ([("0", P)], [], {"0": "mse"}, []),
        ([("0", P)], [("0", P)], {}, [("0", P, P, None)]),
    ],
)
def test_pairs(targets: Any, predictions: Any, losses: Any, expected: Any) -> None:
    found = pairs(targets, predictions, losses)
    assert [(name, loss) for name, _, _, loss in found] == [(name, loss) for name, _, _, loss in expected]
    for (_, *tensors, _), (_, *wanted, _) in zip(found, expected, strict=True):
        assert all(tensor is other for tensor, other in zip(tensors, wanted, strict=True))


def counted(target: Any, prediction: Any, mask: Any = None, **loss: Any) -> list[list[float]]:
    answers = tf.constant(prediction, tf.float32)
    if mask is not None:
        answers._keras_mask = tf.constant(mask)
    found = counted_classes(tf.constant(target), answers, loss)
    assert found is not None
    return [counts.numpy().tolist() for counts in found]


def test_a_binary_answer_turns_at_one_half_or_at_a_logit_of_zero() -> None:
    target, answers = [[0], [1], [1]], [[-0.2], [0.3], [0.7]]
    assert counted(target, answers, class_name="BinaryCrossentropy", from_logits=False) == [[1, 2], [2, 1]]
    assert counted(target, answers, class_name="BinaryCrossentropy", from_logits=True) == [[1, 2], [1, 2]]


def test_classes_that_are_left_out_are_not_counted() -> None:
    target, answers = [[0, 1, 2], [2, 0, 0]], np.eye(3)[[[0, 1, 1], [2, 1, 0]]]
    sparse = {"class_name": "SparseCategoricalCrossentropy"}
    assert counted(target, answers, **sparse) == [[3, 1, 2], [2, 3, 1]]
    assert counted(target, answers, **sparse, ignore_class=0) == [[0, 1, 2], [0, 2, 1]]
    mask = [[True, True, True], [True, False, False]]
    assert counted(target, answers, mask, **sparse) == [[1, 1, 2], [1, 2, 1]]
    assert counted(target, answers, mask, **sparse, ignore_class=2) == [[1, 1, 0], [1, 1, 0]]


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [dict, list])
def test_targets_in_another_order_than_the_outputs(outputs: Any, tmp_path: Path) -> None:
    inputs = keras.Input((6,))
    hidden = layers.Dense(5, "relu")(inputs)
    made = {"price": layers.Dense(1, name="price")(hidden), "kind": layers.Dense(3, "softmax", name="kind")(hidden)}
    model = keras.Model(inputs, made if outputs is dict else list(made.values()))
    model.compile("adam", {"price": "mse", "kind": "sparse_categorical_crossentropy"})
    y = {"kind": np.arange(24) % 3, "price": 10 * numbers()}
    model.fit(flat(), y, batch_size=24, epochs=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert set(run.classes.rows) == {"target/kind", "prediction/kind", "share/kind"}
    assert run.classes.values[0, run.classes.row("target/kind")].tolist() == [8, 8, 8]
    assert {head.name: head.target and head.target.name for head in heads(run)} == {"price": "price", "kind": "kind"}
