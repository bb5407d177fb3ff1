"""What the manifest says of how the model was compiled."""

import keras
import pytest

from tb_nnhealth.instrument.compiled import describe_compile
from tests.instrument.zoo import CASES, regression


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def test_compile() -> None:
    optimizer = keras.optimizers.AdamW(0.02, weight_decay=0.1, global_clipnorm=1.0, use_ema=True)
    told = describe_compile(regression(optimizer, jit_compile=True, metrics=["mae"]).model, None)
    assert told["optimizer"]["class_name"] == "AdamW" and told["optimizer"]["learning_rate"] == pytest.approx(0.02)
    assert told["optimizer"]["global_clipnorm"] == 1.0 and told["optimizer"]["use_ema"]
    assert not told["optimizer"]["loss_scaled"] and told["jit_compile"] and not told["run_eagerly"]


def test_losses_by_output() -> None:
    found = describe_compile(CASES["list_inputs_outputs"]().model, None)["losses"]
    assert [loss["output"] for loss in found] == ["first", "second"]
    assert found[0]["class_name"] == "MeanAbsoluteError"
    assert found[1] == {
        "output": "second",
        "class_name": "SparseCategoricalCrossentropy",
        "aligns_ranks": True,
        "from_logits": False,
    }
    assert describe_compile(CASES["attention_block"]().model, None)["losses"][0]["from_logits"] is True
    assert describe_compile(CASES["gan_two_optimizers"]().model, None)["losses"] == []


def test_mixed_precision_scales_the_loss() -> None:
    assert describe_compile(CASES["mixed_float16"]().model, None)["optimizer"]["loss_scaled"]
