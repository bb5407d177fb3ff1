"""The gallery shows what the layers really get, and leaves no trace in the training."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument.gallery import MOST_BYTES, gallery, vocabularies
from tb_nnhealth.instrument.gallery.galleries import Galleries
from tb_nnhealth.summary.writer import to_json
from tests.instrument.training import Outcome, assert_same_bits, train, unwarned
from tests.instrument.zoo import Trial

RANDOM = np.random.default_rng(0)
DIGITS = RANDOM.integers(0, 200, (12, 8, 8, 1)).astype("uint8")
WORDS = ["", "the", "cat"]
LABELS = RANDOM.integers(0, 10, 12)


def of(content: dict[str, Any], stage: str, name: str | None = None) -> dict[str, Any]:
    """Returns the only exhibit of a stage, and of a name."""
    (found,) = (one for one in content["exhibits"] if one["stage"] == stage and name in (None, one["name"]))
    return found


def pixels(picture: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def digits(*front: Any, **compiled: Any) -> keras.Model:
    body = [layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((8, 8, 1), name="digit"), *front, *body])
    if compiled:
        model.compile(**compiled)
    return model


def test_pictures_are_stretched_and_their_range_is_told() -> None:
    model = digits(loss="sparse_categorical_crossentropy")
    content = gallery(model, DIGITS, LABELS, examples=5)
    shown = of(content, "input")
    assert content["examples"] == 5 and shown["kind"] == "picture" and "conv2d" in shown["layer"]
    few = DIGITS[:5].astype(float)
    assert (shown["low"], shown["high"]) == (few.min(), few.max())
    assert (shown["mean"], shown["std"]) == pytest.approx((few.mean(), few.std()))
    stretched = np.floor((few - few.min()) / (few.max() - few.min()) * 255 + 0.5)
    np.testing.assert_array_equal(np.stack([pixels(value) for value in shown["values"]]), stretched[..., 0])
    assert not [one for one in content["exhibits"] if one["stage"] == "first"]


def test_what_the_first_layer_gets_is_shown_where_it_is_something_else() -> None:
    model = digits(layers.Rescaling(1 / 127.5, offset=-1), loss="sparse_categorical_crossentropy")
    content = gallery(model, DIGITS, LABELS)
    first, given = of(content, "first"), of(content, "input")
    assert "conv2d" in first["layer"] and first["name"] == "digit" and given["layer"] is None
    assert (first["low"], first["high"]) == pytest.approx((-1, DIGITS[:8].max() / 127.5 - 1), abs=0.02)
    assert given["high"] == DIGITS[:8].max()


def test_numbers_that_the_first_layer_gets_as_a_picture_are_shown_as_one() -> None:
    body = [layers.Reshape((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((64,), name="digit"), *body])
    model.compile(loss="sparse_categorical_crossentropy")
    content = gallery(model, DIGITS.reshape(12, 64), LABELS, examples=5)
    shown = of(content, "first")
    assert shown["kind"] == "picture" and shown["name"] == "digit" and "conv2d" in shown["layer"]
    assert not [one for one in content["exhibits"] if one["stage"] == "input"]


def test_what_augments_is_seen_as_in_training_and_predictions_are_those_of_inference() -> None:
    model = digits(layers.RandomFlip(seed=3), layers.Rescaling(0.01), loss="sparse_categorical_crossentropy")
    before = [np.array(variable) for variable in model.variables]
    content = gallery(model, DIGITS, LABELS)
    assert_same_bits([np.array(variable) for variable in model.variables], before)
    flipped = [pixels(value) for value in of(content, "first")["values"]]
    as_given = [pixels(value) for value in of(content, "input")["values"]]
    turned = [
        min(np.abs(seen.astype(int) - other).max() for other in (own, own[:, ::-1], own[::-1], own[::-1, ::-1]))
        for seen, own in zip(flipped, as_given, strict=True)
    ]
    assert max(turned) <= 1 and any((a != b).any() for a, b in zip(flipped, as_given, strict=True))
    expected = model.predict(DIGITS[:8], verbose=0)
    for told, row in zip(of(content, "prediction")["values"], expected, strict=True):
        assert [at for at, _, _ in told] == np.argsort(-row)[:3].tolist()
        assert [share for _, share, _ in told] == pytest.approx(np.sort(row)[::-1][:3], rel=1e-4)
    assert [told[0][0] for told in of(content, "target")["values"]] == LABELS[:8].tolist()


class Forgets(keras.Model):
    """Has a `call` that is not told the mode, so that `fit` never turns its noise on."""

    def __init__(self) -> None:
        super().__init__()
        self.noise, self.body = layers.GaussianNoise(1.0), digits()

    def call(self, x: Any) -> Any:
        return self.body(self.noise(x))


def test_what_augments_is_not_seen_where_the_model_is_not_told_the_mode() -> None:
    model, pictures = Forgets(), DIGITS.astype("float32") / 200
    model.compile(loss="sparse_categorical_crossentropy")
    model(pictures)
    content = gallery(model, pictures, LABELS)
    assert "conv2d" in of(content, "input")["layer"]
    assert not [one for one in content["exhibits"] if one["stage"] == "first"]


def test_channels_that_come_first_nan_and_a_constant_picture() -> None:
    model = keras.Sequential([keras.Input((3, 6, 5)), layers.Flatten(), layers.Dense(1)])
    x = np.zeros((2, 3, 6, 5), "float32")
    constant = of(gallery(model, x), "input")
    assert "first" in constant["channels"] and pixels(constant["values"][0]).shape == (6, 5, 3)
    x[0, 1, 2, 3] = np.nan
    shown = of(gallery(model, x), "input")
    assert shown["nonfinite"] == 1 and pixels(shown["values"][0])[2, 3].tolist() == [255, 0, 255]


def test_a_table_has_the_names_of_the_features_in_the_order_of_the_data() -> None:
    inputs = {name: keras.Input((1,), name=name) for name in ("zeta", "alpha")}
    scaled = layers.Normalization(mean=2.0, variance=4.0)(inputs["alpha"])
    output = layers.Dense(1, name="price")(layers.Concatenate()([inputs["zeta"], scaled]))
    model = keras.Model(inputs, output)
    x = {"zeta": np.arange(6.0)[:, None], "alpha": np.full((6, 1), 8.0)}
    content = gallery(model, x, np.arange(6.0) / 2, examples=3)
    given = [one for one in content["exhibits"] if one["stage"] == "input"]
    assert [one["name"] for one in given] == ["zeta", "alpha"]
    assert given[0]["values"] == [[0.0], [1.0], [2.0]]
    first = of(content, "first")
    assert first["name"] == "zeta, alpha"
    assert first["values"] == [[0.0, 3.0], [1.0, 3.0], [2.0, 3.0]] and first["layer"] == "price"
    assert of(content, "target")["values"] == [[0.0], [0.5], [1.0]]
    expected = model.predict({name: value[:3] for name, value in x.items()}, verbose=0)
    np.testing.assert_allclose(of(content, "prediction")["values"], expected, rtol=1e-5)


def text_model() -> keras.Model:
    vectorize = layers.TextVectorization(output_sequence_length=4, vocabulary=["the", "cat", "sat"])
    body = [layers.Embedding(9, 3), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((1,), dtype="string", name="review"), vectorize, *body])
    model.compile(loss="binary_crossentropy")
    return model


def test_text_is_text_and_its_ids_have_the_words_of_the_models_own_layer() -> None:
    content = gallery(text_model(), np.array([["the cat sat"], ["a <b>"]], object), np.array([0, 1]))
    assert of(content, "input")["values"] == ["the cat sat", "a <b>"]
    ids, odd = of(content, "first")["values"]
    assert ids[:3] == [[2, "the"], [3, "cat"], [4, "sat"]] and odd[0] == [1, "[UNK]"]
    zero, one = of(content, "target")["values"]
    assert (zero, one) == ([[0, 1.0, ""]], [[1, 1.0, ""]])
    assert [sum(share for _, share, _ in told) for told in of(content, "prediction")["values"]] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    "vocabulary",
    [["", "the", "cat"], {1: "the", 2: "cat"}, {"the": 1, "cat": 2}, {"ids": ("", b"the", "cat")}, np.array(WORDS)],
    ids=["list", "words of ids", "ids of words", "of one input", "array"],
)  # fmt: skip
def test_ids_are_decoded(vocabulary: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,), dtype="int32", name="ids"), layers.Embedding(9, 3), layers.Flatten()])
    shown = of(gallery(model, np.array([[1, 2, 8]]), vocabulary=vocabulary), "input")
    assert shown["kind"] == "tokens" and shown["values"] == [[[1, "the"], [2, "cat"], [8, ""]]]


def test_a_vocabulary_may_be_a_file_or_a_layer(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("zero\none\n", encoding="utf-8")
    assert vocabularies(tmp_path / "words") == {"": ("zero", "one")}
    assert vocabularies(layers.StringLookup(vocabulary=["a"], num_oov_indices=0)) == {"": ("a",)}


@pytest.mark.parametrize("wrong", [3, "/no/such/file", {"a": 1.5}, {1: "a", -4: "b"}, {"ids": 7.5}, ["a", "b", 3]])
def test_what_is_no_vocabulary_is_told(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"`vocabulary` should be .* Received: "):
        vocabularies(wrong)


@pytest.mark.parametrize("wrong", [True, -1, 65, 2.5, "8"])
def test_what_is_no_number_of_examples_is_told(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`gallery` should be a number of examples up to 64.* Received: gallery="):
        HealthCallback(tmp_path, gallery=wrong)


def answered(loss: Any, target: np.ndarray, outputs: np.ndarray, words: Any = None) -> dict[str, Any]:
    """Returns the gallery of a model that gives its inputs as outputs."""
    model = keras.Sequential([keras.Input(outputs.shape[1:]), layers.Identity(name="out")])
    model.compile(loss=loss)
    return gallery(model, outputs.astype("float32"), target, vocabulary=None if words is None else {"out": words})


def test_logits_are_told_as_probabilities() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    content = answered(loss, np.array([2, -1]), np.array([[0, 0, np.log(2)], [9000, 0, 0]]), words=["a", "b", "c"])
    told, sure = of(content, "prediction")["values"]
    assert sure[0] == [0, 1.0, "a"] and told[0] == [2, pytest.approx(0.5), "c"]
    assert of(content, "target")["values"] == [[[2, 1.0, "c"]], []]
    binary = answered(keras.losses.BinaryCrossentropy(from_logits=True), np.array([[1.0]]), np.array([[np.log(3)]]))
    assert of(binary, "prediction")["values"] == [[[1, pytest.approx(0.75), ""], [0, pytest.approx(0.25), ""]]]


def test_several_labels_one_hot_rows_and_values() -> None:
    several = answered("binary_crossentropy", np.array([[1, 0, 1]]), np.array([[0.9, 0.2, 0.4]]))
    assert of(several, "target")["values"] == [[[0, 1.0, ""], [2, 1.0, ""]]] and of(several, "target")["several"]
    soft = answered("categorical_crossentropy", np.array([[0.25, 0.75, 0.0]]), np.array([[0.9, 0.1, 0.0]]))
    assert of(soft, "target")["values"] == [[[1, 0.75, ""], [0, 0.25, ""]]]
    values = answered("mse", np.array([[0.3, 0.7]]), np.array([[0.5, 0.5]]))
    assert of(values, "prediction")["kind"] == "numbers"
    without = answered(None, np.array([1]), np.array([[0.5, 0.5]]))
    assert of(without, "prediction")["kind"] == "classes"
    broken = answered("sparse_categorical_crossentropy", np.array([0]), np.array([[np.nan, np.nan]]))
    assert of(broken, "prediction")["values"] == [[]]


def test_texts_are_targets_as_they_are() -> None:
    for outputs in (np.array([[0.9, 0.1], [0.2, 0.8]]), RANDOM.random((2, 5, 6, 3))):
        content = answered("sparse_categorical_crossentropy", np.array(["cat", "dog"]), outputs)
        assert of(content, "target")["kind"] == "text" and of(content, "target")["values"] == ["cat", "dog"]
        assert of(content, "prediction")["kind"] in ("classes", "picture", "numbers")


def test_a_class_for_each_pixel_is_a_picture() -> None:
    outputs = RANDOM.random((2, 5, 6, 3))
    content = answered("sparse_categorical_crossentropy", RANDOM.integers(0, 3, (2, 5, 6)), outputs)
    shown = of(content, "prediction")
    assert shown["kind"] == "picture" == of(content, "target")["kind"]
    expected = outputs.argmax(-1) * 127.5
    np.testing.assert_allclose(np.stack([pixels(value) for value in shown["values"]]), expected, atol=0.51)


def test_targets_and_predictions_for_each_pixel_are_drawn_alike_whichever_classes_are_among_them() -> None:
    outputs = np.eye(5)[RANDOM.integers(0, 2, (2, 5, 6))]
    content = answered("sparse_categorical_crossentropy", RANDOM.integers(2, 5, (2, 5, 6)), outputs)
    target, prediction = of(content, "target"), of(content, "prediction")
    assert target["drawn"] == prediction["drawn"] == [0.0, 4.0]
    assert (target["low"], target["high"], prediction["high"]) == (2.0, 4.0, 1.0)
    assert set(pixels(prediction["values"][0]).flat) == {0, 64} and pixels(target["values"][0]).min() == 128


def test_all_labels_that_go_together_are_shown() -> None:
    target = np.zeros((2, 12))
    target[0, [1, 4, 7, 9]], target[1] = 1.0, 1.0
    content = answered("binary_crossentropy", target, RANDOM.random((2, 12)))
    shown = of(content, "target")["values"]
    assert [label for label, _, _ in shown[0]] == [1, 4, 7, 9] and len(shown[1]) == 8
    assert "Of out the first 8 labels of an example are shown." in " ".join(content["left_out"])


@pytest.mark.parametrize(
    ("shape", "drawn", "told"),
    [
        ((16, 20, 2), 3, "2 channels, drawn as red and green in this order; channels last"),
        ((16, 20, 12), 3, "12 channels, of which the first three are drawn as red, green and blue; channels last"),
        ((7, 16, 20), 3, "7 channels, of which the first three are drawn as red, green and blue; channels first"),
        ((3, 16, 20), 3, "3 channels, drawn as red, green and blue in this order; channels first"),
    ],
)
def test_pictures_of_any_number_of_channels_are_drawn(shape: tuple[int, ...], drawn: int, told: str) -> None:
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)])
    values = RANDOM.random((2, *shape)).astype("float32")
    shown = of(gallery(model, values), "input")
    assert (shown["kind"], shown["channels"]) == ("picture", told)
    first = pixels(shown["values"][0])
    assert first.shape == (16, 20, drawn)
    channels = values[0] if told.endswith("last") else np.moveaxis(values[0], 0, -1)
    stretched = (channels - values.min()) / (values.max() - values.min()) * 255
    np.testing.assert_allclose(first[..., :2], stretched[..., :2], atol=0.51)


def test_grids_with_many_numbers_at_each_place_are_no_pictures() -> None:
    model = keras.Sequential([keras.Input((8, 8, 64)), layers.Flatten(), layers.Dense(1)])
    assert of(gallery(model, np.ones((2, 8, 8, 64), "float32")), "input")["kind"] == "numbers"


def test_the_channels_of_a_long_signal_are_not_mixed() -> None:
    model = keras.Sequential([keras.Input((400, 4)), layers.Conv1D(2, 3), layers.Flatten(), layers.Dense(1)])
    signal = np.zeros((2, 400, 4), "float32")
    signal[..., 1] = 1.0
    shown = of(gallery(model, signal), "input")
    assert shown["size"] == [128, 4]
    np.testing.assert_array_equal(pixels(shown["values"][0]), np.tile([0, 255, 0, 0], (128, 1)))


def test_what_a_layer_gets_of_an_input_is_not_what_others_learnt_from_another_one() -> None:
    age, city = keras.Input((2,), name="age"), keras.Input((1,), name="city", dtype="int32")
    of_city = layers.Flatten()(layers.Embedding(10, 3)(city))
    put_together = layers.Concatenate()([of_city, layers.Rescaling(0.1)(age)])
    model = keras.Model({"age": age, "city": city}, layers.Dense(1, name="price")(put_together))
    x = {"age": RANDOM.normal(size=(4, 2)).astype("float32"), "city": np.arange(4)[:, None]}
    shown = of(gallery(model, x), "first")
    assert (shown["name"], shown["layer"].rpartition("/")[2]) == ("age", "price")
    np.testing.assert_allclose(shown["values"], 0.1 * x["age"], rtol=1e-6)


def test_it_is_bounded_and_says_what_was_left_out() -> None:
    noise = RANDOM.random((64, 150, 140, 3)).astype("float32")
    model = keras.Sequential([keras.Input((150, 140, 3)), layers.Flatten(), layers.Dense(1)])
    content = gallery(model, noise, noise, examples=64)
    assert len(to_json(content)) <= MOST_BYTES
    assert pixels(of(content, "input")["values"][0]).shape[0] < 150
    told = " ".join(content["left_out"])
    assert f"{content['examples']} of 64 examples fit into 256 KiB" in told and "pixels of 150 × 140" in told
    wide = keras.Sequential([keras.Input((5000,), name="wide"), layers.Dense(1)])
    assert "Of wide the first 48 of 5,000 numbers" in gallery(wide, np.ones((2, 5000)))["left_out"][0]


class Counting(layers.Layer):
    """Counts its calls in a variable that Keras does not know."""

    def build(self, shape: Any) -> None:
        self.seen = tf.Variable(0)

    def call(self, x: Any) -> Any:
        self.seen.assign_add(1)
        return x


def test_a_model_that_cannot_be_asked_shows_its_examples_all_the_same() -> None:
    counting = Counting()
    model = digits(counting, loss="sparse_categorical_crossentropy")
    before = int(counting.seen)
    content = gallery(model, DIGITS, LABELS)
    assert int(counting.seen) == before
    assert {one["stage"] for one in content["exhibits"]} == {"input", "target"}
    assert "There are no predictions: the model does more than compute" in content["left_out"][0]
    with pytest.raises(ValueError, match=r"one example or more. Received: none"):
        gallery(model, DIGITS[:0])


def test_short_fits_again_and_again_do_not_fill_the_disk() -> None:
    told: list[Any] = []
    galleries = Galleries(digits(), 2, {}, lambda where, error: told.append(error))
    galleries.keep((tf.constant(DIGITS), tf.constant(LABELS)))
    taken = [at for at in range(300) if galleries.take(at, is_last=at % 2 == 1) is not None]
    assert taken[:4] == [0, 1, 3, 5] and 24 < len(taken) < 40 and not told


# The training.

X = RANDOM.normal(size=(96, 8)).astype("float32")
Y = (X[:, :2].sum(axis=1) > 0).astype("float32")[:, None]


def trained(make: Callable[[], Trial], log_dir: Path, **settings: Any) -> tuple[Outcome, Any]:
    with unwarned("HealthCallback"):
        outcome = train(make, lambda: [HealthCallback(log_dir, **settings)])
    return outcome, read_run(log_dir)


def trial(*hidden: Callable[[], Any], unbuilt: bool = False, fit: Any = None, **compiled: Any) -> Trial:
    made = [
        *([] if unbuilt else [keras.Input((8,))]),
        *(make() for make in hidden),
        layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(made)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], **compiled)
    return Trial(model, [{"x": X, "y": Y, "batch_size": 16, "epochs": 5, "verbose": 0, **(fit or {})}])


def dense() -> Any:
    return layers.Dense(8, activation="relu")


TRAININGS: dict[str, Callable[[], Trial]] = {
    "dropout, noise and batch normalization": lambda: trial(
        lambda: layers.GaussianNoise(0.1), dense, layers.BatchNormalization, lambda: layers.Dropout(0.3)
    ),
    "not built at the start": lambda: trial(dense, lambda: layers.Dropout(0.3), unbuilt=True),
    "several steps at once": lambda: trial(dense, lambda: layers.Dropout(0.3), steps_per_execution=3),
    "eager": lambda: trial(dense, run_eagerly=True, fit={"epochs": 2}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_no_bit_changes(name: str, tmp_path: Path) -> None:
    outcome, run = trained(TRAININGS[name], tmp_path, gallery=4)
    reference = train(TRAININGS[name])
    assert_same_bits(outcome.state, reference.state)
    assert outcome.history == reference.history
    assert [one.epoch for one in run.galleries] == ([0, 1] if name == "eager" else [0, 1, 3, 4])
    assert {one.examples for one in run.galleries} == {4}
    stages = {exhibit.stage for one in run.galleries for exhibit in one.exhibits}
    assert ("prediction" in stages) is (name != "eager")


@pytest.mark.slow
def test_the_examples_stay_and_the_predictions_are_those_of_the_model(tmp_path: Path) -> None:
    outcome, run = trained(lambda: trial(dense, lambda: layers.Dropout(0.3)), tmp_path, gallery=3)
    inputs = [[exhibit.values for exhibit in one.exhibits if exhibit.stage == "input"] for one in run.galleries]
    assert all(each == inputs[0] for each in inputs)
    rows = np.array(inputs[0][0], np.float32)
    assert all((row == X).all(axis=1).any() for row in rows)
    first, last = (one.exhibits[-1].values for one in (run.galleries[0], run.galleries[-1]))
    assert first != last
    expected = outcome.model.predict(rows, verbose=0)[:, 0]
    assert [{at: share for at, share, _ in told}[1] for told in last] == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_batches_that_cannot_be_kept_are_told_of(tmp_path: Path) -> None:
    def ragged() -> Trial:
        words = tf.ragged.constant([[1, 2], [3], [4, 5, 6], [1]] * 4, dtype=tf.int32)
        data = tf.data.Dataset.from_tensor_slices((words, np.zeros((16, 1), "float32"))).batch(4)
        body = [layers.Embedding(9, 2), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
        model = keras.Sequential([keras.Input((None,), dtype="int32"), *body])
        model.compile("adam", "binary_crossentropy")
        return Trial(model, [{"x": data, "epochs": 1, "verbose": 0}])

    _, run = trained(ragged, tmp_path, gallery=2)
    (only,) = run.galleries
    assert only.examples == 0 and "dense tensors" in only.left_out[0]


@pytest.mark.slow
def test_off_by_default_and_what_fails_stops_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = trained(lambda: trial(dense), tmp_path / "off")
    assert not run.galleries
    monkeypatch.setattr("tb_nnhealth.instrument.gallery.galleries.shown", json.loads)
    with pytest.warns(UserWarning, match="could not measure the gallery"):
        outcome = train(lambda: trial(dense), lambda: [HealthCallback(tmp_path / "broken", gallery=2)])
    assert len(outcome.steps) == 30 and not read_run(tmp_path / "broken").galleries
