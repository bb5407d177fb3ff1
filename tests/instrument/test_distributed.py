"""Under a distribution strategy: measured with one replica, left alone with several."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback, read_run
from tests.instrument.training import assert_same_bits, unwarned
from tests.instrument.zoo import flat, mlp, numbers

pytestmark = pytest.mark.slow

TWO_REPLICAS = """
import sys, warnings
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tb_nnhealth import HealthCallback
from tests.instrument.zoo import flat, mlp, numbers

def trained(*callbacks):
    keras.utils.set_random_seed(0)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = mlp()
        model.compile("adam", "mse")
    model.fit(flat(), numbers(), batch_size=8, epochs=2, verbose=0, callbacks=list(callbacks))
    return [np.array(weight) for weight in model.get_weights()]

plain = trained()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    watched = trained(HealthCallback(sys.argv[1]))
assert all((a == b).all() for a, b in zip(plain, watched, strict=True))
print([str(w.message) for w in caught if "HealthCallback" in str(w.message)])
"""


def test_several_replicas_train_unmeasured(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_REPLICAS, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    expected = "HealthCallback expects one replica; this training is not measured. Received: 2 replicas"
    assert done.stdout.strip() == str([expected])
    assert not (tmp_path / "run").exists()


STRATEGIES = {
    "one device": lambda: tf.distribute.OneDeviceStrategy("/cpu:0"),
    "mirrored": lambda: tf.distribute.MirroredStrategy(["CPU:0"]),
}


def trained(strategy: str, *callbacks: keras.callbacks.Callback, **compiled: Any) -> list[np.ndarray]:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    with STRATEGIES[strategy]().scope():
        model = mlp()
        model.compile("adam", "mse", **compiled)
    model.fit(flat(), numbers(), batch_size=8, epochs=2, verbose=0, callbacks=list(callbacks))
    return [np.array(variable) for variable in [*model.variables, *model.optimizer.variables]]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("settings", [{"sampling": 1}, {}], ids=["every step", "default settings"])
def test_one_replica_is_measured(settings: dict[str, Any], strategy: str, tmp_path: Path) -> None:
    with unwarned("HealthCallback"):
        watched = trained(strategy, HealthCallback(tmp_path, **settings))
    assert_same_bits(watched, trained(strategy))
    assert read_run(tmp_path).samples >= 3


def test_one_replica_under_xla_trains_unmeasured(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="HealthCallback could not measure"):
        watched = trained("mirrored", HealthCallback(tmp_path, sampling=1), jit_compile=True)
    assert_same_bits(watched, trained("mirrored", jit_compile=True))
