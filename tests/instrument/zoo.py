"""One small training a case: every kind of model, step and optimizer that the callback has to leave alone.

A case is a function without arguments that returns a `Trial`: a compiled model and what is done with
it, in order: a dict is a `fit` with those arguments, a function is called with the model in between.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

Step = dict[str, Any] | Callable[[keras.Model], None]


@dataclass(frozen=True)
class Objective:
    """What an optimizer brings down in a step: `loss` gives it, with what is seen on the way: the step's statistics,
    and the tensors of the batch, as `batch_of` names them."""

    loss: Callable[[], tuple[Any, dict[str, Any]]]
    optimizer: Any
    variables: Callable[[], Sequence[Any]]


def compiled_loss(model: keras.Model, data: Any) -> Iterator[Objective]:
    """The one objective of Keras' own `train_step`."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if not all(layer.built for layer in model.layers):
        model(x)

    def loss() -> tuple[Any, dict[str, Any]]:
        y_pred = model(x, training=True)
        total = model.compute_loss(x, y, y_pred, sample_weight)
        penalty = tf.add_n([tf.reduce_sum(part) for part in model.losses]) if model.losses else 0.0
        return total, {
            "loss": tf.reduce_mean(total),
            "data_loss": tf.reduce_mean(total) - penalty,
            "regularization_loss": penalty,
            "batch_size": len(keras.tree.flatten(x)[0]),
            **output_losses(model, y, y_pred),
            **batch_of(model, x, y, y_pred),
            "weights": weights_of(y_pred, sample_weight),
            "losses": losses_by_output(model),
        }

    yield Objective(loss, model.optimizer, lambda: model.trainable_variables)


