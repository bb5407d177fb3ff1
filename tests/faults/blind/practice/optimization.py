"""Mistakes in optimizers, schedules and starting values."""

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("CNN, multi-class", "learning-rate-schedule")
def decay_counts_steps_not_epochs(seed: int, fixed: bool) -> Trial:
    """ExponentialDecay has decay_steps=1 in the belief that it counts epochs, but it counts batches, so the rate is
    nothing after the first epoch; set decay_steps to the steps of an epoch.

    https://github.com/tensorflow/tensorflow/issues/52529
    """
    import keras

    (x, y), held = data.digits(seed)
    rate = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=41 if fixed else 1, decay_rate=0.8)
    model = models.classifier(models.small_cnn(), keras.optimizers.Adam(rate))
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})


@CASES.sick("residual MLP, multi-class", "learning-rate-value", "high-update-ratio", "learning-rate-schedule")
def warmup_from_a_high_rate(seed: int, fixed: bool) -> Trial:
    """The schedule starts at initial_learning_rate=1.0 and 'warms up' downwards to 1e-3, so the first steps wreck the
    weights; start the warm-up at 0.
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.digits(seed)
    inputs = keras.Input((8, 8, 1))
    h = layers.Dense(64)(layers.Flatten()(inputs))
    for _ in range(3):
        h = h + layers.Dense(64)(layers.Dense(64, activation="relu")(h))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    rate = keras.optimizers.schedules.CosineDecay(0.0 if fixed else 1.0, 500, warmup_target=1e-3, warmup_steps=100)
    models.classifier(model, keras.optimizers.Adam(rate))
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 32})


@CASES.sick("CNN, multi-class, AdamW", "weight-decay-dominates")
def weight_decay_too_strong(seed: int, fixed: bool) -> Trial:
    """AdamW has weight_decay=30 (meant for an L2 term not multiplied by the rate), so the weights shrink faster than
    the gradient can build them and the output becomes constant; use 1e-4 .. 1e-1.

    https://github.com/BVLC/caffe/issues/1396
    """
    import keras

    (x, y), held = data.digits(seed)
    model = models.classifier(models.small_cnn(), keras.optimizers.AdamW(1e-3, weight_decay=0.01 if fixed else 30.0))
    return Trial(model, x, y, held, {"epochs": 12, "batch_size": 32})


@CASES.sick("CNN, multi-class, SGD", "clipping-always", "low-update-ratio")
def clipnorm_far_too_small(seed: int, fixed: bool) -> Trial:
    """A clipnorm of 0.001 (copied from an Adam recipe, where it hardly matters) leaves SGD steps of 1e-5; use clipnorm
    around 1 or raise the rate accordingly.

    https://github.com/fizyr/keras-retinanet/issues/942
    """
    import keras

    (x, y), held = data.digits(seed)
    model = models.classifier(
        models.small_cnn(), keras.optimizers.SGD(0.02, momentum=0.9, clipnorm=1.0 if fixed else 1e-3)
    )
    return Trial(model, x, y, held, {"epochs": 12, "batch_size": 32})


@CASES.sick("MLP, regression", "learning-rate-value", "high-update-ratio", "oscillating-loss", "exploding-gradient")
def momentum_099_with_high_rate(seed: int, fixed: bool) -> Trial:
    """Momentum 0.99 multiplies the effective rate by 100, and with learning rate 0.1 SGD overshoots; lower the rate to
    about 0.001 or the momentum to 0.9.
    """
    import keras

    (x, y), held = data.friedman(seed)
    model = models.mlp(10, (64, 64), 1)
    model.compile(
        keras.optimizers.SGD(0.02 if fixed else 0.1, momentum=0.9 if fixed else 0.99), loss="mse", metrics=["mae"]
    )
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 32})


@CASES.sick("1-D CNN, time-series classes", "low-update-ratio")
def adam_epsilon_one(seed: int, fixed: bool) -> Trial:
    """Adam's epsilon is 1.0 (advice for Inception on ImageNet), far above the size of the gradients, so Adam becomes
    SGD with a rate of 1e-3 times the gradient; use the default 1e-7.

    https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Adam (note on epsilon)
    """
    import keras
    from keras import layers

    (x, y), held = data.shapes_of_waves(seed)
    model = stack(
        (48, 1),
        layers.Conv1D(16, 7, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 5, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4, activation="softmax"),
    )
    models.classifier(model, keras.optimizers.Adam(3e-3, epsilon=1e-7 if fixed else 1.0))
    return Trial(model, x, y, held, {"epochs": 20, "batch_size": 32})


@CASES.sick("MLP, multi-class (spirals)", "low-update-ratio", "learning-rate-value")
def sgd_rate_far_too_small(seed: int, fixed: bool) -> Trial:
    """Plain SGD with a learning rate of 1e-4 hardly moves in the steps given; raise it to about 0.1 or use Adam."""
    import keras

    (x, y), held = data.spirals(seed)
    model = models.classifier(
        models.mlp(2, (64, 64), 3, last="softmax"), keras.optimizers.SGD(0.1 if fixed else 1e-4, momentum=0.9)
    )
    return Trial(model, x, y, held, {"epochs": 40, "batch_size": 32})


@CASES.sick("deep MLP, multi-class", "poor-initialization", "saturated-activation")
def initial_weights_of_unit_spread(seed: int, fixed: bool) -> Trial:
    """Kernels start with RandomNormal(stddev=1.0) in layers of 256 tanh units, so every unit is saturated and gradients
    vanish or are random; use Glorot/He (spread about 1/sqrt(fan_in)).
    """
    import keras

    (x, y), held = data.flat_digits(seed)
    init = "glorot_normal" if fixed else keras.initializers.RandomNormal(stddev=1.0)
    model = models.classifier(
        models.mlp(64, (256, 256, 256, 256), 10, activation="tanh", last="softmax", kernel=init),
        keras.optimizers.SGD(0.02, momentum=0.9),
    )
    return Trial(model, x, y, held, {"epochs": 20, "batch_size": 32})


@CASES.sick("MLP, multi-class (spirals)", "poor-initialization")
def identical_initial_weights(seed: int, fixed: bool) -> Trial:
    """All kernels start with the same constant, so the units of a layer stay copies of each other; initialize at
    random.

    https://1cademy.com/node/zero-weight-initialization-in-feed-forward-networks/pHPydtjdj60q5JZHIHBm
    """
    import keras

    (x, y), held = data.spirals(seed)
    init = "glorot_uniform" if fixed else keras.initializers.Constant(0.05)
    model = models.classifier(models.mlp(2, (64, 64), 3, last="softmax", kernel=init), keras.optimizers.Adam(5e-3))
    return Trial(model, x, y, held, {"epochs": 40, "batch_size": 32})
