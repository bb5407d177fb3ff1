"""Trainings that are fine, of kinds that are easily misjudged."""

from typing import Any

import numpy as np

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial
from tests.faults.data import Array

CASES = Cases()


@CASES.healthy("CNN, multi-class")
def residual_cnn_groupnorm(seed: int) -> Trial:
    """Blocks that are skipped, with normalization by groups and batches of eight."""
    import keras
    from keras import layers

    (x, y), held = data.digits(seed)
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same")(inputs)
    for _ in range(2):
        n = layers.Activation("swish")(layers.GroupNormalization(4)(h))
        n = layers.Conv2D(16, 3, padding="same")(n)
        n = layers.Activation("swish")(layers.GroupNormalization(4)(n))
        h = h + layers.Conv2D(16, 3, padding="same")(n)
    out = layers.Dense(10, activation="softmax")(layers.Flatten()(layers.MaxPooling2D()(h)))
    model = models.classifier(keras.Model(inputs, out), keras.optimizers.AdamW(2e-3, weight_decay=1e-2))
    return Trial(model, x, y, held, {"epochs": 8, "batch_size": 8})


@CASES.healthy("VAE")
def vae_with_small_beta(seed: int) -> Trial:
    """The divergence has a weight of 0.3."""
    (x, _), (held_x, _) = data.flat_digits(seed)
    return Trial(models.vae(True, latent=10, beta=0.3), x, x, (held_x, held_x), {"epochs": 40, "batch_size": 32})


@CASES.healthy("conditional GAN, own train_step")
def conditional_gan(seed: int) -> Trial:
    """Two networks against each other, both told the class."""
    return Trial(models.gan(True, conditional=True), *data.four_places(seed), None, {"epochs": 50, "batch_size": 64})


@CASES.healthy("siamese, contrastive margin")
def siamese_contrastive(seed: int) -> Trial:
    """Distances of pairs under a contrastive loss."""
    import keras

    return models.siamese(seed, False, 32, keras.optimizers.Nadam(1e-3))


@CASES.healthy("GRU encoder-decoder")
def gru_seq2seq_reverse(seed: int) -> Trial:
    """Sequences are turned round, and the decoder is given what came before."""
    import keras
    from keras import layers

    words, before, backwards = data.reversed_words(seed)
    read, given = keras.Input((5,), dtype="int32"), keras.Input((5,), dtype="int32")
    _, state = layers.GRU(64, return_state=True)(layers.Embedding(8, 16)(read))
    h = layers.GRU(64, return_sequences=True)(layers.Embedding(8, 16)(given), initial_state=state)
    model = models.classifier(
        keras.Model([read, given], layers.Dense(8, activation="softmax")(h)), keras.optimizers.RMSprop(4e-3)
    )
    held = [words[3200:], before[3200:]], backwards[3200:]
    return Trial(model, [words[:3200], before[:3200]], backwards[:3200], held, {"epochs": 15, "batch_size": 64})


@CASES.healthy("MLP, binary, imbalanced")
def focal_loss_imbalanced(seed: int) -> Trial:
    """Three positives in a hundred, under a focal loss that balances them."""
    import keras

    (x, y), held = data.imbalanced(seed)
    model = models.mlp(12, (16,), 1, last="sigmoid")
    model.compile(
        keras.optimizers.Adam(3e-3),
        metrics=[keras.metrics.AUC(name="auc")],
        loss=keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.97, gamma=1.0),
    )
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 64})


@CASES.healthy("MLP, three quantiles")
def quantile_regression(seed: int) -> Trial:
    """Three quantiles at once; the error cannot fall to zero."""
    import keras
    from keras import ops

    (x, y), held = data.uneven_noise(seed)
    q = np.array([[0.1, 0.5, 0.9]], "float32")
    model = models.mlp(1, (48, 48), 3, activation="tanh")
    model.compile(
        keras.optimizers.Adam(5e-3), loss=lambda t, p: ops.mean(ops.maximum(q * (t - p), (q - 1) * (t - p)), -1)
    )
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 32})


