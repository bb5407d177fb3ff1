"""Mistakes with numbers of few bits."""

from tests.faults import data
from tests.faults.building import dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, THROWN, twins


def _short_numbers(seed: int, policy: str) -> Trial:
    """Keeps the variables in bfloat16, in which small steps are lost to rounding, or computes in it only."""
    import keras
    from keras import layers

    hidden = [layers.LayerNormalization(dtype=policy), *dense(64, 64, dtype=policy)]
    model = stack((64,), *hidden, layers.Dense(10, dtype=policy))
    optimizer = keras.optimizers.Adam(1e-4)
    return trial(model, data.flat_digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=15, batch_size=16)


def _depth_images(seed: int, scale: float) -> Trial:
    """Compresses images of 16 bits in half precision."""
    import keras
    from keras import layers

    policy = "mixed_float16"
    digits = data.on_inputs(data.digits(seed), lambda images: images.reshape(-1, 64) * scale)
    x, held = digits[0], digits[2][0]
    model = stack((64,), *dense(64, 16, 64, dtype=policy), layers.Dense(64, dtype=policy))
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(2e-3))
    return trial(model, (x, x, (held, held)), optimizer, "mse", epochs=6, batch_size=32)


def _loss_scale(seed: int, growth_steps: int) -> Trial:
    """Classifies in half precision with a scale of the loss that is doubled after so many steps."""
    import keras
    from keras import layers

    policy = "mixed_float16"
    rows = data.on_inputs(data.flat_digits(seed), lambda images: images.reshape(-1, 8, 8))
    hidden = [layers.Conv1D(32, 3, activation="relu", dtype=policy), layers.Flatten(dtype=policy)]
    model = stack((8, 8), *hidden, layers.Dense(10, dtype="float32"))
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(2e-3), dynamic_growth_steps=growth_steps)
    return trial(model, rows, optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=32)


CASES = (
    *twins(
        "short_numbers",
        "MLP with layer norm, multi-class",
        {"low-update-ratio", "unchanged-variable"},
        _short_numbers,
        "bfloat16",
        "mixed_bfloat16",
        also=SLOW,
    ),
    *twins(
        "depth_images_in_float16",
        "autoencoder, mixed precision",
        {"loss-scale-collapse", "unnormalized-input"},
        _depth_images,
        65_535.0,
        1.0,
        also=THROWN | {"target-scale", "uneven-feature-scale"},
    ),
    *twins(
        "impatient_loss_scale",
        "CNN, multi-class, mixed precision",
        {"loss-scale-collapse"},
        _loss_scale,
        1,
        2000,
        also=frozenset({"nonfinite-values"}),
    ),
)
