"""Mistakes in recurrent networks and transformers."""

import numpy as np

from tests.faults.blind.practice import data, models
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import UNNAMED, Trial

CASES = Cases()


@CASES.sick("GRU, binary text", UNNAMED)
def padding_without_mask(seed: int, fixed: bool) -> Trial:
    """Sentences are padded at the end to 80 steps without a mask, so the last state of the GRU has run over dozens of
    zeros and forgot the words; mask the padding (mask_zero=True) or pad in front.

    https://errorhandle.ai/sequence-processing-texts-why-is-padding-pre-the-default
    """
    import keras
    from keras import layers

    (x, y), (held_x, held_y) = data.reviews(seed, n=1500, longest=16, words=20)
    x, held_x = np.pad(x, ((0, 0), (0, 40))), np.pad(held_x, ((0, 0), (0, 40)))
    model = stack(
        (80,),
        layers.Embedding(400, 16, mask_zero=fixed),
        layers.GRU(16),
        layers.Dense(1, activation="sigmoid"),
        dtype="int32",
    )
    model.compile(keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 10, "batch_size": 32})


@CASES.sick("GRU, forecast", "no-better-than-trivial")
def first_step_of_a_causal_rnn(seed: int, fixed: bool) -> Trial:
    """The layer has `return_sequences=True`, and then the output of step 0 is taken, which has seen only the first
    value; take the last step (return_sequences=False).
    """
    import keras
    from keras import layers

    (x, y), held = data.waves(seed)
    inputs = keras.Input((40, 1))
    h = layers.GRU(24, return_sequences=True)(inputs)
    out = layers.Dense(1)(h[:, -1] if fixed else h[:, 0])
    model = keras.Model(inputs, out)
    model.compile(keras.optimizers.Adam(5e-3), loss="mse", metrics=["mae"])
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})


@CASES.sick("transformer, multi-class", "learning-rate-value", "high-update-ratio", "exploding-gradient")
def post_norm_deep_without_warmup(seed: int, fixed: bool) -> Trial:
    """Four post-norm blocks are trained with Adam at 0.02 and no warm-up, so the first steps throw the network off for
    good; use pre-norm, or warm up to a rate about ten times smaller.

    https://openreview.net/forum?id=B1x8anVFPr
    """
    import keras

    (x, y), held = data.two_words(seed)
    model = models.transformer(13, 12, 3)
    rate = keras.optimizers.schedules.CosineDecay(0.0, 400, warmup_target=1.5e-3, warmup_steps=60) if fixed else 2e-2
    models.classifier(model, keras.optimizers.Adam(rate))
    return Trial(model, x, y, held, {"epochs": 10, "batch_size": 32})


@CASES.sick("SimpleRNN, forecast", "poor-initialization", "exploding-gradient", "nonfinite-values", "activation-scale")
def relu_rnn_explodes(seed: int, fixed: bool) -> Trial:
    """The recurrent matrix of a relu SimpleRNN starts with RandomNormal(stddev=0.35), a gain above 1, so over 60 steps
    activations and gradients explode; start it orthogonal (or identity), and clip gradients or use a GRU.
    """
    import keras
    from keras import layers

    (x, y), held = data.waves(seed, length=60)
    model = stack(
        (60, 1),
        layers.SimpleRNN(
            32,
            activation="relu",
            recurrent_initializer="orthogonal" if fixed else keras.initializers.RandomNormal(stddev=0.35),
        ),
        layers.Dense(1),
    )
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), loss="mse")
    return Trial(model, x, y, held, {"epochs": 15, "batch_size": 32})
