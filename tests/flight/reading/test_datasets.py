"""A `tf.data.Dataset` of which a sample was read gives the training the very same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.reading import dataset_graphs, datasets
from tb_nnhealth.flight.reading.sample import read

N = 20
X = np.arange(N * 3, dtype="float32").reshape(N, 3)
Y = np.arange(N)
W = np.linspace(0, 1, N)


def repeated(data: tf.data.Dataset) -> list[Any]:
    """Returns all elements of three epochs."""
    return [[np.array(element).tolist() for element in data.as_numpy_iterator()] for _ in range(3)]


def python(value: Any) -> Any:
    return tf.ensure_shape(tf.py_function(lambda v: v + np.random.normal(), [value], tf.float32), [])


FLOATS = tf.data.Dataset.range(N).map(lambda i: tf.cast(i, tf.float32))
DATASETS: dict[str, Callable[[Path], tf.data.Dataset]] = {
    "shuffle": lambda _: FLOATS.shuffle(N),
    "seeded": lambda _: FLOATS.shuffle(N, seed=3).prefetch(2),
    "same order": lambda _: FLOATS.shuffle(N, reshuffle_each_iteration=False),
    "repeat": lambda _: FLOATS.shuffle(N).repeat(2),
    "cache": lambda _: FLOATS.map(lambda x: x + tf.random.uniform([])).cache().shuffle(N),
    "shuffled cache": lambda _: FLOATS.shuffle(N).cache(),
    "file": lambda path: FLOATS.map(lambda x: x + tf.random.uniform([])).cache(str(path / "cache")).shuffle(N),
    "interleave": lambda _: FLOATS.shuffle(N).interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(2).shuffle(2)
    ),
    "from_generator": lambda _: tf.data.Dataset.from_generator(
        lambda: iter(np.random.normal(size=N)), output_signature=tf.TensorSpec([])
    ).shuffle(N),
    "py_function": lambda _: FLOATS.shuffle(N).map(python),
    "random": lambda _: tf.data.Dataset.random(seed=3, rerandomize_each_iteration=True).take(N),
}


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("examples", [4, 100])
def test_a_dataset_gives_the_training_the_same(name: str, examples: int, tmp_path: Path) -> None:
    (tmp_path / "untouched").mkdir()
    keras.utils.set_random_seed(0)
    expected = repeated(DATASETS[name](tmp_path / "untouched"))
    keras.utils.set_random_seed(0)
    data = DATASETS[name](tmp_path)
    sample = read(data.batch(4), most_examples=examples, most_ordered=0)
    assert sample.examples == min(examples, 2 * N if name in ("repeat", "interleave") else N)
    assert not list(tmp_path.glob("cache*"))
    assert bool(sample.problems[1:]) == (name in ("from_generator", "py_function"))
    assert repeated(data) == expected


def test_a_variable_that_a_dataset_counts_in_is_as_it_was() -> None:
    generator = tf.random.Generator.from_seed(1)
    before = generator.state.numpy()
    data = FLOATS.map(lambda x: x + generator.normal([])).batch(4)
    read(data)
    np.testing.assert_array_equal(generator.state.numpy(), before)


def test_data_too_large_for_a_copy_are_read_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST_BYTES", 10)
    sample = read(tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(N).batch(8))
    assert sample.examples == N
    assert "too large" in sample.problems[0]


def test_large_arrays_are_left_out_of_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> tf.data.Dataset:
        keras.utils.set_random_seed(0)
        both = tf.data.Dataset.from_tensor_slices((X, Y)), tf.data.Dataset.from_tensors(X[::-1]).unbatch()
        return tf.data.Dataset.zip(both).map(lambda one, two: (*one, two[0])).shuffle(N).batch(8)

    dataset = made()
    expected = [[x.tolist() for x, _, _ in dataset.as_numpy_iterator()] for _ in range(2)]
    monkeypatch.setattr(dataset_graphs, "LARGE", 100)
    dataset = made()
    with dataset_graphs.written(
        dataset, [tf.constant(X), tf.constant(Y), tf.constant(X[::-1]), tf.constant(W)]
    ) as graph:
        assert sum(node.op == "ReadVariableOp" for node in graph.node) == 3
    sample = read(dataset)
    assert not sample.problems
    np.testing.assert_array_equal(sample.x, X[sample.y])
    np.testing.assert_array_equal(sample.weights, X[::-1][sample.y, 0])
    assert [[x.tolist() for x, _, _ in dataset.as_numpy_iterator()] for _ in range(2)] == expected
