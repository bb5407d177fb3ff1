"""Mistakes in layers and losses of one's own."""

from typing import Any

import numpy as np

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial
from tests.faults.data import Array

CASES = Cases()


@CASES.sick("attention, multi-class", "saturated-activation", "vanishing-gradient")
def attention_without_scale(seed: int, fixed: bool) -> Trial:
    """The dot products of queries and keys are not divided by sqrt(d), so the softmax of the attention is saturated
    from the start and passes hardly any gradient; scale the scores by 1/sqrt(d).

    Vaswani et al. 2017, section 3.2.1
    """
    import keras
    from keras import layers, ops

    (x, y), held = data.lookup(seed)
    d = 512

    class DotAttention(layers.Layer):
        def __init__(self, scaled: bool) -> None:
            super().__init__()
            self.scaled = scaled

        def call(self, q: Any, k: Any, v: Any) -> Any:
            s = ops.einsum("bd,btd->bt", q, k)
            if self.scaled:
                s = s / d**0.5
            return ops.einsum("bt,btd->bd", ops.softmax(s, axis=-1), v)

    inputs = keras.Input((17,), dtype="int32")
    emb = layers.Embedding(24, 128, embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0))
    q = layers.Dense(d, use_bias=False)(emb(inputs[:, 0]))
    k = layers.Dense(d, use_bias=False)(emb(inputs[:, 1:9]))
    v = layers.Embedding(8, 64)(inputs[:, 9:])
    out = layers.Dense(8, activation="softmax")(DotAttention(fixed)(q, k, v))
    model = models.classifier(keras.Model(inputs, out), keras.optimizers.Adam(1e-3))
    return Trial(model, x, y, held, {"epochs": 6, "batch_size": 32})


@CASES.sick("attention pooling, multi-class", "missing-gradient", "unchanged-variable", "saturated-activation")
def attention_pool_softmax_axis(seed: int, fixed: bool) -> Trial:
    """The softmax of the attention pooling runs over the last axis, which has length 1, so every weight is 1 and the
    scoring layer gets no gradient; take the softmax over the time axis (axis=1).

    https://github.com/PetrochukM/PyTorch-NLP/issues/2
    """
    import keras
    from keras import layers

    (x, y), held = data.marked(seed)
    inputs = keras.Input(x.shape[1:])
    scores = layers.Dense(1)(layers.Dense(16, activation="tanh")(inputs))
    weights = layers.Softmax(axis=1 if fixed else -1)(scores)
    values = layers.Dense(32)(inputs)
    pooled = layers.Flatten()(layers.Dot(axes=1)([weights, values]))
    out = layers.Dense(6, activation="softmax")(layers.Dense(32, activation="relu")(pooled))
    model = models.classifier(keras.Model(inputs, out), keras.optimizers.Adam(3e-3))
    return Trial(model, x, y, held, {"epochs": 25, "batch_size": 64})


@CASES.sick("auto-encoder with a binary code", "missing-gradient", "unchanged-variable")
def binary_code_without_straight_through(seed: int, fixed: bool) -> Trial:
    """The code is rounded in the middle of the network and rounding has no gradient, so the encoder never moves; use
    the straight-through estimator z + stop_gradient(round(z) - z).

    https://github.com/keras-team/keras/issues/13502 (None/zero gradient of argmax, round)
    """
    import keras
    from keras import layers, ops

    (x, _), (held_x, _) = data.flat_digits(seed)

    class Binarise(layers.Layer):
        def __init__(self, straight: bool) -> None:
            super().__init__()
            self.straight = straight

        def call(self, z: Any) -> Any:
            hard = ops.round(z)
            return z + ops.stop_gradient(hard - z) if self.straight else ops.stop_gradient(hard)

    inputs = keras.Input((64,))
    z = layers.Dense(10, activation="sigmoid")(layers.Dense(64, activation="relu")(inputs))
    out = layers.Dense(64, activation="sigmoid")(layers.Dense(64, activation="relu")(Binarise(fixed)(z)))
    model = keras.Model(inputs, out)
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    return Trial(model, x, x, (held_x, held_x), {"epochs": 50, "batch_size": 64})


@CASES.sick("regression to embedding vectors", "metric-disagrees")
def cosine_loss_sign(seed: int, fixed: bool) -> Trial:
    """The loss is 1 - keras.losses.cosine_similarity, but that function is already negative for similar vectors, so
    training pushes predictions away from the targets; use 1 + it, or CosineSimilarity() as is.
    """
    import keras

    (x, y), held = data.directions(seed)

    def cosine_distance(target: Any, output: Any) -> Any:
        similarity = keras.losses.cosine_similarity(target, output)
        return 1.0 + similarity if fixed else 1.0 - similarity

    model = models.mlp(20, (64, 64), 16)
    model.compile(keras.optimizers.Adam(2e-3), loss=cosine_distance)
    return Trial(model, x, y, held, {"epochs": 25, "batch_size": 32})


