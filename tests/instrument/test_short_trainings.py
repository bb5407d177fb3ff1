"""Short trainings are judged: where a rule has no data after fifty steps, the thing was not there to be measured."""

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback
from tools.accuracy.tally import LONG

pytestmark = pytest.mark.slow

NOT_THERE = {
    "loss-scale-collapse": "the loss is not scaled",
    "output-range": "no output with a regression loss whose last activation function can be told was seen",
    "dropout-placement": "the model has no dropout layer",
    "pretrained-input-range": "no known pretrained model that takes the input as it is was seen",
    "target-scale": "no target of a squared loss was measured",
    "non-gaussian-weights": "fewer than 3 kernels of 256 weights or more were measured",
    "non-gaussian-update": "fewer than 3 kernels of 256 weights or more were measured",
    "activation-scale": "fewer hidden layers with weights than a depth takes were measured",
    "clipping-always": "gradients are not clipped",
    "weight-decay-dominates": "no weight is decayed or penalized",
    "loss-weights": "the loss has one part only",
    "train-eval-mismatch": "no layer is known to do otherwise in training than in inference",
    "underfitting": "the model has no regularization",
}
"""What the network below has not, with the reason that is given for it."""

TAKE_EPOCHS = {"oscillating-loss", "overfitting"}
"""What a few epochs cannot show."""

TAKE_THREE_EPOCHS = {"metric-disagrees"}

TAKE_BATCHES = {"uneven-feature-scale", "single-label-batch", "class-imbalance", "collapsed-output"}
"""What is measured of the examples of a batch beside each other."""


@pytest.mark.parametrize(
    ("examples", "batch", "epochs", "lacking"),
    [
        (70, 1, 1, TAKE_EPOCHS | TAKE_THREE_EPOCHS | TAKE_BATCHES),
        (640, 32, 4, TAKE_EPOCHS),
        (640, 640, 60, set()),
        (3400, 16, 20, set()),
    ],
)
def test_what_was_there_is_judged(tmp_path, examples, batch, epochs, lacking):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(examples, 8)).astype("float32")
    y = (x @ random.normal(size=(8, 3))).argmax(axis=1)
    hidden = [keras.layers.Dense(16, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    health = HealthCallback(tmp_path)
    model.fit(x, y, batch, epochs, verbose=0, validation_split=0.25, callbacks=[health])
    scorecard = health.scorecard.to_dict()
    assert scorecard["training"]["steps"] >= LONG
    reasons = {rule["name"]: rule["reason"] for rule in scorecard["rules"] if rule["status"] == "no_data"}
    assert {name: reason for name, reason in reasons.items() if name not in lacking} == NOT_THERE
    assert lacking <= set(reasons)
