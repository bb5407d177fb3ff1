"""What is known of a training whose loss raises in its first step."""

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth import HealthCallback, Scorecard

pytestmark = pytest.mark.slow


def _classifier(**compile_options: Any) -> keras.Model:
    keras.backend.clear_session()
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", **compile_options)
    return model


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize(
    ("loss", "targets", "told"),
    [
        ("categorical_crossentropy", np.zeros((64, 1)), "expects one-hot rows of 3"),
        ("sparse_categorical_crossentropy", np.eye(4)[np.zeros(64, int)], "expects class numbers"),
    ],
)
def test_the_definition_is_judged_all_the_same(
    loss: str, targets: np.ndarray, told: str, run_eagerly: bool, tmp_path: Path
) -> None:
    model = _classifier(loss=loss, run_eagerly=run_eagerly)
    with warnings.catch_warnings(record=True) as warned, pytest.raises(ValueError, match=r"shape|rank|logits"):
        warnings.simplefilter("always")
        model.fit(np.ones((64, 6)), targets, verbose=0, callbacks=[HealthCallback(tmp_path)])
    assert [str(w.message) for w in warned if "HealthCallback" in str(w.message)] == []
    scorecard = Scorecard.from_logdir(tmp_path)
    assert scorecard.status == "fail"
    (finding,) = [finding for finding in scorecard.findings if finding.rule == "loss-label-mismatch"]
    assert finding.severity == "error" and told in finding.message