def weights_of(y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Returns the sample weights, the mask, and by what both multiply the loss of each example or position."""
    mask = getattr(y_pred, "_keras_mask", None)
    weights = None if mask is None else np.float64(mask) / np.float64(mask).mean()
    if sample_weight is not None:
        given = np.float64(sample_weight)
        weights = given if weights is None else given.reshape(len(given), *[1] * (weights.ndim - 1)) * weights
    return sample_weight, mask, weights


def losses_by_output(model: keras.Model) -> dict[str, str]:
    """Returns what the compiled losses are called, by output."""
    losses = model.loss
    if not isinstance(losses, dict):
        given = losses if isinstance(losses, (list, tuple)) else [losses]
        losses = dict(zip(output_names(model) or range(len(given)), given, strict=True))
    return {str(name): str(loss) for name, loss in losses.items()}


def batch_of(model: keras.Model, x: Any, y: Any = None, y_pred: Any = None) -> dict[str, Any]:
    """Returns the tensors of a batch by row: a dictionary's keys, the names of the model's inputs and outputs, or
    numbers."""
    inputs = _layer_names(getattr(model, "inputs", None))
    outputs = output_names(model)
    named = {}
    for kind, structure, names in (("input", x, inputs), ("target", y, outputs), ("prediction", y_pred, outputs)):
        keys, leaves = list(structure) if isinstance(structure, dict) else names, keras.tree.flatten(structure)
        if isinstance(structure, dict):
            leaves = [structure[key] for key in keys]
        keys = keys if keys and len(keys) == len(leaves) else range(len(leaves))
        named |= {f"{kind}/{key}": leaf for key, leaf in zip(keys, leaves, strict=True) if leaf is not None}
    return named


def output_names(model: keras.Model) -> list[str]:
    return getattr(model, "output_names", None) or _layer_names(getattr(model, "outputs", None))


def _layer_names(tensors: Sequence[Any] | None) -> list[str]:
    return [tensor._keras_history.operation.name for tensor in tensors or ()]


def output_losses(model: keras.Model, y: Any, y_pred: Any) -> dict[str, Any]:
    """Returns the loss of each output by itself, where there are several."""
    if not isinstance(model.loss, (list, dict)):
        return {}
    keys = model.loss if isinstance(model.loss, dict) else range(len(model.loss))
    losses = {key: keras.losses.get(model.loss[key])(y[key], y_pred[key]) for key in keys}
    return {
        f"output_loss/{name}": tf.reduce_mean(loss)
        for name, loss in zip(model.output_names, losses.values(), strict=True)
    }


@dataclass(frozen=True)
class Trial:
    """`callbacks` makes callbacks that run beside ours, `objectives` says what a step brings down, one by one."""

    model: keras.Model
    steps: Sequence[Step]
    callbacks: Callable[[], list[keras.callbacks.Callback]] = field(default=list)
    objectives: Callable[[keras.Model, Any], Iterator[Objective]] = compiled_loss


CASES: dict[str, Callable[[], Trial]] = {}


def case(make: Callable[[], Trial]) -> Callable[[], Trial]:
    CASES[make.__name__] = make
    return make


# Data.


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def flat(n: int = 24, features: int = 6) -> np.ndarray:
    return rng().normal(size=(n, features)).astype("float32")


def images(n: int = 24, channels: int = 2) -> np.ndarray:
    return rng().normal(size=(n, 8, 8, channels)).astype("float32")


def tokens(n: int = 24, length: int = 5, words: int = 11) -> np.ndarray:
    return rng().integers(0, words, size=(n, length))


def labels(n: int = 24, classes: int = 3) -> np.ndarray:
    return np.random.default_rng(8).integers(0, classes, size=n)


def numbers(n: int = 24, width: int = 1) -> np.ndarray:
    return np.random.default_rng(9).normal(size=(n, width)).astype("float32")


def fit(x: Any, y: Any = None, **settings: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "batch_size": 8, "epochs": 2, "verbose": 0} | settings


def mlp(out: int = 1, activation: str | None = None, name: str = "mlp", **dense: Any) -> keras.Model:
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, activation="relu", name="hidden", **dense),
            layers.Dense(out, activation, name="head"),
        ],
        name=name,
    )
    return model


def regression(optimizer: Any = "sgd", model: keras.Model | None = None, **compiled: Any) -> Trial:
    """An MLP of one hidden layer on 24 examples: 2 epochs of 3 steps."""
    model = mlp() if model is None else model
    model.compile(optimizer=optimizer, loss="mse", **compiled)
    return Trial(model, [fit(flat(), numbers())])


# Kinds of models.


@case
def sequential_cnn() -> Trial:
    model = keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, [fit(images(), labels(), validation_split=0.25)])


@case
def functional_residual() -> Trial:
    x = keras.Input((6,))
    h = layers.Dense(6, "relu")(x)
    h = layers.LayerNormalization()(layers.Add()([x, h]))
    model = keras.Model(x, layers.Dense(1)(h))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "mse", metrics=["mae"])
    return Trial(model, [fit(flat(), numbers())])


@case
def nested_models() -> Trial:
    def block(name: str) -> keras.Model:
        return keras.Sequential([layers.Dense(4, "tanh", name="dense"), layers.Dense(4, name="out")], name=name)

    x = keras.Input((6,))
    inner = keras.Model(x, block("tail")(block("head")(x)), name="inner")
    y = keras.Input((6,))
    model = keras.Model(y, layers.Dense(1, name="dense")(inner(y)), name="outer")
    model.compile("rmsprop", "mse")
    return Trial(model, [fit(flat(), numbers())])


@case
def shared_layer() -> Trial:
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    shared = layers.Dense(4, "relu", name="shared")
    model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([shared(a), shared(b)])))
    model.compile("adam", "mse")
    return Trial(model, [fit([flat(), flat()[::-1]], numbers())])


@keras.saving.register_keras_serializable("zoo")
class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(5, "relu"), layers.Dropout(0.2)]
        self.scale = self.add_weight(shape=(5,), initializer="ones", name="scale")
        self.head = layers.Dense(1)

    def call(self, x: Any, training: bool = False) -> Any:
        for block in self.blocks:
            x = block(x, training=training) if isinstance(block, layers.Dropout) else block(x)
        return self.head(x * self.scale)


@case
def subclassed() -> Trial:
    model = Subclassed()
    model.compile("adam", "mse")
    return Trial(model, [fit(flat(), numbers())])


class Unbuilt(keras.Model):
    """Has no variables and no layers before its first batch: `build` says that it is built, and does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(5, "relu")
        self.head = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.head(self.hidden(x))

    def _symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Keras builds a model before the first step by this; without it the first batch does."""


@case
def subclassed_unbuilt() -> Trial:
    model = Unbuilt()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return Trial(model, [fit(flat(), numbers())])


@case
def rnn_stack() -> Trial:
    model = keras.Sequential(
        [
            layers.Input((4, 3)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(3, "tanh")),
            layers.GRU(3, dropout=0.2),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return Trial(model, [fit(rng().normal(size=(16, 4, 3)).astype("float32"), numbers(16), epochs=1)])


@case
def embeddings() -> Trial:
    model = keras.Sequential(
        [layers.Input((5,)), layers.Embedding(11, 4), layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    return Trial(model, [fit(tokens(), labels(classes=2))])


@case
def masked_lstm() -> Trial:
    model = keras.Sequential(
        [layers.Input((5,)), layers.Embedding(11, 4, mask_zero=True), layers.LSTM(3), layers.Dense(3, "softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Trial(model, [fit(tokens(), labels(), epochs=1)])


@case
def masked_sequence_loss() -> Trial:
    model = keras.Sequential(
        [layers.Input((5,)), layers.Embedding(11, 4, mask_zero=True), layers.Dropout(0.1), layers.Dense(3, "softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return Trial(model, [fit(tokens(), rng().integers(0, 3, size=(24, 5)))])


def _two_heads(as_dict: bool) -> keras.Model:
    a, b = keras.Input((6,), name="a"), keras.Input((8,), name="b")
    h = layers.Concatenate()([layers.Dense(4, "relu")(a), layers.Dense(4, "relu")(b)])
    first, second = layers.Dense(1, name="first")(h), layers.Dense(3, "softmax", name="second")(h)
    outputs = {"first": first, "second": second} if as_dict else [first, second]
    return keras.Model({"a": a, "b": b} if as_dict else [a, b], outputs)


@case
def dict_inputs_outputs() -> Trial:
    model = _two_heads(as_dict=True)
    model.compile(
        "adam",
        {"first": "mse", "second": "sparse_categorical_crossentropy"},
        loss_weights={"first": 0.3, "second": 2.0},
        metrics={"second": ["accuracy"]},
    )
    return Trial(model, [fit({"a": flat(), "b": flat(24, 8)}, {"first": numbers(), "second": labels()})])


@case
def list_inputs_outputs() -> Trial:
    model = _two_heads(as_dict=False)
    model.compile("adam", ["mae", keras.losses.SparseCategoricalCrossentropy()], loss_weights=[0.5, 1.0])
    return Trial(model, [fit([flat(), flat(24, 8)], [numbers(), labels()])])


@case
def frozen_layers() -> Trial:
    model = mlp()
    model.get_layer("hidden").trainable = False
    return regression("adam", model)


@case
def nothing_trainable() -> Trial:
    model = mlp()
    model.trainable = False
    return regression("sgd", model)


@case
def attention_block() -> Trial:
    x = keras.Input((4, 6))
    h = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x))
    h = h + layers.Dense(6)(layers.Dense(8, "gelu")(h))
    model = keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(h)))
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.01), keras.losses.SparseCategoricalCrossentropy(True))
    return Trial(model, [fit(rng().normal(size=(24, 4, 6)).astype("float32"), labels())])


@case
def lambda_softmax() -> Trial:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(3), layers.Lambda(tf.nn.softmax)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return Trial(model, [fit(flat(), labels())])


@case
def lambda_sigmoid() -> Trial:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(1), layers.Lambda(tf.nn.sigmoid)])
    model.compile("sgd", "binary_crossentropy")
    return Trial(model, [fit(flat(), labels(classes=2))])


@case
def softmax_layer() -> Trial:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(3), layers.Softmax()])
    model.compile("sgd", "categorical_crossentropy")
    return Trial(model, [fit(flat(), np.eye(3, dtype="float32")[labels()])])


@case
def channels_first() -> Trial:
    model = keras.Sequential(
        [
            layers.Input((2, 8, 8)),
            layers.Permute((2, 3, 1)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.Permute((3, 1, 2)),
            layers.GlobalAveragePooling2D(data_format="channels_first"),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    return Trial(model, [fit(images().transpose(0, 3, 1, 2), numbers())])


@case
def float64_policy() -> Trial:
    """Its steps are about as small as the distance of two float32 numbers."""
    model = keras.Sequential(
        [
            layers.Input((6,), dtype="float64"),
            layers.Dense(4, "relu", dtype="float64"),
            layers.Dense(1, dtype="float64"),
        ]
    )
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    return Trial(model, [fit(flat().astype("float64"), numbers().astype("float64"))])


# What else stands in a loss, and in the data.


@case
def regularizers_and_add_loss() -> Trial:
    class Penalty(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(0.01 * keras.ops.sum(keras.ops.square(x)))
            return x

    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(4, "relu", kernel_regularizer="l2", activity_regularizer="l1"),
            Penalty(),
            layers.Dense(1),
        ]
    )
    return regression("adam", model)


@case
def max_norm_constraint() -> Trial:
    return regression(keras.optimizers.SGD(0.5), mlp(kernel_constraint=keras.constraints.MaxNorm(0.8)))


@case
def class_weights() -> Trial:
    model = mlp(3, "softmax")
    model.compile("adam", "sparse_categorical_crossentropy")
    return Trial(model, [fit(flat(), labels(), class_weight={0: 1.0, 1: 0.2, 2: 3.0})])


@case
def loss_of_each_example() -> Trial:
    model = mlp()
    model.compile("adam", keras.losses.MeanSquaredError(reduction="none"), jit_compile=False)
    return Trial(model, [fit(flat(), numbers())])


@case
def sample_weights() -> Trial:
    trial = regression("adam")
    return Trial(trial.model, [fit(flat(), numbers(), sample_weight=np.linspace(0, 2, 24).astype("float32"))])


@case
def unknown_length() -> Trial:
    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for i in range(3):
            yield flat()[8 * i : 8 * i + 8], numbers()[8 * i : 8 * i + 8]

    signature = (tf.TensorSpec([None, 6]), tf.TensorSpec([None, 1]))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    trial = regression("adam")
    return Trial(trial.model, [{"x": data, "epochs": 2, "verbose": 0}])


@case
def smaller_last_batch() -> Trial:
    trial = regression("adam")
    return Trial(trial.model, [fit(flat(21), numbers(21))])


# Steps of their own.


class OwnStep(keras.Model):
    """Calls `compute_loss`, as the Keras guide has it."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


@case
def custom_train_step() -> Trial:
    inner = mlp()
    return regression("adam", OwnStep(inner.inputs, inner.outputs), metrics=["mae"])


class OwnLoss(keras.Model):
    """Never calls `compute_loss`."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def own_loss(model: keras.Model, data: Any) -> Iterator[Objective]:
    x, y = data

    def loss() -> tuple[Any, dict[str, Any]]:
        mean = tf.reduce_mean((model(x, training=True) - y) ** 2)
        return mean, {"loss": mean, "batch_size": len(x), **batch_of(model, x, y)}

    yield Objective(loss, model.optimizer, lambda: model.trainable_variables)


@case
def custom_loss_in_train_step() -> Trial:
    inner = mlp()
    model = OwnLoss(inner.inputs, inner.outputs)
    model.compile("adam")
    return Trial(model, [fit(flat(), numbers())], objectives=own_loss)


class Gan(keras.Model):
    """Two networks, two optimizers, in turns."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential([layers.Input((3,)), layers.Dense(6, name="generate")], name="generator")
        self.critic = keras.Sequential([layers.Input((6,)), layers.Dense(1, name="judge")], name="critic")
        self.noise = keras.random.SeedGenerator(3)

    def compile(self) -> None:
        super().compile()
        self.generator_optimizer = keras.optimizers.Adam(0.01)
        self.critic_optimizer = keras.optimizers.Adam(0.02)

    def train_step(self, real: Any) -> Any:
        latent = keras.random.normal((8, 3), seed=self.noise)
        with tf.GradientTape() as tape:
            critic_loss = tf.reduce_mean(self.critic(self.generator(latent)) - self.critic(real))
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply_gradients(zip(tape.gradient(critic_loss, variables), variables, strict=True))
        with tf.GradientTape() as tape:
            generator_loss = -tf.reduce_mean(self.critic(self.generator(latent)))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply_gradients(zip(tape.gradient(generator_loss, variables), variables, strict=True))
        return {"critic_loss": critic_loss, "generator_loss": generator_loss}


def in_turns(model: Gan, real: Any) -> Iterator[Objective]:
    latent = keras.random.normal((8, 3), seed=model.noise)

    def critic_loss() -> tuple[Any, dict[str, Any]]:
        loss = tf.reduce_mean(model.critic(model.generator(latent)) - model.critic(real))
        return loss, {"batch_size": len(real), **batch_of(model, real)}

    def generator_loss() -> tuple[Any, dict[str, Any]]:
        return -tf.reduce_mean(model.critic(model.generator(latent))), {}

    yield Objective(critic_loss, model.critic_optimizer, lambda: model.critic.trainable_variables)
    yield Objective(generator_loss, model.generator_optimizer, lambda: model.generator.trainable_variables)


@case
def gan_two_optimizers() -> Trial:
    model = Gan()
    model.compile()
    return Trial(model, [fit(flat())], objectives=in_turns)


# How the step is run.


@case
def run_eagerly() -> Trial:
    return regression("adam", run_eagerly=True)


@case
def jit_compile() -> Trial:
    trial = sequential_cnn()
    trial.model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=True)
    return Trial(trial.model, [fit(images(), labels(), epochs=1)])