@CASES.sick("VAE", "loss-weights", "collapsed-output")
def vae_posterior_collapse(seed: int, fixed: bool) -> Trial:
    """The reconstruction loss is a mean over the pixels while the KL term is a sum over the latents, so the KL is far
    too strong and the posterior collapses to the prior; sum the reconstruction over the pixels (or weight the KL
    down).

    https://stats.stackexchange.com/questions/485488/
    """
    (x, _), (held_x, _) = data.flat_digits(seed)
    return Trial(models.vae(fixed), x, x, (held_x, held_x), {"epochs": 40, "batch_size": 64})


@CASES.sick(
    "denoising CNN auto-encoder", "loss-reduction", "exploding-gradient", "high-update-ratio", "nonfinite-values"
)
def sum_over_pixels_with_sgd(seed: int, fixed: bool) -> Trial:
    """The custom loss sums over the pixels and the batch instead of averaging, so gradients are thousands of times
    larger and the SGD rate meant for a mean blows up; take the mean (or lower the rate).

    https://stats.stackexchange.com/questions/332179/
    """
    import keras
    from keras import layers, ops

    (x, _), (held_x, _) = data.digits(seed)
    r = np.random.default_rng(seed)
    noisy = (x + r.normal(scale=0.3, size=x.shape)).astype("float32")
    held_noisy = (held_x + r.normal(scale=0.3, size=held_x.shape)).astype("float32")
    model = stack(
        (8, 8, 1),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same"),
    )
    reduce = ops.mean if fixed else ops.sum
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss=lambda t, p: reduce(ops.square(t - p)))
    return Trial(model, noisy, x, (held_noisy, held_x), {"epochs": 15, "batch_size": 32})


@CASES.sick("multi-task CNN", "loss-weights")
def auxiliary_loss_dominates(seed: int, fixed: bool) -> Trial:
    """The auxiliary reconstruction loss has a weight that makes it thousands of times larger than the classification
    loss, so the shared trunk serves only the auxiliary task; bring the loss_weights to one scale.

    https://theneuralbase.com/keras/learn/intermediate/loss-weighting-for-multi-output/
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.digits(seed)
    inputs = keras.Input((8, 8, 1))
    h = layers.Flatten()(layers.Conv2D(16, 3, activation="relu")(inputs))
    h = layers.Dense(16, activation="relu")(h)
    label = layers.Dense(10, activation="softmax", name="label")(h)
    mean = layers.Dense(1, name="ink")(h)
    model = keras.Model(inputs, {"label": label, "ink": mean})
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=1.0),
        loss={"label": "sparse_categorical_crossentropy", "ink": "mse"},
        loss_weights={"label": 1.0, "ink": 1.0 if fixed else 1000.0},
        metrics={"label": "accuracy"},
    )

    def targets(images: Array, labels: Array) -> dict[str, Array]:
        return {"label": labels, "ink": images.mean((1, 2)).astype("float32")}

    return Trial(model, x, targets(x, y), (held_x, targets(held_x, held_y)), {"epochs": 20, "batch_size": 32})


@CASES.sick("siamese, contrastive loss", "metric-disagrees")
def contrastive_labels_reversed(seed: int, fixed: bool) -> Trial:
    """The pairs carry 1 for 'different' (the paper's convention) while this contrastive loss takes 1 as 'same', so
    equal digits are pushed apart and different ones together; turn the labels (or the two terms of the loss) round.

    https://datascience.stackexchange.com/questions/45629/
    """
    import keras

    return models.siamese(seed, not fixed, 24, keras.optimizers.Adam(2e-3))


@CASES.sick("MLP, 40 classes, own loss", "duplicate-activation", "loss-activation-mismatch")
def softmax_applied_twice(seed: int, fixed: bool) -> Trial:
    """The model ends in softmax and the own loss applies log_softmax to these probabilities once more, so the loss can
    hardly fall below log(40) - 1 and gradients are tiny; return logits from the model, or use log(p) in the loss.

    https://github.com/tensorflow/docs/pull/1034 and https://github.com/mmalekzadeh/dana/issues/1
    """
    import keras
    from keras import ops

    (x, y), held = data.forty_classes(seed)
    model = models.mlp(20, (64,), 40, last=None if fixed else "softmax")

    def cross_entropy(labels: Any, output: Any) -> Any:
        labels = ops.cast(ops.reshape(labels, (-1,)), "int32")
        return -ops.sum(ops.one_hot(labels, 40) * ops.log_softmax(output, axis=-1), axis=-1)

    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss=cross_entropy, metrics=["sparse_categorical_accuracy"])
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})
