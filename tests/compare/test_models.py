"""compare_models between two Keras models: what it calls the same, and what it names first."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tests.compare.building import WIDTH, Hand, convolutional, dense, images, layers, rows


def copied(ours, reference, batch, **options):
    return compare_models(ours, reference, batch, weights="copy", **options)


def first(comparison):
    found = comparison.first
    return found and (found.stage, found.reference or found.ours)


def layer_names(model):
    return [layer.name for layer in model.layers]


@tf.custom_gradient
def relu_with_wrong_gradient(x):
    """Its derivative is 1 % too large."""
    return tf.nn.relu(x), lambda upstream: upstream * tf.cast(x > 0, x.dtype) * 1.01


def test_hand_written_layers_are_the_same_as_keras_own():
    comparison = copied(dense(kind=Hand), dense(), rows())
    assert comparison.same and comparison.first is None
    assert not comparison.unpaired_ours and not comparison.unpaired_reference
    assert {row.stage for row in comparison.rows} == {"weights", "output", "loss", "gradient"}
    assert any(row.difference > 0 for row in comparison.rows)  # They do round otherwise.


@pytest.mark.parametrize("training", [False, True])
def test_hand_written_convolution_and_normalization(training):
    comparison = copied(
        convolutional(dropout=False, by_hand=True), convolutional(dropout=False), images(), training=training
    )
    assert comparison.same, str(comparison)


@pytest.mark.slow
def test_float_noise_of_a_deep_network_is_not_reported():
    reference = dense(kind=lambda *args: layers.Dense(*args, kernel_initializer="he_normal"), depth=30, width=512)
    comparison = copied(dense(kind=Hand, depth=30, width=512), reference, rows(512))
    assert comparison.same, comparison.summary()
    outputs = [row for row in comparison.rows if row.stage == "output"]
    assert len(outputs) == 63 and all(0 < row.difference < row.tolerance < 1e-2 for row in outputs)


@pytest.mark.parametrize("third", ["tanh", "gelu", "linear", "leaky_relu"])
def test_a_wrong_activation_is_named_where_it_stands(third):
    reference = dense()
    comparison = copied(dense(third, kind=Hand), reference, rows())
    assert first(comparison) == ("output", layer_names(reference)[2])
    assert comparison.first.ratio > 1000


def test_a_transposed_kernel_is_told_to_be_that():
    ours, reference = dense(), dense()
    ours.set_weights(reference.get_weights())
    kernel = ours.layers[1].kernel
    kernel.assign(tf.transpose(kernel))
    comparison = compare_models(ours, reference, rows())
    assert first(comparison) == ("weights", f"{layer_names(reference)[1]}/kernel")
    assert "transpose" in comparison.summary()


class OfRows(layers.Layer):
    """A dense layer whose kernel has a row for each unit, or is held in one row."""

    def __init__(self, units, is_flat=False):
        super().__init__(name="rows")
        self.units, self.is_flat = units, is_flat

    def build(self, shape):
        held = (self.units * shape[-1],) if self.is_flat else (self.units, shape[-1])
        self.kernel = self.add_weight(shape=held, name="kernel")
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, x):
        kernel = tf.reshape(self.kernel.value, (self.units, x.shape[-1]))
        return tf.matmul(x, kernel, transpose_b=True) + self.bias


def of_rows(units, is_flat=False):
    """Returns a model of rows beside a dense one, and the kernel that the latter has."""
    ours = keras.Sequential([keras.Input((16,)), OfRows(units, is_flat)])
    reference = keras.Sequential([keras.Input((16,)), layers.Dense(units, name="dense")])
    kernel, bias = reference.get_weights()
    ours.set_weights([kernel.T.reshape(ours.layers[0].kernel.shape), bias])
    return ours, reference, kernel


def test_a_kernel_in_a_layout_that_is_not_known_is_not_called_missing():
    ours, reference, kernel = of_rows(5, is_flat=True)
    comparison = compare_models(ours, reference, rows()[0])
    assert comparison.same and not comparison.hint
    assert (comparison.unpaired_ours, comparison.unpaired_reference) == (("rows/kernel",), ("dense/kernel",))
    ours.layers[0].kernel.assign(1.01 * kernel.T.ravel())
    for weights in ("as_is", "copy"):
        comparison = compare_models(ours, reference, rows()[0], weights=weights)
        assert first(comparison) == ("output", "dense")
        assert comparison.hint == (
            "Their weights are held in another layout, and not compared: "
            "rows/kernel (80,); the reference's dense/kernel (16, 5)."
        )


def small_convolution(*hidden):
    model = keras.Sequential([keras.Input((8, 8, 3)), *hidden, layers.GlobalAveragePooling2D(), layers.Dense(5)])
    for weight in model.weights:
        weight.assign(weight + 0.1)
    return model


def some_images():
    return np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype(np.float32)


def test_weights_in_another_form_are_no_difference_where_the_outputs_agree():
    ours = small_convolution(layers.Conv2D(6, 3, name="conv"))
    reference = small_convolution(layers.SeparableConv2D(6, 3, name="separable"))
    depthwise, pointwise, bias, *head = reference.get_weights()
    ours.set_weights([np.einsum("hwcm,xycf->hwcf", depthwise, pointwise), bias, *head])
    comparison = compare_models(ours, reference, some_images())
    assert comparison.same, str(comparison)
    assert comparison.unpaired_ours == ("conv/kernel",)
    ours.layers[0].kernel.assign(ours.layers[0].kernel * 1.01)
    comparison = compare_models(ours, reference, some_images())
    assert first(comparison) == ("output", "separable") and "held in another layout" in comparison.hint


@pytest.mark.parametrize("hidden", [[], [layers.ReLU()]])
def test_a_wrong_padding_is_named_by_its_shapes(hidden):
    reference = small_convolution(layers.Conv2D(6, 3, padding="same", activation="relu" if hidden else None, name="c"))
    ours = small_convolution(layers.Conv2D(6, 3, name="c"), *hidden)
    comparison = copied(ours, reference, some_images())
    assert comparison.first.stage == "output" and comparison.first.ours.startswith("c")
    assert comparison.first.note == "shapes (4, 6, 6, 6) and (4, 8, 8, 6)"


def test_outputs_of_other_shapes_are_no_difference_where_all_after_them_agrees():
    reference = small_convolution(layers.Conv2D(7, 3, name="c"))
    recorded = {"c": np.moveaxis(reference.layers[0](some_images()).numpy(), -1, 1), "out": reference(some_images())}
    recorded["c/kernel"] = reference.layers[0].kernel.numpy()
    assert compare_models(reference, recorded, some_images()).same
    recorded["out"] = recorded["out"] + 1.0
    assert first(compare_models(reference, recorded, some_images())) == ("output", "out")


def test_outputs_that_agree_all_the_same_are_told():
    reference = small_convolution(layers.Conv2D(6, 3, use_bias=False, name="c"), layers.BatchNormalization(name="bn"))
    ours = small_convolution(layers.Conv2D(6, 3, name="c"))
    kernel, gamma, beta, mean, variance, *head = reference.get_weights()
    factor = gamma / np.sqrt(variance + 1e-3)
    ours.set_weights([kernel * factor, beta - mean * factor, *head])
    comparison = compare_models(ours, reference, some_images())
    assert first(comparison)[0] == "weights" and comparison.hint == "The outputs agree all the same."


@pytest.mark.parametrize("units", [5, 16])
def test_a_kernel_that_is_stored_transposed_is_compared_and_copied_as_that(units):
    ours, reference, kernel = of_rows(units)
    for given in (None, {"rows/kernel": "dense/kernel"}):
        comparison = compare_models(ours, reference, rows()[0], given)
        assert comparison.same, str(comparison)
        assert not comparison.unpaired_ours and comparison.rearranged == ("dense/kernel (transposed)",)
    ours.layers[0].kernel.assign(1.001 * kernel.T)
    comparison = compare_models(ours, reference, rows()[0])
    assert first(comparison) == ("weights", "dense/kernel") and not comparison.hint
    assert comparison.first.relative == pytest.approx(1e-3, rel=1e-3)
    ours.layers[0].kernel.assign(tf.random.stateless_normal((units, 16), (1, 2)))
    assert copied(ours, reference, rows()[0]).same


def test_a_kernel_that_is_multiplied_the_wrong_way_round_is_told():
    ours, reference, kernel = of_rows(16)
    ours.layers[0].kernel.assign(kernel)
    comparison = compare_models(ours, reference, rows()[0])
    assert first(comparison) == ("output", "dense")
    assert comparison.hint == "With dense/kernel transposed they would agree better."


def test_weights_that_differ_are_said_first_and_copied_only_where_asked():
    ours, reference = dense(), dense()
    comparison = compare_models(ours, reference, rows())
    assert comparison.summary().startswith("The weights already differ at")
    assert comparison.first.reference == f"{layer_names(reference)[0]}/kernel"
    assert copied(ours, reference, rows()).same


def test_a_missing_bias_is_named_although_it_is_zero():
    inputs, reference = keras.Input((16,)), dense()
    second = [layers.Dense(16, "relu"), layers.Dense(16, "relu", use_bias=False), layers.Dense(16, "relu")]
    ours = keras.Sequential([inputs, *second, layers.Dense(5, "softmax")])
    ours.compile("sgd", "sparse_categorical_crossentropy")
    comparison = copied(ours, reference, rows())
    assert first(comparison) == ("weights", f"{layer_names(reference)[1]}/bias")
    assert "only the reference has it" in comparison.summary()


def test_a_wrong_epsilon_of_a_normalization():
    reference = convolutional()
    assert first(copied(convolutional(1e-5), reference, images())) == ("output", layer_names(reference)[1])


def test_momentum_shows_in_training_mode_only():
    ours, reference = convolutional(momentum=0.9), convolutional()
    assert copied(ours, reference, images()).same
    comparison = copied(ours, reference, images(), training=True)
    assert first(comparison) == ("state", f"{layer_names(reference)[1]}/moving_mean")


def test_a_normalization_that_stays_in_inference_mode_shows_in_training_mode():
    ours, reference = convolutional(), convolutional()
    ours.layers[1].trainable = False
    assert first(copied(ours, reference, images(), training=True)) == ("output", layer_names(reference)[1])


def test_dropout_draws_the_same_in_both():
    ours, reference = convolutional(), convolutional()
    assert copied(ours, reference, images(), training=True).same


def test_a_layer_without_counterpart_is_named_as_the_likely_cause():
    reference = convolutional()
    comparison = copied(convolutional(dropout=False), reference, images())
    assert comparison.same and comparison.unpaired_reference == ()  # In inference mode it does nothing.
    comparison = copied(convolutional(dropout=False), reference, images(), training=True)
    assert f"the reference has {layer_names(reference)[3]}" in comparison.hint


def test_a_loss_that_is_a_sum():
    summed = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    comparison = copied(dense(loss=summed), dense(), rows())
    assert first(comparison) == ("loss", "loss")
    assert "Ours is 32 times as large" in comparison.summary()


def test_regularization_is_told_from_the_loss():
    ours = dense(kind=lambda *args: layers.Dense(*args, kernel_regularizer="l2"))
    assert first(copied(ours, dense(), rows())) == ("loss", "loss/regularization")


def test_a_wrong_gradient_is_found_where_the_outputs_agree():
    reference = dense()
    comparison = copied(dense(relu_with_wrong_gradient), reference, rows())
    name = layer_names(reference)[2]
    assert first(comparison) == ("gradient", f"{name}[pre-activation]")
    assert 0.005 < comparison.first.relative < 0.02
    assert all(row.same for row in comparison.rows if row.stage != "gradient")
    assert all(row.same for row in comparison.rows if row.reference == name)
    behind = [row for row in comparison.rows if row.stage == "gradient" and row.reference == f"{name}/kernel"]
    assert not behind[0].same


def test_the_gradient_of_a_loss():
    @tf.custom_gradient
    def loss(y, prediction):
        with tf.GradientTape() as tape:
            tape.watch(prediction)
            value = keras.losses.sparse_categorical_crossentropy(y, prediction)
        slope = tape.gradient(value, prediction)
        return value, lambda upstream: (None, 1.5 * upstream[:, None] * slope)

    assert first(copied(dense(loss=loss), dense(), rows())) == ("gradient", "prediction")


def test_float64_shows_finer_errors():
    @tf.custom_gradient
    def relu_almost_right(x):
        return tf.nn.relu(x), lambda upstream: upstream * tf.cast(x > 0, x.dtype) * (1 + 1e-9)

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        comparison = copied(dense(relu_almost_right), dense(), rows())
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])
    assert comparison.precision == "float64"
    assert comparison.first.stage == "gradient"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_other_precision_is_explained(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        ours, wrong = dense(), dense("tanh")
    finally:
        keras.config.set_dtype_policy(before)
    reference = dense()
    comparison = copied(ours, reference, rows())
    assert comparison.same, comparison.summary()
    assert comparison.precision == {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}.get(policy, "float32")
    assert first(copied(wrong, reference, rows())) == ("output", layer_names(reference)[2])


class Off(layers.Dense):
    """A dense layer whose output, or the gradient into it, is too large by a share of it."""

    def __init__(self, *args, output=0.0, gradient=0.0, **options):
        super().__init__(*args, **options)
        self.shares = output, gradient

    def call(self, x):
        @tf.custom_gradient
        def off(value):
            output, gradient = (tf.cast(1 + share, value.dtype) for share in self.shares)
            return value * output, lambda upstream: upstream * gradient

        return off(super().call(x))


@pytest.mark.parametrize(
    "policy, shares",
    [
        ("mixed_bfloat16", {"output": 0.1}),
        ("mixed_bfloat16", {"gradient": 0.5}),
        ("mixed_float16", {"output": 0.01}),
        ("mixed_float16", {"gradient": 0.1}),
    ],
)
def test_faults_that_a_coarse_type_does_not_explain_are_found(policy, shares):
    def model(**shares):
        hidden = [layers.Dense(WIDTH, "relu", name="before"), Off(WIDTH, "relu", name="off", **shares)]
        made = keras.Sequential([keras.Input((WIDTH,)), *hidden, layers.Dense(5, dtype="float32", name="head")])
        made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return made

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        right, wrong, reference = model(), model(**shares), model()
    finally:
        keras.config.set_dtype_policy(before)
    assert copied(right, reference, rows()).same
    found = copied(wrong, reference, rows()).first
    assert found.stage in shares and found.ours.startswith("off" if "output" in shares else ("off", "before"))


class Block(layers.Layer):
    def __init__(self, scale=1.0):
        super().__init__()
        self.wide, self.narrow, self.scale = layers.Dense(32, "relu", name="wide"), layers.Dense(16), scale

    def build(self, shape):
        self.wide.build(shape)
        self.narrow.build((*shape[:-1], 32))

    def call(self, x):
        return self.scale * x + self.narrow(self.wide(x))


class Residual(keras.Model):
    """Its head is held first and called last."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.head = layers.Dense(5, activation="softmax")
        self.blocks = [Block(), Block(scale)]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def residual():
    inputs = outputs = keras.Input((16,))
    for _ in range(2):
        inner = layers.Dense(16)(layers.Dense(32, activation="relu")(outputs))
        outputs = layers.Add()([outputs, inner])
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(5)(outputs)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("scale, place", [(1.0, None), (0.5, "add_1")])
def test_a_subclassed_model_beside_a_functional_one(scale, place):
    keras.backend.clear_session()
    ours, reference = Residual(scale), residual()
    ours(rows()[0])
    comparison = copied(ours, reference, rows())  # It is not compiled: it is given the other's loss.
    assert first(comparison) == (place and ("output", place))