@case
def jit_compile_residual() -> Trial:
    """What XLA fuses most: sums of residuals, normalization, and activation functions, with noise among them."""
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="stem")(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same", use_bias=False, name="branch")(x))
    x = layers.Dropout(0.3)(layers.Activation("relu")(layers.Add()([x, y])))
    x = layers.Dense(5, "sigmoid", name="gate")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(3, "softmax", name="head")(layers.BatchNormalization()(x)))
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=True)
    return Trial(model, [fit(images(), labels())])


@case
def steps_per_execution() -> Trial:
    trial = regression("adam", steps_per_execution=4)
    return Trial(trial.model, [fit(flat(44), numbers(44))])


@case
def steps_per_execution_unknown_length() -> Trial:
    trial = unknown_length()
    trial.model.compile("adam", "mse", steps_per_execution=2)
    return trial


@case
def steps_per_execution_jit() -> Trial:
    trial = regression("adam", steps_per_execution=2, jit_compile=True)
    return Trial(trial.model, [fit(flat(), numbers())])


def _mixed(policy: str) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, "relu", dtype=policy, name="hidden"),
            layers.Dense(1, dtype="float32", name="head"),
        ]
    )


@case
def mixed_float16() -> Trial:
    """The loss scale begins so high that steps are skipped."""
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(), initial_scale=2.0**19, dynamic_growth_steps=3
    )
    trial = regression(optimizer, _mixed("mixed_float16"))
    return Trial(trial.model, [fit(flat(), numbers(), epochs=3)])


