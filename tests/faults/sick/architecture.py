"""Mistakes with the layers, their activation functions and the values that they start from."""

from tests.faults import data
from tests.faults.building import attended_rows, attended_texts, convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, twins


def _of_activation(seed: int, activation: str) -> Trial:
    """Classifies digits by five convolutions in a row."""
    import keras
    from keras import layers

    ends = [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
    model = stack((8, 8, 1), *convolutions(*[16] * 5, activation=activation), *ends)
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _plain(seed: int, skips: bool) -> Trial:
    """Classifies digits by thirteen convolutions, in a row or as residual blocks with normalization."""
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
    for _ in range(12):
        if skips:
            y = layers.GroupNormalization(4)(layers.Conv2D(12, 3, padding="same")(x))
            x = layers.Add()([x, layers.ReLU()(y)])
        else:
            x = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    digits = data.first(data.digits(seed), 960)
    return trial(model, digits, optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _waves(seed: int, activation: str | None) -> Trial:
    """Tells waves apart whatever their phase, which no linear function can."""
    import keras
    from keras import layers

    convs = [layers.Conv1D(16, 5, activation=activation) for _ in range(2)]
    model = stack((48, 1), *convs, layers.GlobalAveragePooling1D(), layers.Dense(3))
    return trial(model, data.waves(seed), keras.optimizers.Adam(5e-3), logits_loss(), ["accuracy"], epochs=12)


def _rings(seed: int, activation: str | None) -> Trial:
    import keras
    from keras import layers

    model = stack((2,), *dense(16, 8, activation=activation), layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.Adam(0.01)
    return trial(model, data.rings(seed), optimizer, "binary_crossentropy", ["accuracy"], epochs=10, batch_size=32)


def _deep_regression(seed: int, activation: str) -> Trial:
    """Fits the progress of a disease by eight hidden layers."""
    import keras
    from keras import layers

    model = stack((10,), *dense(*[24] * 8, activation=activation), layers.Dense(1))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return trial(model, data.table("diabetes", seed), optimizer, "mse", epochs=20, batch_size=32)


def _dropped_text(seed: int, before_output: bool) -> Trial:
    import keras
    from keras import layers

    dropout, output = layers.Dropout(0.5), layers.Dense(4, activation="softmax")
    ends = [dropout, output] if before_output else [output, dropout]
    hidden = [
        layers.Embedding(data.VOCABULARY, 16),
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
    ]
    model = stack((20,), *hidden, *ends, dtype="int32")
    texts, loss = data.texts(seed, classes=4), "sparse_categorical_crossentropy"
    return trial(model, texts, keras.optimizers.Adam(3e-3), loss, ["accuracy"], epochs=8, batch_size=32)


def _dropped_series(seed: int, rate: float) -> Trial:
    import keras
    from keras import layers

    recurrent = [layers.LSTM(24, return_sequences=True), layers.Dropout(rate), layers.LSTM(24), layers.Dropout(rate)]
    model = stack((24, 1), *recurrent, layers.Dense(1))
    return trial(model, data.series(seed), keras.optimizers.Adam(3e-3), "mse", epochs=6, batch_size=32)


def _narrow(seed: int, units: int) -> Trial:
    import keras
    from keras import layers

    model = stack((20,), layers.Embedding(data.VOCABULARY, 16), layers.GRU(units), layers.Dense(8), dtype="int32")
    texts = data.texts(seed, classes=8, count=1500)
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _frozen(seed: int, everything: bool) -> Trial:
    """Puts a new head on layers trained on other digits, and freezes them, or the model."""
    import keras
    from keras import layers

    images, labels, (held_images, held_labels) = data.digits(seed)
    base = stack((8, 8, 1), *convolutions(16, 16), layers.MaxPooling2D(), layers.Flatten(), *dense(48))
    teacher = stack((8, 8, 1), base, layers.Dense(5))
    teacher.compile("adam", logits_loss())
    teacher.fit(images[labels < 5], labels[labels < 5], epochs=4, verbose=0)
    model = stack((8, 8, 1), base, layers.Dense(5))
    (model if everything else base).trainable = False
    high, held = labels >= 5, held_labels >= 5
    others = (images[high], labels[high] - 5, (held_images[held], held_labels[held] - 5))
    return trial(model, others, keras.optimizers.Adam(5e-3), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _hard_attention(seed: int, picks_one: bool) -> Trial:
    """Pools the words of a text by scores: takes the one with the highest, or weighs them all."""
    import keras
    from keras import layers, ops

    inputs = keras.Input((20,), dtype="int32")
    words = layers.Embedding(data.VOCABULARY, 16)(inputs)
    scores = layers.Flatten()(layers.Dense(1)(layers.Dense(16, activation="tanh")(words)))
    weights = ops.one_hot(ops.argmax(scores, axis=-1), 20) if picks_one else layers.Softmax()(scores)
    model = keras.Model(inputs, layers.Dense(4)(layers.Dense(16, activation="relu")(layers.Dot(1)([weights, words]))))
    texts = data.texts(seed, classes=4, hints=1)
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _rounded_branch(seed: int, rounds: bool) -> Trial:
    """Predicts a disease from its tables in two branches, one of which rounds what it gives to whole numbers."""
    import keras
    from keras import layers, ops

    inputs = keras.Input((10,))
    left = layers.Dense(16, activation="relu", name="left")(inputs[:, :2])
    right = layers.Dense(16, activation="relu", name="right")(inputs[:, 2:])
    right = ops.round(right) if rounds else right
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([left, right])))
    return trial(model, data.table("diabetes", seed), keras.optimizers.Adam(5e-3), "mse", epochs=12, batch_size=16)


def _tumours(seed: int, depth: int) -> Trial:
    """Tells tumours apart by so many hidden layers."""
    import keras
    from keras import layers

    tumours = data.on_labels(data.table("breast_cancer", seed), data.as_column)
    model = stack((30,), *dense(*[16] * depth), layers.Dense(1, activation="sigmoid"))
    optimizer, loss = keras.optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy"
    return trial(model, tumours, optimizer, loss, ["accuracy"], epochs=10, batch_size=32)


def _bottleneck(seed: int, units: int) -> Trial:
    """Reads digits row by row, and passes so many numbers on to the output."""
    import keras
    from keras import layers

    inputs, pooled = attended_rows((8, 8))
    model = keras.Model(inputs, layers.Dense(10)(layers.Dense(units, activation="relu")(pooled)))
    rows = data.on_inputs(data.digits(seed), lambda images: images[..., 0])
    return trial(model, rows, keras.optimizers.Adam(2e-3), logits_loss(), ["accuracy"], epochs=15, batch_size=32)


def _frozen_layers(seed: int, end: int | None) -> Trial:
    """Puts a new head on a transformer trained for another question, and freezes its layers up to `end`."""
    import keras
    from keras import layers

    texts = data.texts(seed, classes=4)
    inputs, pooled = attended_texts()
    teacher = keras.Model(inputs, layers.Dense(4)(pooled))
    teacher.compile("adam", logits_loss())
    teacher.fit(texts[0], texts[1], epochs=6, verbose=0)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(pooled))
    for layer in model.layers[:end]:
        layer.trainable = False
    halves = data.on_labels(texts, lambda labels: data.as_column(labels >= 2))
    optimizer, loss = keras.optimizers.Adam(0.01), "binary_crossentropy"
    return trial(model, halves, optimizer, loss, ["accuracy"], epochs=8, batch_size=32)


CASES = (
    *twins("linear_convolutions", "CNN, multi-class", {"missing-nonlinearity"}, _waves, None, "relu", also=STUCK),
    *twins("linear_rings", "MLP, binary", {"missing-nonlinearity"}, _rings, None, "relu", also=STUCK),
    *twins(
        "sigmoid_convolutions",
        "CNN, multi-class",
        {"saturating-hidden-activation", "vanishing-gradient"},
        _of_activation,
        "sigmoid",
        "relu",
        also=SLOW | {"activation-offset"},
    ),
    *twins(
        "deep_sigmoid_regression",
        "MLP, regression",
        {"saturating-hidden-activation", "vanishing-gradient"},
        _deep_regression,
        "sigmoid",
        "relu",
        also=SLOW | {"activation-offset", "deep-plain-network"},
    ),
    *twins(
        "plain_convolutions",
        "CNN, multi-class",
        {"deep-plain-network", "vanishing-gradient"},
        _plain,
        False,
        True,
        also=SLOW | {"activation-scale", "activation-offset"},
    ),
    *twins(
        "dropped_probabilities",
        "CNN with embeddings, multi-class",
        {"dropout-placement"},
        _dropped_text,
        False,
        True,
        also=STUCK,
    ),
    *twins(
        "dropped_states",
        "LSTM, regression",
        {"dropout-placement", "underfitting"},
        _dropped_series,
        0.95,
        0.1,
        also=STUCK,
    ),
    *twins(
        "narrow_state",
        "GRU with embeddings, multi-class",
        {"layer-width"},
        _narrow,
        1,
        24,
        informs=True,
        also=STUCK,
    ),
    *twins(
        "frozen_head",
        "CNN, fine-tuning",
        {"frozen-variables"},
        _frozen,
        True,
        False,
        also=STUCK | {"unchanged-variable", "missing-gradient"},
    ),
    *twins(
        "hard_attention",
        "attention, multi-class",
        {"missing-gradient"},
        _hard_attention,
        True,
        False,
        also=STUCK | {"unchanged-variable", "overfitting"},
    ),
    *twins(
        "rounded_branch",
        "two branches, regression",
        {"missing-gradient"},
        _rounded_branch,
        True,
        False,
        also=STUCK | {"unchanged-variable"},
    ),
    *twins(
        "many_layers_for_a_table",
        "MLP, binary",
        {"deep-plain-network", "vanishing-gradient"},
        _tumours,
        24,
        2,
        also=SLOW | {"activation-scale", "activation-offset"},
    ),
    *twins(
        "attention_to_one_unit",
        "attention, multi-class",
        {"layer-width"},
        _bottleneck,
        1,
        32,
        informs=True,
        also=STUCK | {"dead-units"},
    ),
    *twins(
        "frozen_to_the_last",
        "transformer, binary",
        {"frozen-variables"},
        _frozen_layers,
        None,
        -1,
        also=STUCK | {"unchanged-variable", "missing-gradient"},
    ),
)
