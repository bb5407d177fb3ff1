"""Questions about classifiers of tables and pictures."""

from typing import Any

import numpy as np

from tests.faults.blind.questions import data
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("CNN 1D, binary", "loss-activation-mismatch")
def softmax_one_unit(seed: int, fixed: bool) -> Trial:
    """Softmax over a single output unit is always 1, so every example is predicted positive; use sigmoid (or two units
    with softmax).

    https://techfeed.net/es/456718/
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.sensor(seed)
    model = keras.Sequential([keras.Input((10, 4))])
    for f in (16, 8):
        model.add(layers.Conv1D(f, 4, padding="same"))
        model.add(layers.BatchNormalization())
        model.add(layers.LeakyReLU())
        model.add(layers.Dropout(0.2))
    model.add(layers.Flatten())
    model.add(layers.Dense(64))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Dense(1))
    model.add(layers.Activation("sigmoid" if fixed else "softmax"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 25, "batch_size": 64})


@CASES.sick("MLP, binary", "label-out-of-range", "loss-reduction")
def labels_minus_one(seed: int, fixed: bool) -> Trial:
    """Labels are -1/+1 but binary_crossentropy with a sigmoid wants 0/1: the loss goes ever more negative; recode the
    labels to 0/1 (or use tanh with hinge).

    https://datascience.stackexchange.com/questions/52144/negative-range-for-binary-cross-entropy-loss
    """
    from keras import layers

    x, held_x, y, held_y = data.spam(seed)
    code = (lambda v: v) if fixed else (lambda v: 2 * v - 1)
    model = stack(
        (12,),
        layers.Dense(32, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, code(y), (held_x, code(held_y)), {"epochs": 20, "batch_size": 32})


@CASES.sick("MLP, binary", "missing-nonlinearity")
def hidden_without_activation(seed: int, fixed: bool) -> Trial:
    """The hidden Dense layers have no activation, so the whole net is linear and cannot part a ring from its middle;
    give the hidden layers relu.

    https://stats.stackexchange.com/questions/433365/xor-with-neural-network
    """
    from keras import layers

    x, _, y, _ = data.circles(seed)
    act = "relu" if fixed else None
    model = stack(
        (2,), layers.Dense(24, activation=act), layers.Dense(24, activation=act), layers.Dense(1, activation="sigmoid")
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, None, {"epochs": 40, "batch_size": 16})


@CASES.sick("MLP, binary", "bad-input-values")
def nan_in_table(seed: int, fixed: bool) -> Trial:
    """A few cells of the input table are NaN (missing values), which turns the first layer's weights (and, without a
    relu that hides it, the loss) NaN; impute or drop them before training.

    https://github.com/ratschlab/DeepSpot/issues/9
    """
    from keras import layers

    x, held_x, y, held_y = data.table("breast_cancer", seed, 150)
    rng = np.random.default_rng(seed)
    x = x.copy()
    x[rng.integers(0, len(x), 9), rng.integers(0, 30, 9)] = np.nan
    if fixed:
        x = np.nan_to_num(x, nan=0.0)  # the mean: columns are standardized
    model = stack(
        (30,), layers.Dense(16, activation="relu"), layers.Dropout(0.2), layers.Dense(1, activation="sigmoid")
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 30, "batch_size": 32})


@CASES.sick(
    "MLP, multi-class",
    "label-out-of-range",
    "loss-label-mismatch",
    "loss-reduction",
    "output-range",
    "loss-activation-mismatch",
)
def ten_classes_one_sigmoid(seed: int, fixed: bool) -> Trial:
    """Ten classes 0..9 trained with one sigmoid unit and binary_crossentropy: the loss turns negative and everything is
    predicted 1; use Dense(10, softmax) with sparse_categorical_crossentropy.

    https://datascience.stackexchange.com/questions/38604/too-low-accuracy-on-mnist-dataset-using-a-neural-network
    """
    from keras import layers

    x, _, y, _ = data.digits(seed)
    model = stack(
        (64,),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax") if fixed else layers.Dense(1, activation="sigmoid"),
    )
    model.compile(
        optimizer="adam",
        metrics=["accuracy"],
        loss="sparse_categorical_crossentropy" if fixed else "binary_crossentropy",
    )
    return Trial(model, x, y, None, {"epochs": 10, "batch_size": 32, "validation_split": 0.33})


@CASES.sick("MLP, multi-class", "loss-label-mismatch", "loss-activation-mismatch")
def mse_on_class_numbers(seed: int, fixed: bool) -> Trial:
    """The mse between a 10-way softmax and integer class numbers silently broadcasts the number against all ten
    outputs; one-hot the labels or use sparse_categorical_crossentropy.

    https://github.com/tensorflow/tensorflow/issues/45813
    """
    from keras import layers

    x, held_x, y, held_y = data.digits(seed)
    model = stack((64,), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy" if fixed else "mse")
    return Trial(
        model,
        x,
        y.reshape(-1, 1).astype("float32"),
        (held_x, held_y.reshape(-1, 1).astype("float32")),
        {"epochs": 15, "batch_size": 64},
    )


@CASES.sick("GRU, multi-class", "loss-activation-mismatch")
def logits_without_from_logits(seed: int, fixed: bool) -> Trial:
    """The last Dense has no softmax, but the loss 'sparse_categorical_crossentropy' by name expects probabilities; add
    softmax or use SparseCategoricalCrossentropy(from_logits=True).

    https://stackabuse.com/what-is-fromlogitstrue-in-keras-tensorflow-loss-functions
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.signals(seed)
    model = stack((24, 1), layers.GRU(32), layers.Dense(4))
    model.compile(
        optimizer=keras.optimizers.Adam(0.005),
        metrics=["accuracy"],
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=fixed),
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 32})


