"""The choice of a few examples, and what their loss can be."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.flight.training.natural import natural
from tb_nnhealth.flight.training.reference import reference
from tb_nnhealth.flight.training.tiny import chosen

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 4)).astype("float32")


def picked(y, count=6, x=ROWS, **parts):
    return chosen(Sample(x, y, **parts), count, np.random.default_rng(1))


@pytest.mark.parametrize("one_hot", [False, True])
def test_classes_come_in_turn(one_hot):
    labels = np.r_[np.zeros(50, int), [1, 1, 1, 1, 1], [2, 2, 2, 2, 2]]
    taken = labels[picked(np.eye(3)[labels] if one_hot else labels)]
    assert sorted(taken) == [0, 0, 1, 1, 2, 2]


def test_targets_come_from_the_lowest_to_the_highest():
    taken = ROWS[:, 0][picked(ROWS[:, 0], 3)]
    assert taken[:2].tolist() == [ROWS[:, 0].min(), ROWS[:, 0].max()]


def test_no_two_inputs_are_alike_and_all_is_finite():
    x = np.repeat(ROWS[:4], 15, axis=0)
    x[:15, 0] = np.nan
    y = RANDOM.integers(0, 2, 60)
    assert len(np.unique(x[picked(y, 10, x)], axis=0)) == 3
    weights = (np.arange(60) >= 30).astype("float32")
    assert len(picked(y, 10, x, weights=weights)) == 2
    with pytest.raises(NotMeasured, match="Received: 1 such"):
        picked(y, 10, np.ones((60, 4)))


def model_with(loss, units=3, activation=None):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units, activation=activation)])
    model.compile("sgd", loss)
    return model


LABELS = np.array([0, 0, 1, 2])
ENTROPY = -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
SOFT = np.array([[0.9, 0.1, 0], [0.2, 0.4, 0.4], [1, 0, 0], [0, 0, 1]])
SMOOTHED = np.array([0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3])


@pytest.mark.parametrize(
    "loss, activation, y, trivial, floor",
    [
        ("sparse_categorical_crossentropy", "softmax", LABELS, ENTROPY, 0),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None, LABELS[:, None], ENTROPY, 0),
        ("categorical_crossentropy", "softmax", SOFT, None, -np.mean(np.sum(SOFT * np.log(SOFT + 1e-12), 1))),
        (
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1, from_logits=True),
            None,
            np.eye(3)[LABELS],
            None,
            -np.sum(SMOOTHED * np.log(SMOOTHED)),
        ),
        ("binary_crossentropy", "sigmoid", np.eye(3)[[0, 0, 0, 1]], None, 0),
        ("mse", None, ROWS[:4, :3], ROWS[:4, :3].var(0).mean(), 0),
        ("mae", None, ROWS[:4, :3], np.abs(ROWS[:4, :3] - np.median(ROWS[:4, :3], 0)).mean(), 0),
        ("cosine_similarity", None, ROWS[:4, :3], None, -1),
        (keras.losses.MeanSquaredError(reduction="sum"), None, ROWS[:4, :3], 4 * ROWS[:4, :3].var(0).mean(), 0),
    ],
)
def test_what_a_loss_can_be(loss, activation, y, trivial, floor):
    found = reference(model_with(loss, activation=activation), as_batch(Sample(ROWS[:4], y)))
    assert found.floor == pytest.approx(floor, abs=1e-4)
    assert trivial is None or found.trivial == pytest.approx(trivial, rel=1e-4)
    assert found.left(found.trivial) == 1 and found.left(found.floor) == 0


def test_a_loss_that_targets_do_not_tell():
    for loss, y in (("sparse_categorical_crossentropy", np.array([0, 1, 2, 7])), ("mse", ROWS[:4, :2])):
        assert np.isnan(reference(model_with(loss), as_batch(Sample(ROWS[:4], y))).left(1.0))
    constant = reference(model_with("mse"), as_batch(Sample(ROWS[:4], np.ones((4, 3)))))
    assert np.isnan(constant.left(1.0))


@pytest.mark.parametrize(
    ("loss", "is_upside_down"),
    [
        ("mse", False),
        ("cosine_similarity", False),
        (lambda truth, answer: -keras.ops.mean((truth - answer) ** 2), True),
        (lambda truth, answer: -keras.ops.mean(keras.ops.abs(truth - answer)), True),
        (lambda truth, answer: keras.ops.mean(truth * answer), False),
        (lambda truth, answer: keras.ops.mean((keras.ops.exp(answer) - truth) ** 2), False),
    ],
)
def test_a_loss_of_the_wrong_sign_is_highest_at_the_targets(loss, is_upside_down):
    found = reference(model_with(loss), as_batch(Sample(ROWS[:4], 3 * ROWS[:4, :3])))
    assert found.is_upside_down == is_upside_down
    (truth,) = found.truths.values()
    np.testing.assert_allclose(truth, 3 * ROWS[:4, :3])


def test_what_a_loss_can_be_does_not_depend_on_the_order_of_the_outputs():
    inputs = keras.Input((4,))
    one, three = layers.Dense(1, name="one")(inputs), layers.Dense(3, name="three")(inputs)
    model, y = keras.Model(inputs, {"three": three, "one": one}), {"three": ROWS[:4, :3], "one": ROWS[:4, 0]}
    model.compile("adam", {"three": "mse", "one": "mae"})
    found = reference(model, as_batch(Sample(ROWS[:4], y)))
    spread = np.abs(ROWS[:4, 0] - np.median(ROWS[:4, 0])).mean()
    assert found.floor == 0 and found.trivial == pytest.approx(ROWS[:4, :3].var(0).mean() + spread, rel=1e-5)


def test_a_loss_that_takes_only_some_answers_is_known_of_these():
    def of_shares(truth, answer):
        if np.max(answer) > 1:
            raise ValueError("expected shares")
        return keras.ops.mean((truth - answer) ** 2)

    found = reference(model_with(of_shares), as_batch(Sample(ROWS[:4], np.eye(3)[LABELS])))
    assert found.floor == 0 and found.trivial > 0 and not found.is_upside_down
    np.testing.assert_array_equal(list(found.truths.values()), [np.eye(3)[LABELS]])


def test_labels_tell_the_sign_of_a_loss_of_ones_own_but_not_how_low_it_can_get():
    def minus_entropy(truth, answer):
        return -keras.losses.sparse_categorical_crossentropy(truth, answer)

    found = reference(model_with(minus_entropy, activation="softmax"), as_batch(Sample(ROWS[:4], LABELS)))
    assert found.is_upside_down and np.isnan(found.left(1.0)) and len(found.truths) == 1
    for loss, activation in ((lambda truth, answer: -minus_entropy(truth, answer), "softmax"), (minus_entropy, None)):
        found = reference(model_with(loss, activation=activation), as_batch(Sample(ROWS[:4], LABELS)))
        assert not found.is_upside_down and not found.truths


def moved(y, loss="mse", **parts):
    sample = Sample(ROWS, y)
    return natural(model_with(loss, 1, **parts), sample, as_batch(sample))


def test_targets_far_from_the_answers_come_near_where_the_end_is_linear():
    for y in (2e5 + 8e4 * ROWS[:, :1], 1e-4 * ROWS[:, 0]):
        found = moved(y)
        assert 0.05 < found.sample.y.std() < 5 and not found.is_far
        assert abs(np.corrcoef(found.sample.y.ravel(), y.ravel())[0, 1]) > 0.999
    for y, parts in ((2e5 * ROWS[:, :1], {"activation": "tanh"}), (2e5 * ROWS[:, :1], {"loss": "mape"})):
        found = moved(y, **parts)
        assert found.is_far and found.sample.y is y
    assert moved(ROWS[:, :1]).sample.y is not None and not moved(ROWS[:, :1]).is_far
