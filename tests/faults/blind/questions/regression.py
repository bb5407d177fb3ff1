"""Questions about regressions."""

from typing import Any

import numpy as np

from tests.faults.blind.questions import data
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("linear, regression", "unnormalized-input", "uneven-feature-scale")
def sgd_feature_in_thousands(seed: int, fixed: bool) -> Trial:
    """The only feature runs to 3000 and SGD(0.01) diverges to nan within the first batches; standardize the input.

    https://stats.stackexchange.com/questions/284189/simple-linear-regression-in-keras
    """
    import keras
    from keras import layers

    x, held_x, y, _ = data.plane(seed)
    if fixed:
        x, held_x = data.standardized(x, held_x)
    model = stack((1,), layers.Dense(1, activation="linear"))
    model.compile(optimizer=keras.optimizers.SGD(), loss="mse", metrics=["mse"])
    return Trial(model, x, y, None, {"epochs": 12, "batch_size": 1, "shuffle": False})


@CASES.sick("MLP, regression", "target-scale")
def targets_of_1e8(seed: int, fixed: bool) -> Trial:
    """The targets run to 1e8 while the net starts with outputs near 1, so Adam would need ages to get there; scale the
    target (and undo it after predict).

    http://stackoverflow.com.mevn.net/questions/52800582/why-do-i-fail-to-predict-y-x4-with-keras-y-x3-works
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.quartic(seed)
    if fixed:
        a, b = y.mean(), y.std()
        y, held_y = (y - a) / b, (held_y - a) / b
    model = stack((1,), layers.Dense(50, activation="sigmoid"), layers.Dense(50, activation="elu"), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse", metrics=["mae"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 40, "batch_size": 32})


@CASES.sick("MLP, regression (7 points)", "output-range")
def relu_on_the_output(seed: int, fixed: bool) -> Trial:
    """The output unit has relu but the targets are partly negative: it cannot reach them and may die at zero; use a
    linear output.

    https://community.deeplearning.ai/t/loss-values-do-not-change/324182
    """
    import keras
    from keras import layers

    x = np.arange(-1.0, 6.0)[:, None].astype("float32")
    inputs = keras.Input((1,))
    h = layers.Dense(32, activation="relu")(inputs)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(1, activation=None if fixed else "relu")(h))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=keras.losses.MeanSquaredError())
    return Trial(model, x, 2 * x - 3, None, {"epochs": 200, "batch_size": 7})


@CASES.sick("MLP, regression", "label-out-of-range", "output-range", "loss-activation-mismatch", "loss-label-mismatch")
def crossentropy_for_prices(seed: int, fixed: bool) -> Trial:
    """The loss of a regression of prices is binary_crossentropy: it runs far below zero and nothing is learned;
    use mse or mae.

    https://openillumi.com/en/en-keras-tf-fix-huge-negative-loss-regression
    """
    from keras import layers

    x, held_x, y, held_y = data.prices(seed)
    model = stack((8,), layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(1))
    model.compile(optimizer="adam", loss="mse" if fixed else "binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 25, "batch_size": 32})


@CASES.sick("MLP, regression", "loss-label-mismatch")
def broadcasting_own_loss(seed: int, fixed: bool) -> Trial:
    """The hand-written loss subtracts targets of shape (batch,) from outputs of shape (batch, 1), which broadcasts to
    (batch, batch), so the net learns the mean; reshape the targets to (batch, 1).

    https://github.com/keras-team/keras/issues/14627
    """
    import keras
    from keras import layers, ops

    class MyMSE(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

    x, held_x, y, held_y = data.prices(seed)
    if fixed:
        y, held_y = y[:, None], held_y[:, None]
    model = stack((8,), layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=MyMSE())
    return Trial(model, x, y, (held_x, held_y), {"epochs": 25, "batch_size": 50})


@CASES.sick("MLP, regression", "target-scale", "loss-label-mismatch")
def mape_with_zero_targets(seed: int, fixed: bool) -> Trial:
    """The loss is mean_absolute_percentage_error but many targets are zero: those terms are millions and force the net
    to answer 0; use mae or mse.

    https://github.com/keras-team/keras/issues/2908
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.rain(seed)
    model = stack((6,), layers.Dense(40, activation="relu"), layers.Dense(40, activation="relu"), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.RMSprop(0.002), loss="mae" if fixed else "mape")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 32})


@CASES.sick("deep MLP, regression", "vanishing-gradient", "saturating-hidden-activation", "deep-plain-network")
def deep_sigmoid_stack(seed: int, fixed: bool) -> Trial:
    """Six sigmoid hidden layers: the gradient shrinks at every layer and the first ones never move; use relu in the
    hidden layers.

    https://ai.stackexchange.com/questions/16557/what-could-be-the-problem-when-a-neural-network-with-four-hidden-layers-with-the
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.bits(seed)
    model = keras.Sequential([keras.Input((16,))])
    for _ in range(6):
        model.add(layers.Dense(64, activation="relu" if fixed else "sigmoid"))
    model.add(layers.Dense(1))
    model.compile(optimizer=keras.optimizers.SGD(0.02), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 32})


@CASES.sick("MLP, two outputs", "loss-weights", "target-scale")
def one_output_dominates(seed: int, fixed: bool) -> Trial:
    """The price output's mse is about 1e10 and drowns the cross-entropy of the second output, which then does not
    learn; scale the price target (or set loss_weights).

    https://datascience.stackexchange.com/questions/30537/keras-loss-function-for-multidimensional-regression-problem
    """
    import keras
    from keras import layers

    x, held_x, price, held_price, sold, held_sold = data.houses(seed)
    if fixed:
        a, b = price.mean(), price.std()
        price, held_price = (price - a) / b, (held_price - a) / b
    inputs = keras.Input((10,))
    h = layers.Dense(64, activation="relu")(inputs)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(
        inputs, [layers.Dense(1, name="price")(h), layers.Dense(1, activation="sigmoid", name="sold")(h)]
    )
    model.compile(optimizer="adam", loss=["mse", "binary_crossentropy"])
    return Trial(model, x, [price, sold], (held_x, [held_price, held_sold]), {"epochs": 30, "batch_size": 32})