@CASES.sick("MLP, multi-class", "no-better-than-trivial")
def labels_not_shuffled_with_x(seed: int, fixed: bool) -> Trial:
    """The inputs were shuffled but the labels were not, so examples and labels no longer belong together; shuffle both
    with the same permutation.

    https://github.com/keras-team/keras/pull/7520
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digits(seed)
    order = np.random.default_rng(seed).permutation(len(x))
    model = stack(
        (64,), layers.Dense(64, activation="relu"), layers.Dropout(0.3), layers.Dense(10, activation="softmax")
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    one_hot = keras.utils.to_categorical
    targets = one_hot(y[order] if fixed else y, 10)
    return Trial(model, x[order], targets, (held_x, one_hot(held_y, 10)), {"epochs": 20, "batch_size": 32})


@CASES.sick("CNN 2D, multi-class", "learning-rate-value", "low-update-ratio")
def adadelta_default_rate(seed: int, fixed: bool) -> Trial:
    """Adadelta() of TF2/Keras3 has learning rate 0.001 (the paper and old Keras: 1.0), so it hardly moves in 12 epochs;
    use Adadelta(learning_rate=1.0) or Adam.

    https://github.com/keras-team/keras/issues/13815
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    model = stack(
        (8, 8, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )
    optimizer = keras.optimizers.Adadelta(learning_rate=1.0) if fixed else keras.optimizers.Adadelta()
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    one_hot = keras.utils.to_categorical
    return Trial(model, x, one_hot(y, 10), (held_x, one_hot(held_y, 10)), {"epochs": 12, "batch_size": 128})


@CASES.sick("CNN 2D, multi-class", "unnormalized-input")
def pixels_not_rescaled(seed: int, fixed: bool) -> Trial:
    """Pixels go in as 0..255 with plain SGD: the first updates are huge and kill or blow up the net; divide the images
    by 255.

    http://pullrequest.ru/10248037/cnn-keras-shodyatsya-odnomu-tomu-zhe-znacheniy-nezavisimo-vvoda
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    scale = 1.0 if fixed else 255.0
    model = stack(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x * scale, y, (held_x * scale, held_y), {"epochs": 15, "batch_size": 16})


@CASES.sick("CNN 2D, multi-class", "train-eval-mismatch", "too-few-updates")
def batchnorm_few_steps(seed: int, fixed: bool) -> Trial:
    """BatchNormalization keeps momentum 0.99 but there are only a dozen updates, so at test time its moving averages
    are still near their start: training accuracy good, validation bad; lower the momentum or train with more,
    smaller batches.

    https://github.com/keras-team/keras/issues/10666
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    momentum = 0.6 if fixed else 0.99
    model = stack(
        (8, 8, 1),
        layers.BatchNormalization(momentum=momentum),
        layers.Conv2D(24, 3),
        layers.BatchNormalization(momentum=momentum),
        layers.Activation("relu"),
        layers.Conv2D(32, 3),
        layers.BatchNormalization(momentum=momentum),
        layers.Activation("relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x * 255.0, y, (held_x * 255.0, held_y), {"epochs": 3, "batch_size": 256})


@CASES.sick("CNN 2D, multi-class", "single-label-batch")
def sorted_classes_no_shuffle(seed: int, fixed: bool) -> Trial:
    """The examples are sorted by class and fit runs with shuffle=False: every batch holds one class and the net forgets
    the others; shuffle.

    https://github.com/keras-team/keras/issues/15846
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    order = np.argsort(y, kind="stable")
    model = stack(
        (8, 8, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return Trial(model, x[order], y[order], (held_x, held_y), {"epochs": 12, "batch_size": 32, "shuffle": fixed})


@CASES.sick("MLP text bags, multi-class", "layer-width")
def bottleneck_of_one(seed: int, fixed: bool) -> Trial:
    """A Dense(1, sigmoid) sits before the softmax, so all the classes must be told apart by one number; widen that
    layer (e.g. Dense(64, relu)).

    https://github.com/keras-team/keras/issues/4994
    """
    from keras import layers

    x, held_x, y, held_y = data.topics(seed)
    model = stack(
        (500,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu") if fixed else layers.Dense(1, activation="sigmoid"),
        layers.Dense(8, activation="softmax"),
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 10, "batch_size": 32})


@CASES.sick("MLP, multi-class", "loss-weights", "weight-decay-dominates", "underfitting")
def l2_far_too_strong(seed: int, fixed: bool) -> Trial:
    """L2 weight penalties of 0.1 to 0.25 on every layer outweigh the cross-entropy and shrink the weights to nothing;
    use about 1e-4 or drop them.

    https://github.com/keras-team/keras/issues/1895
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digits(seed)

    def penalty(sick: float) -> Any:
        return keras.regularizers.L2(1e-4 if fixed else sick)

    model = stack(
        (64,),
        layers.Dense(100, activation="relu", kernel_regularizer=penalty(0.1)),
        layers.Dense(200, activation="relu", kernel_regularizer=penalty(0.25)),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax", kernel_regularizer=penalty(0.1)),
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 30})


@CASES.sick("MLP, multi-class", "poor-initialization")
def zero_initial_weights(seed: int, fixed: bool) -> Trial:
    """All kernels start at zero, so with relu no gradient reaches them and only the last bias learns; leave the default
    (glorot) or use he_normal.

    http://pullrequest.ru/11818227/neironnaya-set-odnim-skrytym-sloem-mozhet-byt-obuchena
    """
    from keras import layers

    x, held_x, y, held_y = data.table("wine", seed, 50)
    init = "glorot_uniform" if fixed else "zeros"
    model = stack(
        (13,),
        layers.Dense(32, activation="relu", kernel_initializer=init),
        layers.Dense(16, activation="relu", kernel_initializer=init),
        layers.Dense(3, activation="softmax", kernel_initializer=init),
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 40, "batch_size": 8})


@CASES.sick("CNN 2D, multi-class", "learning-rate-schedule")
def decay_counted_in_epochs(seed: int, fixed: bool) -> Trial:
    """ExponentialDecay counts optimizer steps, not epochs: decay_steps=1 with rate 0.9 brings the learning rate to
    nothing within the first epoch; set decay_steps to steps per epoch.

    https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/ (a common misreading)
    """
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    steps = -(-len(x) // 64)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.002, decay_steps=steps if fixed else 1, decay_rate=0.9)
    model = stack(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu", padding="same"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(
        optimizer=keras.optimizers.Adam(schedule), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 64})


@CASES.sick("MLP, multi-label", "loss-label-mismatch", "label-out-of-range", "loss-activation-mismatch")
def multilabel_with_softmax(seed: int, fixed: bool) -> Trial:
    """Several labels may be on at once but the output is a softmax with categorical_crossentropy, whose outputs compete
    and rarely pass 0.5; use sigmoid with binary_crossentropy.

    https://exchangetuts.com/how-does-keras-handle-multilabel-classification-1639535225132163 (stackoverflow 44164749)
    """
    from keras import layers

    x, _, y, _ = data.tags(seed)
    model = stack(
        (220,),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(11, activation="sigmoid" if fixed else "softmax"),
    )
    model.compile(optimizer="adam", loss="binary_crossentropy" if fixed else "categorical_crossentropy")
    return Trial(model, x, y, None, {"epochs": 15, "batch_size": 100})
