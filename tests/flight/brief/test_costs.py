"""What a model answers, and what answers cost."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.brief.costs import Costs, Predictor, moved, spread
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample


def model(loss="mse", **arguments):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    made.compile("sgd", loss, **arguments)
    return made


def sample(n=7):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(n, 3)).astype("float32"), random.normal(size=(n, 2))
    return Sample(x, y, random.random(n), batch_size=4)


def test_answers_are_those_of_inference_mode():
    made, data = model(), sample()
    np.testing.assert_allclose(Predictor(made)(data), made.predict(data.x, verbose=0), rtol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_costs_are_those_of_each_answer_with_each_weighted_target(loss):
    made, data = model(loss), sample()
    answers = Predictor(made)(data)
    table = Costs(made).table(answers, data)
    function = keras.losses.get(loss)
    for i in range(7):
        for j in range(7):
            single = float(np.mean(function(data.y[j : j + 1].astype("float32"), answers[i : i + 1])))
            assert table[i, j] == pytest.approx(single * data.weights[j], rel=1e-4)
    np.testing.assert_allclose(Costs(made).each(answers, data), np.diag(table), rtol=1e-5)
    assert table.diagonal().mean() == pytest.approx(
        made.evaluate(data.x, data.y, sample_weight=data.weights, batch_size=7, verbose=0), rel=1e-4
    )


def test_a_loss_that_a_model_computes_by_itself_is_given_the_inputs():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(2)

        def call(self, inputs):
            return self.inner(inputs)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.mean((y_pred - y) ** 2) + keras.ops.mean(x)

    made, data = Own(), sample()
    made.compile("sgd")
    answers = Predictor(made)(data)
    table = Costs(made).table(answers, data)
    assert table[2, 5] == pytest.approx(((answers[2] - data.y[5]) ** 2).mean() + data.x[2].mean(), rel=1e-4)


def test_a_loss_that_wants_more_than_one_example_is_not_measured():
    def contrast(y, answers):
        return keras.ops.mean(keras.ops.reshape(answers, (7, 2)) - y)

    made, data = model(contrast), sample()
    with pytest.raises(NotMeasured, match="one example"):
        Costs(made).each(Predictor(made)(data), data)


def test_answers_that_are_too_large_are_not_paired():
    with pytest.raises(NotMeasured, match="300,000 numbers"):
        Costs(model()).table(np.zeros((2, 300_000)), sample(2))


def test_answers_are_apart_as_a_share_of_the_largest():
    answers = {"a": np.zeros((4, 2)), "b": np.array([[1.0], [2.0], [4.0], [1.0]])}
    assert spread(answers) == 0.75 and spread({"a": np.ones((3, 1))}) == 0
    assert moved(answers, {**answers, "b": answers["b"] + 4}) == 0.5


def test_a_label_that_the_output_does_not_have_is_told_with_what_the_loss_says_of_it():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy")
    data = Sample(np.ones((4, 3), np.float32), np.array([0, 1, 1, 7]))
    answers = Predictor(made)(data)
    with pytest.raises(NotMeasured, match=r"told of one example: .*label value of 7"):
        Costs(made).each(answers, data)
