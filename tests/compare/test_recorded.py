"""A network written in NumPy against the same in Keras."""

import keras
import numpy as np
import pytest

from tb_nnhealth import compare_models
from tb_nnhealth.compare.record import Record
from tb_nnhealth.compare.recorded import read
from tests.compare.building import layers


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    return rng.normal(size=(20, 6)), rng.integers(0, 3, 20)


@pytest.fixture(scope="module")
def model():
    made = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "relu", name="hidden"), layers.Dense(3, "softmax", name="head")]
    )
    made.compile("sgd", "sparse_categorical_crossentropy")
    return made


def network(model, data, slope=1.0):
    """Returns what a network of two layers computes, in float64, by names of its own. `slope`: an error in ReLU's."""
    (x, y), (w1, b1, w2, b2) = data, (np.asarray(w, np.float64) for w in model.get_weights())
    h = np.maximum(x @ w1 + b1, 0)
    z = h @ w2 + b2
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    hot = np.eye(3)[y]
    into_z = (p - hot) / len(x)
    into_h = into_z @ w2.T
    into_a = into_h * (h > 0) * slope
    return {
        "fc1": h,
        "fc2": p,
        "fc1/W": w1,
        "fc1/b": b1,
        "fc2/W": w2,
        "fc2/b": b2,
        "loss": -np.mean(np.log(p[np.arange(len(x)), y])),
        "gradient/fc2": (1 - hot / p) / len(x),  # Keras divides by the sum of the probabilities first.
        "gradient/fc2/W": h.T @ into_z,
        "gradient/fc2/b": into_z.sum(0),
        "gradient/fc1": into_h,
        "gradient/fc1/W": x.T @ into_a,
        "gradient/fc1/b": into_a.sum(0),
    }


def test_a_hand_written_network_that_is_right(model, data, tmp_path):
    recorded = network(model, data)
    np.savez(tmp_path / "network.npz", **recorded)
    for source in (recorded, tmp_path / "network.npz", str(tmp_path / "network.npz")):
        comparison = compare_models(model, source, data)
        assert comparison.same, str(comparison)
        compared = {row.reference for row in comparison.rows}
        assert {"fc1", "fc2", "fc1/W", "fc2/b", "loss"} <= compared
        assert len(comparison.rows) == len(recorded)


def test_a_hand_written_network_whose_derivative_is_wrong(model, data):
    comparison = compare_models(model, network(model, data, 1.01), data)
    assert (comparison.first.stage, comparison.first.reference) == ("gradient", "fc1/W")
    assert [row.reference for row in comparison.rows if not row.same] == ["fc1/W", "fc1/b"]


def test_recorded_weights_can_be_copied(model, data):
    recorded = network(model, data)
    other = keras.models.clone_model(model)
    other.compile("sgd", "sparse_categorical_crossentropy")
    assert compare_models(other, recorded, data).first.stage == "weights"
    assert compare_models(other, recorded, data, weights="copy").same


def test_names_of_the_models_own(model, data):
    recorded = network(model, data)
    mine = {
        "hidden": recorded["fc1"],
        "head/kernel": recorded["fc2/W"],
        "gradient/head/bias": recorded["gradient/fc2/b"],
    }
    comparison = compare_models(model, mine, data)
    assert comparison.same
    assert [(row.stage, row.ours) for row in comparison.rows] == [
        ("weights", "head/kernel"),
        ("output", "hidden"),
        ("gradient", "head/bias"),
    ]


def test_a_part_may_be_recorded_and_what_fits_nothing_is_told(model, data):
    loss = network(model, data)["loss"]
    comparison = compare_models(model, {"loss": loss, "loss/other": loss, "odd": np.ones((20, 99))}, data)
    assert comparison.same and [row.ours for row in comparison.rows] == ["loss"]
    assert comparison.unpaired_reference == ("odd", "loss/other")
    assert compare_models(model, {"loss": 1.001 * loss}, data).first.ours == "loss"


def test_a_loss_in_an_array_of_one_number(model, data):
    recorded = network(model, data)
    for shape in [(1,), (1, 1)]:
        comparison = compare_models(model, {**recorded, "loss": np.full(shape, recorded["loss"])}, data)
        assert comparison.same, str(comparison)
    each = {**recorded, "loss": np.full(20, recorded["loss"])}
    assert compare_models(model, each, data).first.note == "shapes () and (20,)"


