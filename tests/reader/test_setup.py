"""What a training changed of what a preflight was made with."""

from typing import Any

import pytest

from tb_nnhealth.reader.setup import changes, setup_of

ADAM = {"class_name": "Adam", "learning_rate": 0.001, "schedule": None, "scheduled": None, "clipnorm": None}
MSE = [{"output": "out", "class_name": "MeanSquaredError"}]
LAYERS = [{"path": "m/dense", "class_name": "Dense", "parameters": 12}]


def setup(layers: Any = LAYERS, losses: Any = MSE, **optimizer: Any) -> dict[str, Any]:
    return setup_of({"model": {"layers": layers}, "compile": {"losses": losses, "optimizer": {**ADAM, **optimizer}}})


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (setup(), {}),
        (setup([{**LAYERS[0], "path": "other/dense_1"}], [{**MSE[0], "output": "dense_1"}]), {}),
        (setup([*LAYERS, *LAYERS]), {"model": "with other layers"}),
        (setup(losses=[{**MSE[0], "class_name": "Huber"}]), {"loss": "with another loss"}),
        (setup(learning_rate=0.1), {"optimizer": "with a learning rate of 0.1 instead of 0.001"}),
        (setup(class_name="SGD", learning_rate=0.1), {"optimizer": "with SGD instead of Adam"}),
        (setup(clipnorm=1.0), {"optimizer": "with another optimizer"}),
        (setup([], None), {"model": "with other layers", "loss": "with another loss"}),
    ],
)
def test_what_has_changed(after: dict[str, Any], told: dict[str, str]) -> None:
    assert changes(setup(), after) == told


def test_a_schedule_stays_the_same_whatever_its_rate_has_become() -> None:
    one, other = (setup(schedule="CosineDecay", learning_rate=rate, scheduled=[rate]) for rate in (0.1, 0.05))
    assert changes(one, other) == {}


@pytest.mark.parametrize("damaged", [None, 3, "setup", [], {}, {"optimizer": 3, "layers": None}])
def test_whatever_stands_in_a_file_is_read(damaged: Any) -> None:
    told = changes(damaged, setup())
    assert set(told) <= {"model", "optimizer"} and all(isinstance(each, str) for each in told.values())
    assert set(setup_of({"model": damaged, "compile": damaged})) == {"layers", "losses", "optimizer"}
