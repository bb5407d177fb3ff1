"""Mistakes that only inference mode shows."""

from tests.faults import data
from tests.faults.building import convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import twins


def _normalized(seed: int, momentum: float) -> Trial:
    """Classifies digits by normalized convolutions, whose moving averages arrive in 270 steps or do not."""
    import keras
    from keras import layers

    hidden = []
    for convolution in convolutions(16, 16, activation=None):
        hidden += [convolution, layers.BatchNormalization(momentum=momentum), layers.ReLU(), layers.MaxPooling2D()]
    model = stack((8, 8, 1), *hidden, layers.Flatten(), layers.Dense(10))
    return trial(
        model, data.digits(seed), keras.optimizers.Adam(5e-3), logits_loss(), ["accuracy"], epochs=6, batch_size=32
    )


def _dropped_by_hand(seed: int, makes_up: bool) -> Trial:
    """Drops three of four units by a layer of its own, which makes up for them by a scale or does not."""
    import keras
    from keras import layers, ops

    class HandmadeDropout(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(seed)

        def call(self, x, training=False):  # type: ignore[no-untyped-def]
            if not training:
                return x
            kept = ops.cast(keras.random.uniform(ops.shape(x), seed=self.seeds) < 0.25, x.dtype)
            return x * kept / 0.25 if makes_up else x * kept

    model = stack((10,), *dense(32), HandmadeDropout(), *dense(32), layers.Dense(1))
    return trial(model, data.table("diabetes", seed), keras.optimizers.Adam(5e-3), "mse", epochs=12, batch_size=32)


CASES = (
    *twins("slow_moving_averages", "CNN, multi-class", {"train-eval-mismatch"}, _normalized, 0.9999, 0.9),
    *twins(
        "unscaled_dropout",
        "MLP, regression",
        {"train-eval-mismatch"},
        _dropped_by_hand,
        False,
        True,
        also=frozenset({"overfitting"}),
    ),
)