def test_what_a_name_stands_for():
    value = np.ones(2, np.float32)
    names = {
        "a": ("output", "a"),
        "a/w": ("weights", "a/w"),
        "b/c": ("output", "b/c"),
        "output/a/d": ("output", "a/d"),
        "weights/e/f": ("weights", "e/f"),
        "gradient/a": ("into", "a"),
        "gradient/a/w": ("of", "a/w"),
        "gradient/weights/e/f": ("of", "e/f"),
        "gradient/output/a/d": ("into", "a/d"),
        "gradient/known/kernel": ("of", "known/kernel"),
        "known/scale": ("weights", "known/scale"),
        "gradient/prediction": ("into", "prediction"),
        "prediction/p": ("prediction", "prediction/p"),
        "loss": ("loss", "loss"),
        "loss/p": ("loss", "loss/p"),
    }
    ours = Record({}, {"known/kernel": "known"}, {"known": "Dense"})
    assert list(read(dict.fromkeys(names, value), ours).values) == list(names.values())


@pytest.mark.parametrize("side", [9, 8])
def test_outputs_with_their_channels_first(side):
    ours = keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.Conv2D(4, 3, name="one"),
            layers.Conv2D(5, 3, name="two"),  # Of 9 pixels in each direction 5 are left, as many as there are channels.
            layers.Flatten(name="flat"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(2, side, side, 3)).astype(np.float32)
    one = ours.layers[0](x).numpy()
    two = ours.layers[1](one).numpy()
    recorded = {"a": np.moveaxis(one, -1, 1), "b": np.moveaxis(two, -1, 1)}
    comparison = compare_models(ours, recorded, x)
    assert [(row.ours, row.reference) for row in comparison.rows] == [("one", "a"), ("two", "b")]
    assert comparison.same, str(comparison)
    recorded["b"] = recorded["b"] * 1.001
    assert compare_models(ours, recorded, x).first.ours == "two"
    assert compare_models(ours, {"a": one, "b": two}, x).same


def test_weights_that_are_named_as_outputs_are_told(model, data):
    recorded = {"fc1.weight": model.layers[0].kernel.numpy(), "prediction": model(data[0]).numpy()}
    with pytest.raises(ValueError, match="Received: none; a weight is named `<layer>/<weight>` or `weights/<name>`"):
        compare_models(model, recorded, data, weights="copy")


def test_arrays_of_other_examples(model, data):
    recorded = network(model, data)
    x, y = data[0][:8], data[1][:8]
    match = "`reference` should hold arrays of the batch's 8 examples. Received: 20 examples in fc1, fc2."
    for batch in (x, (x, y)):
        with pytest.raises(ValueError, match=match):
            compare_models(model, recorded, batch)
    mixed = {"hidden": recorded["fc1"], "head": recorded["fc2"][:8], "W": np.ones((6, 8))}
    with pytest.raises(ValueError, match="Received: 20 examples in hidden"):
        compare_models(model, mixed, x)
    assert compare_models(model, {**mixed, "hidden": recorded["fc1"][:8]}, x).unpaired_reference == ("W",)


def test_arrays_that_cannot_be_read(model, data, tmp_path):
    (tmp_path / "text.npz").write_text("no arrays")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez(tmp_path / "whole.npz", a=np.ones(999))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:2000])
    np.save(tmp_path / "single.npy", np.ones(3))
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    for source, match in (
        (tmp_path / "none.npz", "there is no such file"),
        (tmp_path / "text.npz", "text.npz \\(it is damaged, or holds something else\\)"),
        (tmp_path / "empty.npz", "empty.npz \\(it is damaged, or holds something else\\)"),
        (tmp_path / "cut.npz", "cut.npz \\(it is damaged, or holds something else\\)"),
        (tmp_path / "single.npy", "a single array"),
        (tmp_path / "objects.npz", "objects.npz \\(it is damaged, or holds something else\\)"),
        (tmp_path, "(Is a directory)"),
        ({}, "Received: none"),
        ({"a": np.array(["text"])}, "Received: 'a' of ndarray <U4"),
        ({3: np.ones(3)}, "arrays of numbers by name"),
    ):
        with pytest.raises(ValueError, match=match) as error:
            compare_models(model, source, data)
        assert "pickle" not in str(error.value)
