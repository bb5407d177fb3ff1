"""A sample of each kind of data, and that the data go on as if none had been taken."""

import itertools
import random
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.reading.sample import Sample, SampleError, read

N = 20
X = np.arange(N * 3, dtype="float32").reshape(N, 3)
Y = np.arange(N)
W = np.linspace(0, 1, N)
SPECS = (tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.int64))


def batches(size: int = 8) -> Iterator[Any]:
    for start in range(0, N, size):
        yield X[start : start + size], Y[start : start + size]


class Batches(keras.utils.PyDataset):
    """Counts how often it is read, and draws from each kind of random generator."""

    def __init__(self) -> None:
        super().__init__()
        self.own = np.random.default_rng(0)
        self.order = np.arange(N)
        self.reads = 0
        self.ends = 0

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        self.reads += 1
        np.random.shuffle(self.order)
        rows = self.order[:5]
        return X[rows] + random.random() + self.own.normal(), Y[rows]

    def on_epoch_end(self) -> None:
        self.ends += 1


def assert_pairs(sample: Sample) -> None:
    """Each target stands by its own input."""
    assert len(sample.x) == len(sample.y) == sample.examples
    np.testing.assert_array_equal(sample.x, X[sample.y])


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (tf.constant(X), tf.constant(Y)),
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(8),
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat(),
        tf.data.Dataset.from_generator(batches, output_signature=SPECS),
    ],
    ids=["arrays", "tensors", "dataset", "infinite", "from_generator"],
)
def test_examples_of_any_kind(data: Any) -> None:
    sample = read(data, most_examples=10)
    assert sample.examples == 10
    assert_pairs(sample)
    assert isinstance(sample.x, np.ndarray) and sample.weights is None


def test_arrays_give_a_seeded_choice_in_no_order() -> None:
    samples = [read((X, Y), most_examples=10, seed=seed) for seed in (0, 0, 1)]
    assert samples[0].y.tolist() == samples[1].y.tolist() != samples[2].y.tolist()
    assert len(set(samples[0].y.tolist())) == 10 and samples[0].y.tolist() != sorted(samples[0].y.tolist())
    assert samples[0].shuffles and samples[0].total == N and samples[0].batch_size == N
    np.testing.assert_array_equal(samples[0].ordered, Y)


def test_batches_give_the_first_in_their_order() -> None:
    sample = read(tf.data.Dataset.from_tensor_slices((X, Y, W)).batch(8), most_examples=10, most_ordered=18)
    np.testing.assert_array_equal(sample.x, X[:10])
    np.testing.assert_array_equal(sample.weights, W[:10])
    np.testing.assert_array_equal(sample.ordered, Y[:18])
    assert sample.sizes == (8, 8, 4) and sample.batch_size == 8 and sample.total == 24 and not sample.shuffles


def test_structures_are_kept() -> None:
    data = ({"a": X, "b": [Y, W]}, {"out": Y}, {"out": W})
    sample = read(data, most_examples=5)
    assert sample.x.keys() == {"a", "b"} and sample.weights.keys() == {"out"}
    np.testing.assert_array_equal(sample.x["b"][0], sample.y["out"])
    again = sample.take(np.array([1, 1, 3]))
    np.testing.assert_array_equal(again.x["a"], sample.x["a"][[1, 1, 3]])
    assert again.examples == 3


def test_bytes_are_bounded() -> None:
    assert read((X, Y), most_bytes=20 * 7).examples == 7
    assert read((X, Y), most_bytes=1).examples == 1
    assert read(batches(), most_bytes=20 * 7).examples == 7


def test_targets_in_order_are_bounded_in_bytes() -> None:
    assert len(read((X, Y), most_bytes=8 * 7).ordered) == 7
    assert len(read(Batches(), most_bytes=8 * 7).ordered) == 7


def test_slow_data_are_not_waited_for() -> None:
    sample = read(Batches(), most_seconds=0)
    assert sample.sizes == (5,) and "slow to read: the first 5 examples" in sample.problems[0]


def test_a_generator_is_not_read_on_for_batches_like_the_first() -> None:
    data = ((np.zeros((2, size)), np.zeros(2)) for size in range(1, 100))
    sample = read(data, most_examples=10)
    assert sample.sizes == (2,) * 5 and sample.examples == 2
    assert len(list(sample.rest)) == 99


class Frame:
    """What is read of a data frame."""

    def to_numpy(self) -> np.ndarray:
        return X


