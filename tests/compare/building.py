"""Models that are compared: hand-written layers beside Keras' own."""

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
WIDTH = 16


class Hand(layers.Layer):
    """A dense layer that adds in another order than Keras': even inputs first, then odd ones."""

    def __init__(self, units, activation=None):
        super().__init__()
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x):
        w = self.w.value
        return self.activation(tf.matmul(x[..., ::2], w[::2]) + tf.matmul(x[..., 1::2], w[1::2]) + self.b)


class HandConvolution(layers.Layer):
    """A 3 × 3 convolution as a product with patches."""

    def __init__(self, filters):
        super().__init__()
        self.filters = filters

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], self.filters), name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), name="bias")

    def call(self, x):
        patches = tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
        return tf.nn.relu(tf.matmul(patches, tf.reshape(self.kernel, (-1, self.filters))) + self.bias)


class HandNormalization(layers.Layer):
    """Batch normalization by its formula."""

    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:], initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape[-1:], name="beta")
        self.mean = self.add_weight(shape=shape[-1:], trainable=False, name="moving_mean")
        self.variance = self.add_weight(shape=shape[-1:], initializer="ones", trainable=False, name="moving_variance")

    def call(self, x, training=False):
        mean, variance = self.mean.value, self.variance.value
        if training:
            axes = list(range(len(x.shape) - 1))
            mean = tf.reduce_mean(x, axes)
            variance = tf.reduce_mean((x - mean) ** 2, axes)
            self.mean.assign(0.99 * self.mean + 0.01 * mean)
            self.variance.assign(0.99 * self.variance + 0.01 * variance)
        return (x - mean) / tf.sqrt(variance + 1e-3) * self.gamma + self.beta


def dense(third="relu", kind=layers.Dense, loss="sparse_categorical_crossentropy", depth=3, width=WIDTH):
    """A plain classifier, whose third layer has an activation of its own."""
    names = ["relu", "relu", third, *["relu"] * depth][:depth]
    hidden = [kind(width, name) for name in names]
    model = keras.Sequential([keras.Input((width,)), *hidden, kind(5, "softmax")])
    model.compile("sgd", loss, metrics=["accuracy"])
    return model


def convolutional(epsilon=1e-3, momentum=0.99, dropout=True, by_hand=False):
    convolution = HandConvolution if by_hand else lambda filters: layers.Conv2D(filters, 3, activation="relu")
    model = keras.Sequential(
        [
            keras.Input((10, 10, 3)),
            convolution(8),
            HandNormalization() if by_hand else layers.BatchNormalization(epsilon=epsilon, momentum=momentum),
            convolution(8),
            *([layers.Dropout(0.3)] if dropout else []),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def rows(width=WIDTH, examples=32, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(examples, width)).astype(np.float32), rng.integers(0, 5, examples)


def images(examples=16):
    rng = np.random.default_rng(0)
    return rng.normal(size=(examples, 10, 10, 3)).astype(np.float32), rng.integers(0, 5, examples)


def tensors(*arrays):
    """Returns arrays as tensors."""
    return [None if array is None else tf.convert_to_tensor(array) for array in arrays]