def branches(reverse, loss="mean_squared_error"):
    a, b = keras.Input((8,), name="a"), keras.Input((4,), name="b")
    made = {}
    for name, inputs, activation in sorted([("a", a, "relu"), ("b", b, "tanh")], reverse=reverse):
        made[name] = layers.Dense(8, activation)(inputs)
    joined = layers.Concatenate()([made["a"], made["b"]])
    outputs = {"p": layers.Dense(3, "softmax", name="p")(joined), "q": layers.Dense(1, name="q")(joined)}
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile("sgd", {"p": "sparse_categorical_crossentropy", "q": loss})
    return model


def test_several_inputs_and_outputs():
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(20, 8)), "b": rng.normal(size=(20, 4))}
    y = {"p": rng.integers(0, 3, 20), "q": rng.normal(size=(20, 1))}
    comparison = copied(branches(False), branches(True), (x, y))
    assert comparison.same, comparison.summary()
    assert {"prediction/p", "prediction/q", "loss/p", "loss/q", "loss"} <= {row.ours for row in comparison.rows}
    comparison = copied(branches(False, "mean_absolute_error"), branches(True), (x, y))
    assert first(comparison) == ("loss", "loss/q")


def test_sample_weights_count():
    (x, y), ours = rows(), dense()
    plain = compare_models(ours, ours, (x, y)).rows
    weighted = compare_models(ours, ours, (x, y, np.linspace(0, 2, 32))).rows
    assert [row.ours for row in plain] == [row.ours for row in weighted]
    tolerances = [[row.tolerance for row in found if row.stage == "gradient"] for found in (plain, weighted)]
    assert tolerances[0] != tolerances[1]


def test_without_targets_only_the_forward_pass_is_compared():
    reference = dense()
    comparison = copied(dense("tanh"), reference, rows()[0])
    assert {row.stage for row in comparison.rows} == {"weights", "output"}
    assert first(comparison) == ("output", layer_names(reference)[2])


def test_a_map_pairs_what_order_cannot():
    def crossed(names):
        inputs = keras.Input((16,))
        made = {name: layers.Dense(16, name=name)(inputs) for name in names}
        return keras.Model(inputs, layers.Subtract()([made[names[0]], made[names[1]]]))

    ours, reference = crossed(["left", "right"]), crossed(["one", "two"])
    assert copied(ours, reference, rows()[0]).same
    comparison = copied(ours, reference, rows()[0], map={"left": "two", "right": "one"})
    assert {(row.ours, row.reference) for row in comparison.rows if row.same} >= {("left", "two"), ("right", "one")}
    assert comparison.first.reference.startswith("subtract")