def test_frames_and_lists_of_inputs() -> None:
    np.testing.assert_array_equal(read((Frame(), Y), most_examples=N).ordered, Y)
    a, b = keras.Input((3,)), keras.Input((1,))
    model = keras.Model([a, b], keras.layers.Concatenate()([a, b]))
    sample = read([X, W], model)
    assert sample.y is None and len(sample.x) == 2
    assert read([X, Y]).y is not None


def test_strings_are_data() -> None:
    assert read((np.array(["a", "bc"], dtype=object), np.zeros(2))).examples == 2
    data = tf.data.Dataset.from_tensor_slices((["a", "bc"], [0, 1])).batch(2)
    assert read(data).x.tolist() == [b"a", b"bc"]


def test_nan_is_data() -> None:
    assert np.isnan(read((np.full((4, 3), np.nan), np.zeros(4))).x).all()


def test_what_is_no_number_is_known_by_its_example() -> None:
    x = {"row": np.zeros((5, 3, 2)), "id": np.arange(5), "text": np.array(list("abcde"))}
    x["row"][1, 2, 0] = np.nan
    y, weights = np.array([0, 0, -np.inf, 0, 0]), np.array([1, 1, 1, np.nan, 1])
    assert Sample(x, y, weights).are_finite.tolist() == [True, False, False, False, True]
    assert Sample(x["id"]).are_finite.all()


def test_a_loader_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tensor:
        def __init__(self, values: np.ndarray) -> None:
            self.values, self.shape, self.dtype = values, values.shape, values.dtype

        def __getitem__(self, rows: Any) -> "Tensor":
            return Tensor(self.values[rows])

        def __len__(self) -> int:
            return len(self.values)

        def detach(self) -> "Tensor":
            return self

        def cpu(self) -> "Tensor":
            return self

        def numpy(self) -> np.ndarray:
            return self.values

    class Loader:
        __module__ = "torch.utils.data.dataloader"

        def __len__(self) -> int:
            return 3

        def __iter__(self) -> Iterator[Any]:
            state.append(len(state))
            return ([Tensor(x), Tensor(y)] for x, y in batches())

    state: list[int] = []
    generator = types.SimpleNamespace(
        get_rng_state=lambda: list(state), set_rng_state=lambda s: state.__setitem__(slice(None), s)
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(random=generator))
    sample = read(Loader(), most_examples=10)
    assert_pairs(sample)
    assert sample.total == 24 and not state


def test_a_generator_hands_on_what_was_read() -> None:
    sample = read(batches(), most_examples=10)
    assert sample.sizes == (8, 8) and sample.total is None
    assert isinstance(sample.rest, types.GeneratorType)
    np.testing.assert_array_equal(np.concatenate([y for _, y in sample.rest]), Y)


def test_a_generator_that_fails_later_fails_later_again() -> None:
    def failing() -> Iterator[Any]:
        yield X, Y
        raise OSError("no such file")

    sample = read(failing(), most_examples=100)
    assert sample.examples == N and "Received: OSError: no such file (in batch 2)." in sample.broken
    next(sample.rest)
    with pytest.raises(OSError, match="no such file"):
        next(sample.rest)


def test_a_py_dataset_is_as_it_was() -> None:
    keras.utils.set_random_seed(0)
    data = Batches()
    expected = [data[index] for index in range(4)]
    keras.utils.set_random_seed(0)
    data = Batches()
    sample = read(data, most_examples=10)
    assert sample.sizes == (5,) * 4 and sample.total == 20
    assert (data.reads, data.ends, data.order.tolist()) == (0, 0, list(range(N)))
    np.testing.assert_array_equal([data[index][0] for index in range(4)], [x for x, _ in expected])


WORDS = itertools.cycle("abc")


class Counting(keras.utils.PyDataset):
    """Takes its examples from iterators that it and others hold."""

    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.count, self.cycle, self.rows = itertools.count(5), itertools.cycle(X), iter(list(X))
        self.of_list, self.of_dict = [enumerate(X)], {"rows": iter(X.tolist())}
        self.random, self.shared = random.Random(0), self.count
        drawn = zip(itertools.count(), X, strict=False)
        self.draw = lambda: next(drawn)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        told = [next(self.count), next(self.shared), self.random.random(), next(self.numbers), ord(next(WORDS))]
        told += [next(self.of_list[0])[0], self.draw()[0]]
        rows = [next(self.cycle), next(self.rows), next(self.of_dict["rows"]), [*told[:3]], [*told[3:6]]]
        return np.array([*rows, [told[6], 0, 0]], "float32"), Y[:6]


