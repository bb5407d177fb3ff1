"""Mistakes in transfer learning."""

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.case import Trial

CASES = Cases()


@CASES.sick("transfer learning, CNN", "frozen-variables")
def frozen_base_without_weights(seed: int, fixed: bool) -> Trial:
    """The base is frozen but its pretrained weights were never loaded (weights=None), so only a linear layer on random
    features is trained; load the weights, or leave the base trainable.
    """
    import keras

    (x, y), held = data.new_task(seed)
    base = models.pretrained_base(seed)
    if not fixed:
        base = models.base()
    base.trainable = False
    model = models.classifier(models.with_head(base), keras.optimizers.Adam(5e-3))
    return Trial(model, x, y, held, {"epochs": 40, "batch_size": 16})


@CASES.sick("transfer learning, CNN", "unnormalized-input", "pretrained-input-range")
def pretrained_base_wrong_range(seed: int, fixed: bool) -> Trial:
    """The frozen base was pretrained on inputs in -1..1 but is fed pixels in 0..255, so its features are off scale;
    apply the preprocess_input that belongs to the base.

    https://9to5answer.com/keras-rescale-1-255-vs-preprocessing_function-preprocess_input-which-one-to-use
    """
    import keras

    (x, y), (held_x, held_y) = data.new_task(seed)
    ranged = (lambda a: a) if fixed else (lambda a: (a + 1) * 127.5)
    base = models.pretrained_base(seed)
    base.trainable = False
    model = models.classifier(models.with_head(base), keras.optimizers.Adam(5e-3))
    return Trial(model, ranged(x), y, (ranged(held_x), held_y), {"epochs": 40, "batch_size": 16})


@CASES.sick("fine-tuning, CNN", "high-update-ratio", "learning-rate-value")
def fine_tuning_rate_too_high(seed: int, fixed: bool) -> Trial:
    """The whole pretrained network is fine-tuned with Adam at 0.03, which destroys the pretrained weights in the first
    steps; fine-tune with a much smaller rate (1e-4 .. 1e-3).
    """
    import keras

    (x, y), held = data.new_task(seed)
    base = models.pretrained_base(seed)
    model = models.classifier(models.with_head(base), keras.optimizers.Adam(1e-3 if fixed else 3e-2))
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 16})


@CASES.sick("transfer learning, CNN", "frozen-variables", "unchanged-variable", "missing-gradient")
def whole_model_frozen(seed: int, fixed: bool) -> Trial:
    """`model.trainable = False` was set on the complete model, head included, before compile, so there is not one
    trainable weight; freeze only the base.
    """
    import keras

    (x, y), held = data.new_task(seed)
    base = models.pretrained_base(seed)
    model = models.with_head(base)
    (base if fixed else model).trainable = False
    models.classifier(model, keras.optimizers.Adam(5e-3))
    return Trial(model, x, y, held, {"epochs": 30, "batch_size": 16})