@case
def mixed_bfloat16() -> Trial:
    return regression("adam", _mixed("mixed_bfloat16"))


# Optimizers.


@case
def gradient_accumulation() -> Trial:
    return regression(keras.optimizers.Adam(gradient_accumulation_steps=2))


@case
def clipnorm() -> Trial:
    return regression(keras.optimizers.SGD(0.1, clipnorm=0.1))


@case
def global_clipnorm() -> Trial:
    return regression(keras.optimizers.Adam(global_clipnorm=0.2))


@case
def clipvalue() -> Trial:
    return regression(keras.optimizers.SGD(0.1, clipvalue=0.05))


@case
def ema() -> Trial:
    return regression(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=2))


@case
def swap_ema_weights() -> Trial:
    trial = regression(keras.optimizers.Adam(use_ema=True, ema_momentum=0.9))
    steps = [fit(flat(), numbers(), validation_split=0.34)]
    return Trial(trial.model, steps, lambda: [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)])


@case
def weight_decay() -> Trial:
    return regression(keras.optimizers.AdamW(0.01, weight_decay=0.1))


@case
def learning_rate_schedule() -> Trial:
    return regression(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 6)))


# Several fits.


@case
def second_fit() -> Trial:
    trial = regression("adam")
    return Trial(trial.model, [fit(flat(), numbers()), fit(flat(), numbers(), epochs=1)])


@case
def recompiled() -> Trial:
    def recompile(model: keras.Model) -> None:
        model.compile(keras.optimizers.SGD(0.01), "mae")

    trial = regression("adam")
    return Trial(trial.model, [fit(flat(), numbers()), recompile, fit(flat(), numbers())])


@case
def unfrozen() -> Trial:
    def unfreeze(model: keras.Model) -> None:
        model.get_layer("hidden").trainable = True
        model.compile("adam", "mse")

    trial = frozen_layers()
    return Trial(trial.model, [fit(flat(), numbers()), unfreeze, fit(flat(), numbers())])
