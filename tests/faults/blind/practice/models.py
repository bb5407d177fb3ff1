"""Networks of practice, some of them compiled."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.blind.practice import data
from tests.faults.building import stack
from tests.faults.case import Trial


def classifier(model: Any, optimizer: Any) -> Any:
    """Returns the model compiled for labels that are class numbers."""
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def small_cnn(*first: Any) -> Any:
    """Returns a network of two convolutions for digits, behind other layers."""
    from keras import layers

    return stack(
        (8, 8, 1),
        *first,
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )


def mlp(
    features: int,
    widths: Sequence[int],
    outputs: int,
    activation: str = "relu",
    last: str | None = None,
    kernel: Any = "glorot_uniform",
    penalty: Any = None,
) -> Any:
    """Returns dense layers, all of them with the same start and penalty."""
    from keras import layers

    kinds = [*((width, activation) for width in widths), (outputs, last)]
    return stack(
        (features,),
        *(layers.Dense(n, kind, kernel_initializer=kernel, kernel_regularizer=penalty) for n, kind in kinds),
    )


def normalized_mlp(features: int, classes: int, momentum: float) -> Any:
    """Returns two dense layers with batch normalization, and a softmax."""
    from keras import layers

    hidden = []
    for _ in range(2):
        hidden += [layers.Dense(64, use_bias=False), layers.BatchNormalization(momentum=momentum)]
        hidden += [layers.Activation("relu")]
    return stack((features,), *hidden, layers.Dense(classes, activation="softmax"))


def vae(summed: bool, latent: int = 6, beta: float = 1.0) -> Any:
    """Returns a variational auto-encoder whose error is summed over the pixels, or averaged."""
    import keras
    from keras import layers, ops

    class Sample(layers.Layer):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.seed_generator = keras.random.SeedGenerator(7)

        def call(self, mean: Any, log_variance: Any, training: bool = False) -> Any:
            kl = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
            self.add_loss(beta * ops.mean(kl))
            if not training:
                return mean
            noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
            return mean + ops.exp(0.5 * log_variance) * noise

    def recon(target: Any, output: Any) -> Any:
        entropy = ops.binary_crossentropy(target, output)
        return ops.sum(entropy, axis=-1) if summed else ops.mean(entropy, axis=-1)

    inputs = keras.Input((64,))
    h = layers.Dense(96, activation="relu")(inputs)
    z = Sample()(layers.Dense(latent)(h), layers.Dense(latent)(h))
    outputs = layers.Dense(64, activation="sigmoid")(layers.Dense(96, activation="relu")(z))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(2e-3), loss=recon)
    return model


def siamese(seed: int, reverse: bool, width: int, optimizer: Any) -> Trial:
    """Returns the training of distances of pairs, 1 for the same class unless the labels are reversed."""
    import keras
    from keras import layers, ops

    def pairs(part: int) -> data.Pair:
        x, same = data.digit_pairs(seed, part)
        return x, 1 - same if reverse else same

    inputs = keras.Input((2, 64))
    codes = layers.UnitNormalization()(layers.Dense(width)(layers.Dense(96, activation="relu")(inputs)))
    distance = layers.Lambda(lambda e: ops.sqrt(ops.sum(ops.square(e[:, 0] - e[:, 1]), -1, keepdims=True) + 1e-6))
    model = keras.Model(inputs, distance(codes))
    model.compile(
        optimizer, loss=lambda t, d: ops.mean(t * ops.square(d) + (1 - t) * ops.square(ops.maximum(1.0 - d, 0)), -1)
    )
    return Trial(model, *pairs(0), pairs(1), {"epochs": 15, "batch_size": 32})


def base() -> Any:
    """Returns the base of a transfer, not trained."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same", activation="relu"),
            layers.Conv2D(48, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
        ],
        name="base",
    )


def pretrained_base(seed: int) -> Any:
    """Returns the base with the weights that it has learnt on another task."""
    import keras
    from keras import layers

    known, learning = base(), base()
    model = keras.Sequential([learning, layers.Dense(20, activation="softmax")])
    classifier(model, keras.optimizers.Adam(2e-3)).fit(*data.old_task(seed), epochs=12, batch_size=32, verbose=0)
    known.set_weights(learning.get_weights())
    return known