@CASES.healthy("student of a teacher, own train_step")
def knowledge_distillation(seed: int) -> Trial:
    """A student learns from the labels and from a teacher that stays as it is."""
    import keras
    import tensorflow as tf

    (x, y), held = data.digits(seed)
    teacher = models.classifier(models.small_cnn(), keras.optimizers.Adam(2e-3))
    teacher.fit(x, y, epochs=8, batch_size=32, verbose=0)
    teacher.trainable = False
    net = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(10)])

    class Student(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.teacher = net, teacher
            self.mean_loss = keras.metrics.Mean(name="loss")

        @property
        def metrics(self) -> list[Any]:
            return [self.mean_loss]

        def call(self, x: Any, training: bool = False) -> Any:
            return self.net(x, training=training)

        def train_step(self, data: Any) -> Any:
            x, y = data
            soft = tf.nn.softmax(tf.math.log(self.teacher(x, training=False) + 1e-7) / 3.0)
            with tf.GradientTape() as tape:
                z = self(x, training=True)
                hard = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z))
                loss = 0.3 * hard + 0.7 * 9.0 * tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(soft, z / 3.0))
            g = tape.gradient(loss, self.net.trainable_variables)
            self.optimizer.apply_gradients(zip(g, self.net.trainable_variables, strict=True))
            self.mean_loss.update_state(loss)
            return {"loss": self.mean_loss.result()}

        def test_step(self, data: Any) -> Any:
            x, y = data
            self.mean_loss.update_state(tf.nn.sparse_softmax_cross_entropy_with_logits(y, self(x)))
            return {"loss": self.mean_loss.result()}

    model = Student()
    model.compile(keras.optimizers.Adam(2e-3))
    return Trial(model, x, y, held, {"epochs": 20, "batch_size": 32})


@CASES.healthy("fine-tuning, CNN")
def fine_tuning_second_phase(seed: int) -> Trial:
    """The head was trained on the frozen base before; now everything at a very low rate: small, honest gains."""
    import keras

    (x, y), held = data.new_task(seed)
    base = models.pretrained_base(seed)
    base.trainable = False
    model = models.classifier(models.with_head(base), keras.optimizers.Adam(5e-3))
    model.fit(x, y, epochs=30, batch_size=16, verbose=0)
    base.trainable = True
    models.classifier(model, keras.optimizers.Adam(1e-4))
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 16})


@CASES.healthy("U-Net, segmentation")
def unet_with_dice(seed: int) -> Trial:
    """Masks under a loss by their overlap."""
    import keras
    from keras import layers, ops

    def convolution(filters: int) -> Any:
        return layers.Conv2D(filters, 3, padding="same", activation="relu")

    (x, mask), held = data.discs(seed)
    inputs = keras.Input((16, 16, 1))
    a = convolution(8)(inputs)
    b = convolution(16)(layers.MaxPooling2D()(a))
    d = convolution(16)(layers.UpSampling2D()(convolution(16)(layers.MaxPooling2D()(b))))
    e = convolution(8)(layers.UpSampling2D()(layers.Concatenate()([d, b])))
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(layers.Concatenate()([e, a])))

    def dice(target: Any, output: Any) -> Any:
        both = ops.sum(target * output, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (ops.sum(target, axis=(1, 2, 3)) + ops.sum(output, axis=(1, 2, 3)) + 1)

    model.compile(keras.optimizers.Adam(3e-3), loss=dice)
    return Trial(model, x, mask, held, {"epochs": 20, "batch_size": 16})


@CASES.healthy("MLP, multi-class, 25 % wrong labels")
def noisy_labels_plateau(seed: int) -> Trial:
    """A quarter of the training labels is wrong: the loss must stay high, the clean accuracy is good."""
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.digits(seed)
    r = np.random.default_rng(seed)

    def noisy(labels: Array) -> Array:
        wrong, others = r.uniform(size=len(labels)) < 0.25, r.integers(10, size=len(labels))
        return np.where(wrong, others, labels).astype("int32")

    model = stack(
        (8, 8, 1),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    )
    models.classifier(model, keras.optimizers.Adam(1e-3))
    return Trial(model, x, noisy(y), (held_x, noisy(held_y)), {"epochs": 25, "batch_size": 32})
