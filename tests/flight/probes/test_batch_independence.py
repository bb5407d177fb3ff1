"""batch-independence: what the probe measures, and what its rule says of the zoo."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.probes.batch_independence import measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.flying import each, flown
from tests.flight.zoo.batch_independence import FLIGHTS, AlwaysTraining, Sampling

NAME = "batch-independence"


@each(FLIGHTS)
def test_each_flight_is_judged_as_expected(flight):
    verdict = flown(NAME, flight)
    assert verdict.status in (("fail",) if flight.expected else ("pass", "no_data")), verdict


X = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")


def subject(*layers, x=X, y=X[:, 0], **given):
    model = keras.Sequential([keras.Input(x.shape[1:], **given), *layers])
    model.compile("sgd", "mse")
    return Subject(model, Sample(x, y))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"x": X[:1], "y": X[:1, 0]}, "two examples are needed and a batch of 2, there are 1"),
        ({"batch_size": 1}, "takes one example at a time"),
        ({"batch_size": 32}, "a batch of 32, there are 20"),
        ({"x": np.ones((20, 4), "float32")}, "all examples are the same"),
        ({"x": np.where(X > 0.5, np.nan, X)}, "not finite"),
    ],
)
def test_what_cannot_be_measured_says_why(given, why):
    with pytest.raises(NotMeasured, match=why):
        measure(subject(keras.layers.Dense(1), **given), Clock(60))


def test_what_is_the_same_for_all_examples_tells_nothing():
    with pytest.raises(NotMeasured, match="the same for all examples"):
        measure(subject(keras.layers.Dense(1, kernel_initializer="zeros")), Clock(60))


def test_a_model_that_is_not_compiled_and_a_fixed_batch_are_measured():
    mixing = keras.layers.Softmax(axis=0, name="mixing")
    model = keras.Sequential([keras.Input((4,), batch_size=5), keras.layers.Dense(3), mixing])
    measured = measure(Subject(model, Sample(X, X[:, 0])), Clock(60))
    assert (measured["batch"], measured["layer"]) == (5, "mixing") and measured["outputs"][0]["moved"] > 0.1


def test_independent_examples_have_no_gradient_and_do_not_move():
    measured = measure(subject(keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)), Clock(60))
    assert measured["gradient"] == measured["outputs"][0]["moved"] == 0.0


def test_random_answers_are_judged_by_their_gradient():
    for layers, low, high in (([Sampling()], 0, 0), ([Sampling(), AlwaysTraining()], 0.01, 10)):
        measured = measure(subject(keras.layers.Dense(8), *layers), Clock(60))
        assert "outputs" not in measured and low <= measured["gradient"] <= high


def test_an_answer_that_depends_on_the_place_is_found():
    def by_place(v):
        return v + keras.ops.cast(keras.ops.arange(keras.ops.shape(v)[0]), v.dtype)[:, None]

    output = measure(subject(keras.layers.Lambda(by_place)), Clock(60))["outputs"][0]
    assert output["moved"] == 0 and output["turned"] > 1


def test_texts_are_exchanged():
    words = np.array([f"a{'b' * i}" for i in range(20)], object)
    vocabulary = keras.layers.TextVectorization(vocabulary=["a", *words[1:]], output_sequence_length=1)
    model = keras.Sequential([keras.Input((), dtype="string"), vocabulary, keras.layers.Embedding(25, 3)])
    measured = measure(Subject(model, Sample(words)), Clock(60))
    assert np.isnan(measured["gradient"]) and measured["outputs"][0]["moved"] == 0


class Subclassed(keras.Model):
    def __init__(self, function):
        super().__init__()
        self.dense, self.function = keras.layers.Dense(8), function

    def call(self, inputs):
        return self.function(self.dense(inputs))


def test_as_many_outputs_as_examples_are_no_comparison_of_these():
    ordinary = Subclassed(lambda v: v)
    ordinary(X[:2])
    measured = measure(Subject(ordinary, Sample(X)), Clock(60))
    assert measured["batch"] == 8 and list(measured["rows"].values()) == [8] and measured["outputs"][0]["moved"] == 0
    paired = Subclassed(lambda v: keras.ops.matmul(v, keras.ops.transpose(v)))
    paired(X[:2])
    with pytest.raises(NotMeasured, match="compare the examples of a batch"):
        measure(Subject(paired, Sample(X)), Clock(60))


def test_a_training_step_on_the_model_itself_may_compare_a_batch():
    paired = subject(keras.layers.Lambda(lambda v: keras.ops.matmul(v, keras.ops.transpose(v))))
    paired.model.train_step = lambda data: {}
    with pytest.raises(NotMeasured, match="compare the examples of a batch"):
        measure(paired, Clock(60))
