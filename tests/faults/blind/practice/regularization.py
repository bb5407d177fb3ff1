"""Mistakes in normalization, dropout, penalties and class weights."""

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("MLP with BatchNorm, multi-class", "batch-size", "train-eval-mismatch")
def batch_norm_with_batches_of_two(seed: int, fixed: bool) -> Trial:
    """With batches of 2 BatchNormalization reduces each pair to plus or minus one, so training statistics have nothing
    to do with those used at inference; use larger batches or LayerNorm/GroupNorm.

    https://community.deeplearning.ai/t/batch-normalization-with-stochastic-gradient-descent/45817
    """
    import keras

    (x, y), held = data.flat_digits(seed)
    x, y = x[:800], y[:800]
    model = models.classifier(models.normalized_mlp(64, 10, momentum=0.9), keras.optimizers.Adam(1e-3))
    fit = {"epochs": 25, "batch_size": 32} if fixed else {"epochs": 4, "batch_size": 2}
    return Trial(model, x, y, held, fit)


@CASES.sick("CNN with BatchNorm, multi-class", "train-eval-mismatch")
def batch_norm_momentum_too_slow(seed: int, fixed: bool) -> Trial:
    """BatchNormalization(momentum=0.999) in a training of 100 steps: the moving statistics are still near their start,
    so inference is wrong while training looks fine; use 0.9 (or train longer).

    https://github.com/keras-team/keras/pull/9965
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.digits(seed)
    x, held_x = x * 16, held_x * 16
    hidden = []
    for filters in (16, 32, 32):
        hidden += [
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(momentum=0.9 if fixed else 0.999),
            layers.Activation("relu"),
        ]
    model = stack((8, 8, 1), *hidden, layers.GlobalMaxPooling2D(), layers.Dense(10, activation="softmax"))
    models.classifier(model, keras.optimizers.Adam(5e-3))
    return Trial(model, x, y, (held_x, held_y), {"epochs": 10, "batch_size": 128})


@CASES.sick("MLP, regression", "dropout-placement")
def dropout_on_the_output(seed: int, fixed: bool) -> Trial:
    """Dropout(0.5) is applied to the output of the regression itself, so targets are matched only half the time and
    predictions are shrunk; put dropout before the last Dense, never after it.
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.friedman(seed)
    y, held_y = y * 0.5 + 2, held_y * 0.5 + 2
    hidden = [layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu")]
    last = [layers.Dropout(0.1), layers.Dense(1)] if fixed else [layers.Dense(1), layers.Dropout(0.5)]
    model = stack((10,), *hidden, *last)
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 32})


@CASES.sick("CNN, multi-class", "dropout-placement", "underfitting")
def dropout_rate_is_not_keep_prob(seed: int, fixed: bool) -> Trial:
    """Dropout(0.85) after every layer, meant as the share to keep, drops 85 % of the units, so the network underfits;
    the argument is the share to drop: 0.15.
    """
    import keras
    from keras import layers

    (x, y), held = data.digits(seed)
    q = 0.15 if fixed else 0.85
    model = stack(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Dropout(q),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Dropout(q),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(q),
        layers.Dense(10, activation="softmax"),
    )
    models.classifier(model, keras.optimizers.Adam(2e-3))
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})


@CASES.sick("MLP, binary", "loss-weights", "weight-decay-dominates", "underfitting")
def l2_of_one(seed: int, fixed: bool) -> Trial:
    """A kernel_regularizer=L2(1.0) on every layer outweighs the loss of the data by far, so all weights go to zero; use
    1e-4 or so.

    https://github.com/tensorflow/tensorflow/issues/33219
    """
    import keras

    (x, y), held = data.product(seed)
    model = models.mlp(8, (48, 24), 1, last="sigmoid", penalty=keras.regularizers.L2(1e-4 if fixed else 1.0))
    model.compile(keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, held, {"epochs": 25, "batch_size": 32})


@CASES.sick("MLP, binary, imbalanced", "class-imbalance")
def rare_class_never_predicted(seed: int, fixed: bool) -> Trial:
    """3 % positives and plain cross-entropy: 97 % accuracy comes from always saying no; weight the classes (or
    resample) and watch recall / AUC instead of accuracy.

    https://github.com/jakeret/tf_unet/issues/31
    """
    import keras

    (x, y), held = data.imbalanced(seed)
    model = models.mlp(12, (16,), 1, last="sigmoid")
    model.compile(keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"])
    weights = {"class_weight": {0: 1.0, 1: 30.0}} if fixed else {}
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 64, **weights})