def test_iterators_that_a_py_dataset_holds_are_where_they_were() -> None:
    data = Counting()
    first = next(data.rows)
    sample = read(data)
    assert sample.examples == 18 and not sample.problems
    x, _ = data[0]
    assert first.tolist() == X[0].tolist() and x[1].tolist() == X[1].tolist()
    assert x[[0, 2]].tolist() == X[[0, 0]].tolist()
    assert x[3:].tolist() == [[5, 6, np.float32(random.Random(0).random())], [0, ord("a"), 0], [0, 0, 0]]


class Drawing(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.batches = (np.full((6, 3), number, "float32") for number in range(9))

    def __getitem__(self, index: int) -> Any:
        return next(self.batches), Y[:6]


def test_what_a_py_dataset_holds_that_cannot_be_copied_is_told() -> None:
    assert read(Drawing()).problems == (
        "The data hold `batches` (generator), which cannot be copied: it may have moved on.",
    )


RAGGED = tf.data.Dataset.from_tensor_slices((tf.ragged.constant([[1.0], [2.0, 3.0]]), [0, 1])).batch(2)
SPARSE = tf.data.Dataset.from_tensor_slices((tf.sparse.eye(2), [0, 1])).batch(2)


@pytest.mark.parametrize("is_batch", [True, False])
def test_ragged_and_sparse_tensors_are_filled_up(is_batch: bool) -> None:
    data = [dataset if is_batch else next(iter(dataset)) for dataset in (RAGGED, SPARSE)]
    ragged, sparse = (read(one, most_ordered=2) for one in data)
    assert "Ragged" in ragged.problems[0] and "Sparse" in sparse.problems[0]
    if not is_batch:
        ragged, sparse = (one.take(np.argsort(one.y)) for one in (ragged, sparse))
    assert ragged.x.tolist() == [[1, 0], [2, 3]] and sparse.x.tolist() == [[1, 0], [0, 1]]


def test_batches_of_other_shapes_are_left_out() -> None:
    sample = read(iter([(np.zeros((2, 5)), np.zeros(2)), (np.zeros((2, 7)), np.zeros(2))]))
    assert sample.x.shape == (2, 5) and sample.sizes == (2, 2)
    assert "(2, 5) and (2, 7)" in sample.problems[0]


def padded() -> Iterator[Any]:
    """Yields batches of 2, each third of which is 3 long, the others of lengths of their own."""
    for number in range(300):
        length = 3 if number % 3 == 0 else 10 + number
        yield np.ones((2, length), "float32"), np.zeros(2)


def test_batches_padded_to_lengths_of_their_own_are_told_in_one_sentence() -> None:
    sample = read(padded())
    assert len(sample.problems) == 1 and "(2, 3) and (2, 11)" in sample.problems[0]


def test_of_data_that_can_be_read_again_batches_like_the_first_are_looked_for() -> None:
    specs = (tf.TensorSpec([None, None]), tf.TensorSpec([None]))
    data = tf.data.Dataset.from_generator(padded, output_signature=specs)
    assert read(data, most_examples=100).x.shape == (100, 3)
    assert read(data, most_examples=100, most_ordered=30).x.shape == (16, 3)


def test_batches_of_other_structures_are_left_out() -> None:
    sample = read(iter([({"a": X}, Y), ({"b": X}, Y), ({"a": X}, None)]))
    assert sample.examples == N and sample.problems


@pytest.mark.parametrize("data", [X, (X,), (X, None), tf.data.Dataset.from_tensor_slices(X).batch(4), iter([X])])
def test_missing_targets_are_told(data: Any) -> None:
    sample = read(data)
    assert sample.y is None and sample.ordered is None
    assert "no targets" in sample.problems[0]


def one_example() -> Iterator[Any]:
    yield X[:1], Y[:1]


ONE = tf.data.Dataset.from_generator(one_example, output_signature=SPECS)


@pytest.mark.parametrize("data", [(X[:1], Y[:1]), one_example(), ONE], ids=["arrays", "generator", "dataset"])
def test_one_example_is_told(data: Any) -> None:
    assert "one example" in read(data).problems[-1]


def test_one_example_of_more_is_not_told_as_the_only_one() -> None:
    assert not read(batches(1), most_examples=1).problems


def test_a_model_without_a_compiled_loss_needs_no_targets() -> None:
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, activity_regularizer="l2")])
    model.compile("adam")
    assert not read(X, model).problems
    model.compile("adam", "mse")
    assert "no targets" in read(X, model).problems[0]


MODEL = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])


