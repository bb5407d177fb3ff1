"""Mistakes in how data come to the model."""

import numpy as np

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("CNN, multi-class, tf.data", "single-label-batch")
def shuffle_buffer_too_small(seed: int, fixed: bool) -> Trial:
    """The examples lie sorted by class and the shuffle buffer (32) is far smaller than the data set, so each batch
    holds a single class; shuffle with a buffer as large as the data set.

    https://github.com/zalandoresearch/fashion-mnist/pull/5
    """
    import keras
    import tensorflow as tf

    (x, y), held = data.digits(seed)
    order = np.argsort(y, kind="stable")
    ds = tf.data.Dataset.from_tensor_slices((x[order], y[order])).shuffle(len(y) if fixed else 32, seed=seed).batch(32)
    model = models.classifier(models.small_cnn(), keras.optimizers.Adam(2e-3))
    return Trial(model, ds, None, held, {"epochs": 10})


@CASES.sick("MLP, multi-class, tf.data", "no-better-than-trivial")
def inputs_and_labels_shuffled_apart(seed: int, fixed: bool) -> Trial:
    """Inputs and labels are two data sets which are shuffled separately and then zipped, so labels no longer belong to
    their inputs; zip first, then shuffle.

    https://github.com/udacity/sdc-issue-reports/issues/1326
    """
    import keras
    import tensorflow as tf

    x, y = data.table("wine", seed)
    x, held_x = data.standardized(x[:130], x[130:])
    y, held_y = y[:130].astype("int32"), y[130:].astype("int32")
    rows = tf.data.Dataset.from_tensor_slices
    if fixed:
        ds = tf.data.Dataset.zip((rows(x), rows(y))).shuffle(130, seed=seed)
    else:
        ds = tf.data.Dataset.zip((rows(x).shuffle(130, seed=seed), rows(y).shuffle(130, seed=seed + 1)))
    model = models.classifier(models.mlp(13, (32,), 3, last="softmax"), keras.optimizers.Adam(3e-3))
    return Trial(model, ds.batch(16), None, (held_x, held_y), {"epochs": 30})


@CASES.sick("CNN with augmentation, multi-class", "train-eval-mismatch", "unnormalized-input", "bad-input-values")
def augmentation_for_0_255_on_0_1(seed: int, fixed: bool) -> Trial:
    """RandomBrightness works in the range 0..255 by default while the images lie in 0..1, so a random shift of tens
    drowns the picture; pass value_range=(0, 1).

    https://github.com/keras-team/keras-cv/pull/429
    """
    import keras
    from keras import layers

    (x, y), held = data.digits(seed)
    brightness = layers.RandomBrightness(0.3, value_range=(0, 1) if fixed else (0, 255), seed=seed)
    model = models.classifier(models.small_cnn(brightness), keras.optimizers.Adam(1e-3))
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})


@CASES.sick("CNN, multi-class", "unnormalized-input")
def pixels_scaled_twice(seed: int, fixed: bool) -> Trial:
    """The pipeline divides the pixels by 255 and the model begins with Rescaling(1/255) again, so inputs are about
    0.004 at most and the gradients tiny; scale only once.

    https://9to5answer.com/keras-rescale-1-255-vs-preprocessing_function-preprocess_input-which-one-to-use
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.digits(seed)
    scale = 255.0 if fixed else 1.0
    model = models.classifier(models.small_cnn(layers.Rescaling(1 / 255)), keras.optimizers.SGD(0.03, momentum=0.9))
    return Trial(model, x * scale, y, (held_x * scale, held_y), {"epochs": 15, "batch_size": 32})


@CASES.sick("MLP, binary", "no-better-than-trivial")
def validation_not_standardised(seed: int, fixed: bool) -> Trial:
    """The training inputs are standardized but the validation inputs are fed raw, so the network sees another
    distribution there; apply the same (training) scaler to both.

    https://thecodeforge.io/ml-ai/tensorflow-keras-image-classification/
    """
    import keras

    x, y = data.table("breast_cancer", seed)
    x, raw = x[:420], x[420:]
    x, held_x = data.standardized(x, raw)
    y, held_y = y[:420].astype("float32"), y[420:].astype("float32")
    model = models.mlp(30, (32, 16), 1, last="sigmoid")
    model.compile(keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x if fixed else raw.astype("float32"), held_y), {"epochs": 25, "batch_size": 32})


@CASES.sick("CNN, multi-class, tf.data", "few-samples", "overfitting", "no-regularization")
def debug_take_left_in_pipeline(seed: int, fixed: bool) -> Trial:
    """A take(2) from debugging is still in the pipeline (with repeat), so every epoch trains on the same 32 images and
    overfits them; remove it so that the whole training set is used.
    """
    import keras
    import tensorflow as tf

    (x, y), held = data.digits(seed)
    ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1300, seed=seed, reshuffle_each_iteration=fixed).batch(16)
    if not fixed:
        ds = ds.take(2)
    model = models.classifier(models.small_cnn(), keras.optimizers.Adam(1e-3))
    return Trial(model, ds.repeat(), None, held, {"epochs": 8, "steps_per_epoch": 80})


@CASES.sick("embedding + pooling, binary text", "bad-input-values", "no-better-than-trivial")
def vocabulary_cut_to_unknown(seed: int, fixed: bool) -> Trial:
    """The vocabulary is cut to the 40 most frequent words, so every informative word becomes the unknown id 1; keep a
    vocabulary large enough (max_tokens / num_words).
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.reviews(seed)
    cut = (lambda a: a) if fixed else (lambda a: np.where(a >= 40, 1, a))
    model = stack(
        (40,),
        layers.Embedding(400, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
        dtype="int32",
    )
    model.compile(keras.optimizers.Adam(5e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, cut(x), y, (cut(held_x), held_y), {"epochs": 20, "batch_size": 32})


@CASES.sick("LSTM forecast", "target-scale", "unnormalized-input")
def target_level_unscaled(seed: int, fixed: bool) -> Trial:
    """The target and the series lie around 5000 and are not scaled, so the gates saturate and the output bias would
    need thousands of steps to reach the level; standardize series and target.
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.waves(seed, level=5000.0, scale=300.0)
    if fixed:
        x, y, held_x, held_y = ((array - 5000) / 300 for array in (x, y, held_x, held_y))
    model = stack((40, 1), layers.LSTM(24), layers.Dense(1))
    model.compile(keras.optimizers.Adam(5e-3), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 20, "batch_size": 32})
