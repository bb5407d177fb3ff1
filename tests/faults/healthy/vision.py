"""Healthy trainings on images."""

from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attention, convolutions, dense, logits_loss, positions, stack, trial
from tests.faults.case import Case, Trial


def _small_cnn(seed: int) -> Trial:
    import keras
    from keras import layers

    convs = [layers.Conv2D(16, 3, activation="relu"), layers.Conv2D(32, 3, activation="relu")]
    model = stack((8, 8, 1), *convs, layers.Flatten(), layers.Dense(10, activation="softmax"))
    optimizer = keras.optimizers.Adam(1e-3)
    loss = "sparse_categorical_crossentropy"
    return trial(model, data.digits(seed), optimizer, loss, ["accuracy"], epochs=8, batch_size=32)


def _cnn_with_batch_norm(seed: int) -> Trial:
    import keras
    from keras import layers

    blocks = [
        layer
        for filters in (16, 32)
        for layer in (
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
        )
    ]
    model = stack((8, 8, 1), *blocks, layers.Flatten(), layers.Dropout(0.3), layers.Dense(10))
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=64)


def _residual_network(seed: int) -> Trial:
    import keras
    from keras import layers

    def block(x: Any, filters: int, strides: int) -> Any:
        y = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(y))
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides, use_bias=False)(x)
        return layers.ReLU()(layers.Add()([x, y]))

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same")(inputs)
    for filters, strides in ((8, 1), (16, 2), (32, 2)):
        x = block(x, filters, strides)
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    rate = keras.optimizers.schedules.CosineDecay(0.0, 270, warmup_target=0.1, warmup_steps=30)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, weight_decay=5e-4)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _depthwise_network(seed: int) -> Trial:
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = layers.LayerNormalization()(layers.Conv2D(24, 2, 2)(inputs))
    for _ in range(2):
        y = layers.LayerNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
        x = layers.Add()([x, layers.Dense(24)(layers.Dense(96, activation="gelu")(y))])
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    optimizer = keras.optimizers.AdamW(3e-3, weight_decay=0.05)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _strided_cnn_one_hot(seed: int) -> Trial:
    import keras
    from keras import layers

    shape = [layers.Conv2D(32, 3, 2, padding="same", activation="relu") for _ in range(2)]
    model = stack(
        (8, 8, 1), *shape, layers.GlobalAveragePooling2D(), *dense(32), layers.Dense(10, activation="softmax")
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    digits = data.on_labels(data.digits(seed), lambda labels: data.one_hot(labels, 10))
    return trial(model, digits, keras.optimizers.RMSprop(2e-3), loss, ["accuracy"], epochs=10, batch_size=32)


def _augmented_cnn(seed: int) -> Trial:
    import keras
    from keras import layers

    given = [layers.Rescaling(1 / 8, offset=-1), layers.RandomTranslation(0.1, 0.1)]
    model = stack((8, 8, 1), *given, *convolutions(16, 32), layers.Flatten(), layers.Dropout(0.2), layers.Dense(10))
    grey = data.on_inputs(data.digits(seed), lambda images: images * 16)
    return trial(model, grey, keras.optimizers.Adam(1e-3), logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _bfloat16_cnn(seed: int) -> Trial:
    import keras
    from keras import layers

    policy = "mixed_bfloat16"
    convs = convolutions(16, 16, dtype=policy)
    model = stack((8, 8, 1), *convs, layers.Flatten(), layers.Dense(10, dtype="float32"))
    return trial(model, data.digits(seed), keras.optimizers.Adam(2e-3), logits_loss(), ["accuracy"], epochs=5)


def _vision_transformer(seed: int) -> Trial:
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = positions(layers.Reshape((16, 32))(layers.Conv2D(32, 2, 2)(inputs)))
    for _ in range(2):
        x = attention(x, heads=4)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    model = keras.Model(inputs, layers.Dense(10)(x))
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.01)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _two_outputs(seed: int) -> Trial:
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(16, 3, activation="relu")(inputs))
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(inputs, {"digit": layers.Dense(10, name="digit")(x), "ink": layers.Dense(1, name="ink")(x)})
    x, y, (held_x, held_y) = data.digits(seed)
    ink = x.mean((1, 2))
    middle, spread = ink.mean(), ink.std()

    def targets(images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
        return {"digit": labels, "ink": (images.mean((1, 2)) - middle) / spread}

    model.compile("adam", {"digit": logits_loss(), "ink": "mse"}, metrics={"digit": ["accuracy"]})
    return Trial(model, x, targets(x, y), (held_x, targets(held_x, held_y)), {"epochs": 8, "batch_size": 32})


def _siamese_network(seed: int) -> Trial:
    import keras
    from keras import layers

    tower = stack((8, 8, 1), *convolutions(16, 16), layers.Flatten(), *dense(32), layers.Dense(16))
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    difference = layers.Subtract()([tower(left), tower(right)])
    alike = layers.Dense(1, activation="sigmoid")(layers.Dense(32, activation="relu")(abs(difference)))
    model = keras.Model([left, right], alike)
    images, labels, _ = data.digits(seed)
    random = np.random.default_rng(seed)
    by_label = [np.flatnonzero(labels == digit) for digit in range(10)]
    others = [random.choice(by_label[labels[i]]) if i % 2 else random.integers(len(labels)) for i in range(len(labels))]
    same = (labels == labels[others]).astype("float32")[:, None]
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return Trial(model, [images, images[others]], same, None, {"epochs": 10, "batch_size": 32})


def _pretrained(seed: int) -> tuple[Any, data.Data]:
    """Returns a convolutional network trained on the digits 0 to 4, and the digits 5 to 9 as classes 0 to 4."""
    from keras import layers

    images, labels, (held_images, held_labels) = data.digits(seed)
    base = stack((8, 8, 1), *convolutions(16, 32), layers.MaxPooling2D(), layers.Flatten(), *dense(64))
    teacher = stack((8, 8, 1), base, layers.Dense(5))
    teacher.compile("adam", logits_loss())
    teacher.fit(images[labels < 5], labels[labels < 5], epochs=4, verbose=0)
    high, held = labels >= 5, held_labels >= 5
    return base, (images[high], labels[high] - 5, (held_images[held], held_labels[held] - 5))


def _frozen_backbone(seed: int) -> Trial:
    import keras
    from keras import layers

    base, digits = _pretrained(seed)
    base.trainable = False
    model = stack((8, 8, 1), base, layers.Dropout(0.2), layers.Dense(5))
    return trial(model, digits, keras.optimizers.Adam(5e-3), logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _fine_tuned_backbone(seed: int) -> Trial:
    import keras
    from keras import layers

    base, digits = _pretrained(seed)
    for layer in base.layers[:1]:
        layer.trainable = False
    model = stack((8, 8, 1), base, layers.Dense(5))
    return trial(model, digits, keras.optimizers.Adam(3e-4), logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _segmentation(seed: int) -> Trial:
    """Marks the pixels of discs in noise, with a network that goes down and up again."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    centre, radius = random.uniform(4, 12, (400, 2, 1, 1)), random.uniform(2, 5, (400, 1, 1))
    rows, columns = np.mgrid[:16, :16]
    mask = np.hypot(rows - centre[:, 0], columns - centre[:, 1]) < radius
    images = (mask + random.normal(0, 0.5, mask.shape) - 0.2)[..., None].astype("float32")
    inputs = keras.Input((16, 16, 1))
    top = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    low = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(top))
    joined = layers.Concatenate()([layers.Conv2DTranspose(8, 2, 2)(low), top])
    outputs = layers.Conv2D(1, 1, activation="sigmoid")(layers.Conv2D(8, 3, padding="same", activation="relu")(joined))
    masks = data.split(images, mask[..., None].astype("float32"), seed)
    optimizer = keras.optimizers.Adam(3e-3)
    return trial(keras.Model(inputs, outputs), masks, optimizer, "binary_crossentropy", epochs=8, batch_size=16)


def _colours(seed: int) -> Trial:
    """Predicts a photograph's colours from its grey levels."""
    import keras

    pieces = data.photographs(seed)
    model = stack((16, 16, 1), *convolutions(32, 32), *convolutions(3, activation="sigmoid"))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(2e-3, 100, 0.7))
    grey = data.split(2 * pieces.mean(-1, keepdims=True) - 1, pieces, seed)
    return trial(model, grey, optimizer, "mean_squared_error", epochs=8, batch_size=16)


CASES = (
    Case("small_cnn", "CNN, multi-class", _small_cnn),
    Case("cnn_with_batch_norm", "CNN, multi-class", _cnn_with_batch_norm),
    Case("residual_network", "ResNet, multi-class", _residual_network),
    Case("depthwise_network", "CNN, multi-class", _depthwise_network),
    Case("strided_cnn_one_hot", "CNN, multi-class", _strided_cnn_one_hot),
    Case("augmented_cnn", "CNN, multi-class", _augmented_cnn),
    Case("bfloat16_cnn", "CNN, multi-class, mixed precision", _bfloat16_cnn),
    Case("vision_transformer", "transformer, multi-class", _vision_transformer),
    Case("two_outputs", "CNN, multi-output", _two_outputs),
    Case("siamese_network", "siamese CNN, binary", _siamese_network),
    Case("frozen_backbone", "CNN, fine-tuning", _frozen_backbone),
    Case("fine_tuned_backbone", "CNN, fine-tuning", _fine_tuned_backbone),
    Case("segmentation", "U-Net, binary per pixel", _segmentation),
    Case("colours", "CNN, regression per pixel", _colours),
)