def broken() -> Iterator[Any]:
    raise OSError("no such file")
    yield


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ((np.array([[1], [2, 3]], dtype=object), Y[:2]), r"array of objects \(list\)"),
        (([[1], [2, 3]], Y[:2]), "single value"),
        ((X, Y, W, W), "4 elements"),
        (None, "Expected inputs"),
        (7, "leading axis"),
        ("data.csv", "Received: the text .data.csv."),
        (object(), "Received: object"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(data: Any, sentence: str) -> None:
    with pytest.raises(SampleError, match=sentence) as caught:
        read(data, MODEL)
    assert "Received: " in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ((X[:0], Y[:0]), "Expected at least one example. Received: none"),
        (tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).take(0), "at least one batch"),
        (iter([]), "at least one batch"),
        (iter([(X[:0], Y[:0])]), "at least one batch"),
        ((X, Y[:0]), "Received: 20 in x, 0 in y"),
        (tf.data.Dataset.from_tensor_slices((X, Y)), r"batches of shape \(None, 3\), as of dataset.batch"),
        (tf.data.Dataset.range(3), "leading axis"),
        (broken(), r"Received: OSError: no such file \(in batch 1\)"),
        (
            tf.data.Dataset.from_generator(broken, output_signature=SPECS),
            r"Received: \w+: OSError: no such file \(in batch 1\)",
        ),
    ],
)
def test_data_without_an_example_are_a_sample_of_none_that_says_why(data: Any, sentence: str) -> None:
    sample = read(data, MODEL)
    assert sample.examples == 0 and re.search(sentence, sample.broken)
    assert "Received: " in sample.broken and "\n" not in sample.broken


def test_batches_of_arrays_are_those_that_a_stateful_model_has_states_for() -> None:
    model = keras.Sequential([keras.Input(batch_shape=(5, 3, 1)), keras.layers.LSTM(2, stateful=True)])
    sample = read((X[:, :, None], X[:, :2]), model)
    assert sample.batch_size == 5 and sample.sizes == (5,) and sample.examples == N
    assert read((X, Y), keras.Sequential([keras.Input((3,), batch_size=5), keras.layers.Dense(1)])).batch_size == N


def test_of_arrays_of_unequal_length_those_examples_are_taken_that_are_whole() -> None:
    sample = read((X, Y[:7]), MODEL)
    assert sample.examples == len(sample.y) == 7
    np.testing.assert_array_equal(np.sort(sample.y), np.sort(Y[:7]))
    assert re.search("Expected as many examples in each array. Received: [0-9]+ in x, [0-9] in y.", sample.broken)


def graphs() -> Iterator[Any]:
    """Yields six graphs: the features of nodes, as many targets, and edges, of which the first has as many."""
    for number in range(6):
        yield {"nodes": np.ones((4, 3), "float32"), "edges": np.ones((4 + 2 * number, 2), "int32")}, np.ones(4)


GRAPHS = tf.data.Dataset.from_generator(
    graphs, output_signature=({"nodes": tf.TensorSpec([4, 3]), "edges": tf.TensorSpec([None, 2])}, tf.TensorSpec([4]))
)


@pytest.mark.parametrize("data", [graphs(), GRAPHS, iter([({"nodes": X, "edges": X[:0]}, Y)])])
def test_batches_whose_arrays_differ_in_length_are_kept_as_they_are(data: Any) -> None:
    sample = read(data)
    batches = list(sample.rest or data)
    assert not sample.broken and sample.examples and len(sample.whole) == min(4, len(batches))
    for taken, given in zip(sample.whole, batches, strict=False):
        for one, other in zip(keras.tree.flatten(taken[:2]), keras.tree.flatten(given), strict=True):
            np.testing.assert_array_equal(one, other)
    (problem,) = (problem for problem in sample.problems if "differ in length" in problem)
    assert "(4 and 6 in x, 4 in y)" in problem or "(0 and 20 in x, 20 in y)" in problem


def test_of_batches_whose_arrays_differ_in_length_those_like_the_first_are_kept() -> None:
    sample = read(iter([(X[:, :2], Y[:3]), (X, Y[:3]), (X[:5, :2], Y)]))
    assert [parts[0].shape for parts in sample.whole] == [(20, 2), (5, 2)]


def test_examples_tell_where_in_the_data_they_stand() -> None:
    sample = read((X, Y), most_examples=8)
    np.testing.assert_array_equal(X[sample.places], sample.x)
    np.testing.assert_array_equal(X[sample.take([3, 1]).places], sample.take([3, 1]).x)
    assert read(tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)).places is None


def test_batches_are_whole_and_the_last_one_is_filled_up_with_the_last_example() -> None:
    sample = Sample(np.arange(5), batch_size=3)
    assert [batch.x.tolist() for batch in sample.in_batches()] == [[0, 1, 2], [3, 4, 4]]
