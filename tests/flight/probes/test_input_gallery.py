"""input-gallery: what the probe shows of a sample."""

import base64
import io
import json

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from tb_nnhealth import preflight
from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.probes.input_gallery import EXAMPLES, measure
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.instrument.gallery import MOST_BYTES
from tb_nnhealth.summary.writer import to_json
from tests.flight.models import classes, classifier

RANDOM = np.random.default_rng(0)
IDS = np.array([[1, 2, 8], [2, 0, 1]], "int32")
WORDS = ("", "the", "cat")


def shown(model, x, y=None, vocabulary=None):
    return measure(Subject(model, Sample(x, y), vocabulary=vocabulary), Clock(60))


def of(content, stage):
    """Returns the only exhibit of a stage."""
    (found,) = (one for one in content["exhibits"] if one["stage"] == stage)
    return found


def reader():
    """Returns a model of three ids."""
    body = [layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2, activation="softmax", name="verdict")]
    model = keras.Sequential([keras.Input((3,), dtype="int32", name="ids"), *body])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_pictures_are_drawn_of_the_first_examples_with_targets_and_predictions():
    pictures, labels = RANDOM.integers(0, 256, (20, 8, 8, 1)).astype("uint8"), np.arange(20) % 3
    pictures[0, 0, 0], pictures[0, 0, 1] = 0, 255
    body = [layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((8, 8, 1), name="digit"), *body])
    model.compile("adam", "sparse_categorical_crossentropy")
    content = shown(model, pictures, labels)
    assert content["examples"] == EXAMPLES == 16 and content["epoch"] is None and not content["left_out"]
    drawn = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in of(content, "input")["values"]]
    assert np.array_equal(drawn, pictures[:16, ..., 0])
    assert [told[0][0] for told in of(content, "target")["values"]] == labels[:16].tolist()
    predicted = np.array([told[0][1] for told in of(content, "prediction")["values"]])
    assert predicted == pytest.approx(model.predict(pictures[:16], verbose=0).max(axis=1), rel=1e-4)


def test_numbers_are_a_table():
    x, y = classes(5)
    content = shown(classifier(), x, y)
    table = of(content, "input")
    assert content["examples"] == 5 and table["kind"] == "numbers" and table["columns"] == list("01234567")
    assert np.array_equal(table["values"], x)


def test_what_layers_in_front_change_is_shown_as_the_first_layer_that_learns_gets_it():
    x, y = classes()
    first = of(shown(classifier(layers.Rescaling(2.0), layers.Dense(4, name="learns")), x, y), "first")
    assert first["layer"].endswith("learns") and np.allclose(first["values"], 2 * x[:16])


@pytest.mark.parametrize("vocabulary", [{"": WORDS}, {"ids": WORDS}])
def test_ids_are_decoded_by_the_vocabulary_that_is_given(vocabulary):
    told = of(shown(reader(), IDS, vocabulary=vocabulary), "input")
    assert told["kind"] == "tokens"
    assert told["values"] == [[[1, "the"], [2, "cat"], [8, ""]], [[2, "cat"], [0, ""], [1, "the"]]]


def test_without_one_ids_have_the_words_of_the_models_own_layer_or_are_numbers():
    assert of(shown(reader(), IDS), "input")["kind"] == "numbers"
    looked_up = layers.TextVectorization(vocabulary=["the", "cat"], output_sequence_length=2)
    model = keras.Sequential([keras.Input((1,), dtype="string"), looked_up, layers.Embedding(4, 3), layers.Flatten()])
    content = shown(model, np.array([["the cat"], ["a cat"]], object))
    assert of(content, "input")["values"] == ["the cat", "a cat"]
    assert of(content, "first")["values"] == [[[2, "the"], [3, "cat"]], [[1, "[UNK]"], [3, "cat"]]]


def test_classes_have_the_words_of_their_output():
    told = of(shown(reader(), IDS, np.array([1, 0]), {"verdict": ("bad", "good")}), "target")
    assert told["values"] == [[[1, 1.0, "good"]], [[0, 1.0, "bad"]]]


def test_large_pictures_are_drawn_smaller_until_256_kib_hold_them():
    x = RANDOM.random((16, 200, 200, 3)).astype("float32")
    content = shown(keras.Sequential([keras.Input((200, 200, 3)), layers.Conv2D(1, 3)]), x)
    assert len(to_json(content)) <= MOST_BYTES == 256 * 1024
    assert content["examples"] == 16 and of(content, "input")["size"] == [32, 32]
    assert any("drawn at 32 × 32 pixels of 200 × 200" in sentence for sentence in content["left_out"])


def test_of_many_inputs_fewer_examples_are_shown_and_that_is_said():
    inputs = [keras.Input((32, 32, 3), name=f"camera_{place}") for place in range(12)]
    model = keras.Model(inputs, layers.Conv2D(1, 3)(layers.Concatenate()(inputs)))
    content = shown(model, [RANDOM.random((16, 32, 32, 3)).astype("float32") for _ in inputs])
    assert len(to_json(content)) <= MOST_BYTES and content["examples"] == 4
    assert "4 of 16 examples fit into 256 KiB." in content["left_out"]


@pytest.mark.parametrize(
    "form",
    [list(WORDS), {1: "the", 2: "cat"}, {"the": 1, "cat": 2}, {"ids": list(WORDS)}, "file"],
    ids=["list", "words of ids", "ids of words", "of one input", "file"],
)
def test_a_preflight_takes_a_vocabulary_in_each_form(form, tmp_path):
    (tmp_path / "words.txt").write_text("\nthe\ncat\n", encoding="utf-8")
    vocabulary = tmp_path / "words.txt" if form == "file" else form
    data = (np.tile(IDS[:1], (4, 1)), np.zeros(4, "int32"))
    report = preflight(reader(), data, log_dir=tmp_path / "logs", probes="input-gallery", vocabulary=vocabulary)
    told = of(report.run.probes["input-gallery"].values, "input")
    assert json.loads(json.dumps(told["values"])) == [[[1, "the"], [2, "cat"], [8, ""]]] * 4
