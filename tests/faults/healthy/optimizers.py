"""Healthy trainings of plain networks on digits, by many optimizers and in several precisions."""

from tests.faults import data
from tests.faults.building import dense, logits_loss, stack, trial
from tests.faults.case import Case, Trial


def _digits_mlp(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(64, 32), layers.Dense(10))
    optimizer = keras.optimizers.Adam(1e-3)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _wide_mlp(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(512), layers.Dropout(0.5), layers.Dense(10))
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=64)


def _softmax_regression(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), layers.Dense(10, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    optimizer = keras.optimizers.SGD(0.1)
    return trial(model, data.flat_digits(seed), optimizer, loss, ["accuracy"], epochs=10, batch_size=32)


def _adafactor_mlp(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(64, 64, activation="gelu"), layers.Dense(10))
    optimizer = keras.optimizers.Adafactor(0.01)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _lion_mlp(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(64, 64), layers.Dense(10))
    optimizer = keras.optimizers.Lion(3e-4, weight_decay=0.01)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _float16_mlp(seed: int) -> Trial:
    import keras
    from keras import layers

    policy = "mixed_float16"
    model = stack((64,), *dense(64, 64, dtype=policy), layers.Dense(10, dtype="float32"))
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _self_normalizing_network(seed: int) -> Trial:
    import keras
    from keras import layers

    hidden = dense(*[48] * 6, activation="selu", kernel_initializer="lecun_normal")
    model = stack((64,), *hidden, layers.AlphaDropout(0.05), layers.Dense(10))
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _accumulated_gradients(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(64), layers.LayerNormalization(), layers.Dense(10))
    optimizer = keras.optimizers.Adam(2e-3, gradient_accumulation_steps=4, use_ema=True, ema_momentum=0.9)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=8)


def _attributes_of_digits(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((64,), *dense(64, 32), layers.Dense(4, activation="sigmoid"))
    metric = keras.metrics.BinaryAccuracy()
    optimizer, loss = keras.optimizers.Adam(1e-3), "binary_crossentropy"
    return trial(model, data.attributes(seed), optimizer, loss, [metric], epochs=8, batch_size=32)


CASES = (
    Case("digits_mlp", "MLP, multi-class", _digits_mlp),
    Case("wide_mlp", "MLP, multi-class", _wide_mlp),
    Case("softmax_regression", "linear, multi-class", _softmax_regression),
    Case("adafactor_mlp", "MLP, multi-class", _adafactor_mlp),
    Case("lion_mlp", "MLP, multi-class", _lion_mlp),
    Case("float16_mlp", "MLP, multi-class, mixed precision", _float16_mlp),
    Case("self_normalizing_network", "deep MLP, multi-class", _self_normalizing_network),
    Case("accumulated_gradients", "MLP, multi-class", _accumulated_gradients),
    Case("attributes_of_digits", "MLP, multi-label", _attributes_of_digits),
)