def with_head(known: Any) -> Any:
    """Returns the base with a softmax of five classes."""
    from keras import layers

    return stack((8, 8, 1), known, layers.Dense(5, activation="softmax"))


def transformer(words: int, length: int, classes: int) -> Any:
    """Returns four blocks of attention, each with its normalization behind it."""
    import keras
    from keras import layers

    normal = keras.initializers.RandomNormal
    width, heads = 32, 2

    class Position(layers.Layer):
        def build(self, shape: Any) -> None:
            self.p = self.add_weight(shape=(shape[1], shape[2]), initializer=normal(stddev=0.3), name="p")

        def call(self, x: Any) -> Any:
            return x + self.p

    inputs = keras.Input((length,), dtype="int32")
    h = Position()(layers.Embedding(words, width, embeddings_initializer=normal(stddev=0.5))(inputs))
    for _ in range(4):
        h = layers.LayerNormalization()(h + layers.MultiHeadAttention(heads, width // heads)(h, h))
        h = layers.LayerNormalization()(h + layers.Dense(width)(layers.Dense(2 * width, activation="relu")(h)))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling1D()(h)))


def stepping(
    net: Any,
    loss: Callable[[Any, Any], Any],
    *,
    training: bool = True,
    penalties: bool = True,
    variables: Callable[[], Any] | None = None,
    scaled: bool = False,
) -> Any:
    """Returns a model with a `train_step` of its own, which can forget things."""
    import keras
    import tensorflow as tf

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def call(self, x: Any, training: bool = False) -> Any:
            return self.net(x, training=training)

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                predicted = self(x, training=True) if training else self(x)
                value = tf.reduce_mean(loss(y, tf.cast(predicted, tf.float32)))
                if penalties and self.losses:
                    value += tf.add_n(self.losses)
                target = self.optimizer.scale_loss(value) if scaled else value
            chosen = variables() if variables else self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(target, chosen), chosen, strict=True))
            for metric in self.metrics:
                metric.update_state(*((value,) if metric.name == "loss" else (y, predicted)))
            return {metric.name: metric.result() for metric in self.metrics}

    return Own()


def gan(right_labels: bool, conditional: bool = False) -> Any:
    """Returns two networks against each other, for points in the plane and perhaps four classes of them."""
    import keras
    import tensorflow as tf

    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    class GAN(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            classes = 4 if conditional else 0
            self.g = mlp(4 + classes, (48, 48), 2)
            self.d = mlp(2 + classes, (48, 48), 1, activation="leaky_relu")
            self.g_opt = keras.optimizers.Adam(1e-3, beta_1=0.5)
            self.d_opt = keras.optimizers.Adam(1e-3, beta_1=0.5)
            self.noise = keras.random.SeedGenerator(3)

        def sample(self, n: Any, c: Any = None) -> Any:
            z = keras.random.normal((n, 4), seed=self.noise)
            return self.g(z if c is None else tf.concat([z, c], 1), training=True)

        def call(self, x: Any) -> Any:
            return self.g(x)

        def train_step(self, data: Any) -> Any:
            x, c = data if conditional else (data[0] if isinstance(data, tuple) else data, None)
            with_class = (lambda a: tf.concat([a, c], 1)) if conditional else (lambda a: a)
            n = tf.shape(x)[0]
            with tf.GradientTape(persistent=True) as tape:
                fake = self.sample(n, c)
                real_logit, fake_logit = self.d(with_class(x)), self.d(with_class(fake))
                one, zero = tf.ones_like(real_logit), tf.zeros_like(fake_logit)
                d_loss = entropy(one, real_logit) + entropy(zero, fake_logit)
                g_loss = entropy(one if right_labels else zero, fake_logit)
            dg = tape.gradient(d_loss, self.d.trainable_variables)
            gg = tape.gradient(g_loss, self.g.trainable_variables)
            self.d_opt.apply_gradients(zip(dg, self.d.trainable_variables, strict=True))
            self.g_opt.apply_gradients(zip(gg, self.g.trainable_variables, strict=True))
            return {"loss": g_loss, "d_loss": d_loss}

    model = GAN()
    model.compile()
    return model
