"""Questions about auto-encoders, segmentation, pairs and transfer learning."""

from typing import Any

from tests.faults.blind.questions import data
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("autoencoder, table", "output-range")
def autoencoder_sigmoid_output(seed: int, fixed: bool) -> Trial:
    """The inputs are standardized (negative and above 1) but the decoder ends in sigmoid, which only gives 0..1; use a
    linear output (or scale the inputs to 0..1).

    https://stackoverflow.com/questions/44601367/keras-autoencoder-simple-example-has-a-strange-output
    """
    import keras
    from keras import layers

    x, held_x, _, _ = data.table("breast_cancer", seed, 150)
    inputs = keras.Input((30,))
    z = layers.Dense(8, activation="relu")(layers.Dense(20, activation="relu")(inputs))
    out = layers.Dense(30, activation=None if fixed else "sigmoid")(layers.Dense(20, activation="relu")(z))
    model = keras.Model(inputs, out)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
    return Trial(model, x, x, (held_x, held_x), {"epochs": 60, "batch_size": 16})


@CASES.sick("variational autoencoder, images", "loss-weights", "collapsed-output")
def vae_kl_outweighs(seed: int, fixed: bool) -> Trial:
    """The KL term is summed over the latents while the reconstruction error is a mean over the pixels, so KL wins, the
    code collapses and every output is the mean image; sum the reconstruction over the pixels (or weight KL down).

    https://devgem.vercel.app/posts/unveiling-the-mystery-why-your-vae-s-kl-loss-goes-to-zero-with-unidentified-reconstructions
    """
    import keras
    from keras import layers, ops

    class Sample(layers.Layer):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.rng = keras.random.SeedGenerator(seed)

        def call(self, moments: Any, training: bool = False) -> Any:
            mean, log_variance = moments
            kl = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
            self.add_loss(ops.mean(kl))
            if not training:
                return mean
            return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.rng)

    def recon(target: Any, output: Any) -> Any:
        squares = ops.square(target - output)
        return 10.0 * ops.sum(squares, axis=-1) if fixed else ops.mean(squares, axis=-1)

    x, held_x, _, _ = data.digits(seed)
    inputs = keras.Input((64,))
    h = layers.Dense(64, activation="relu")(inputs)
    z = Sample()([layers.Dense(6)(h), layers.Dense(6)(h)])
    out = layers.Dense(64, activation="sigmoid")(layers.Dense(64, activation="relu")(z))
    model = keras.Model(inputs, out)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=recon)
    return Trial(model, x, x, (held_x, held_x), {"epochs": 40, "batch_size": 64})


@CASES.sick("small U-Net, segmentation", "class-imbalance")
def segmentation_all_background(seed: int, fixed: bool) -> Trial:
    """The lesions are 2 % of the pixels and plain binary cross-entropy is lowest at first by calling all background;
    use a dice loss or weight the foreground.

    https://github.com/keras-team/keras/issues/13085
    """
    import keras
    from keras import layers, ops

    def dice(target: Any, output: Any) -> Any:
        both = ops.sum(target * output, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (ops.sum(target, axis=(1, 2, 3)) + ops.sum(output, axis=(1, 2, 3)) + 1)

    def convolution(filters: int, h: Any) -> Any:
        return layers.Conv2D(filters, 3, padding="same", activation="relu")(h)

    x, held_x, y, held_y = data.lesions(seed)
    inputs = keras.Input((24, 24, 1))
    c1 = convolution(8, convolution(8, inputs))
    c2 = convolution(16, layers.MaxPooling2D()(c1))
    u1 = layers.Concatenate()([layers.UpSampling2D()(c2), c1])
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(convolution(8, u1)))
    model.compile(
        optimizer=keras.optimizers.Adam(0.002), loss=dice if fixed else "binary_crossentropy", metrics=["accuracy"]
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 12, "batch_size": 16})


def _siamese(smallest: float, head: bool = False) -> Any:
    """Returns the distance of pairs, or what one layer makes of it."""
    import keras
    from keras import layers, ops

    base = stack((64,), layers.Dense(64, activation="relu"), layers.Dense(32))
    a, b = keras.Input((64,)), keras.Input((64,))

    class Distance(layers.Layer):
        def call(self, v: Any) -> Any:
            return ops.sqrt(ops.sum(ops.square(v[0] - v[1]), axis=1, keepdims=True) + smallest)

    d = Distance()([base(a), base(b)])
    if head:  # far apart = unlike: start with a falling curve
        d = layers.Dense(
            1, activation="sigmoid", kernel_initializer=keras.initializers.Constant(-1.0), bias_initializer="ones"
        )(d)
    return keras.Model([a, b], d)


@CASES.sick("siamese MLP", "nonfinite-values")
def siamese_sqrt_of_zero(seed: int, fixed: bool) -> Trial:
    """The Euclidean distance takes sqrt of 0 for pairs of identical images, whose gradient is infinite, so all turns
    nan; add a small epsilon under the root.

    https://github.com/keras-team/keras/issues/9097
    """
    import keras

    model = _siamese(1e-4 if fixed else 0.0, head=True)
    (a, b, labels), _ = data.pairs(seed, same_picture=True)
    model.compile(optimizer=keras.optimizers.Adam(0.002), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, [a, b], labels, None, {"epochs": 15, "batch_size": 64})


@CASES.sick("siamese MLP", "metric-disagrees")
def contrastive_labels_flipped(seed: int, fixed: bool) -> Trial:
    """The labels say 1 = same but this contrastive loss is written for 1 = different, so it pushes equal pairs apart;
    flip the labels or the two terms.

    https://github.com/keras-team/keras/issues/1866
    """
    import keras
    from keras import ops

    model = _siamese(1e-6)
    (a, b, labels), (c, d, held_labels) = data.pairs(seed)

    def contrastive(y: Any, dist: Any) -> Any:  # y = 0 same, y = 1 different
        return ops.mean((1 - y) * 0.5 * ops.square(dist) + y * 0.5 * ops.square(ops.maximum(1.0 - dist, 0.0)))

    code = (lambda v: 1 - v) if fixed else (lambda v: v)
    model.compile(optimizer=keras.optimizers.RMSprop(), loss=contrastive)
    return Trial(model, [a, b], code(labels), ([c, d], code(held_labels)), {"epochs": 12, "batch_size": 64})


def _pretrained(seed: int) -> Any:
    """Returns a network for digits that has been trained on the first five."""
    import keras
    from keras import layers

    xo, yo, *_ = data.old_new(seed)
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(48, 3, padding="same", activation="tanh"),
            layers.Flatten(),
            layers.Dense(64, activation="tanh"),
        ],
        name="base",
    )
    full = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    full.compile(optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy")
    full.fit(xo * 2 - 1, yo, epochs=5, batch_size=32, verbose=0)
    return base


@CASES.sick("transfer, frozen base", "frozen-variables", "unchanged-variable", "missing-gradient")
def head_frozen_with_base(seed: int, fixed: bool) -> Trial:
    """The freezing loop ran over model.layers after the new head was added, so the head is frozen too and nothing
    trains; freeze only the base.

    https://github.com/keras-team/keras/issues/4471
    """
    import keras
    from keras import layers

    _, _, xn, yn, xt, yt = data.old_new(seed)
    base = _pretrained(seed)
    model = keras.Sequential([base, layers.Dense(32, activation="relu"), layers.Dense(5, activation="softmax")])
    for layer in [base] if fixed else model.layers:
        layer.trainable = False
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, xn * 2 - 1, yn, (xt * 2 - 1, yt), {"epochs": 25, "batch_size": 32})
