"""A training that runs under what keeps it from being measured goes on, and its owner is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback
from tb_nnhealth.instrument.judge import HealthWarning
from tests.instrument.zoo import flat, mlp, numbers


@pytest.fixture
def checked_numerics() -> Iterator[None]:
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


@pytest.mark.slow
def test_a_check_of_every_operation_for_nan(checked_numerics: None, tmp_path: Path) -> None:
    model = mlp()
    model.compile("adam", "mse")
    with pytest.warns(HealthWarning, match=r"is not measured\. Received: tf\.debugging\.enable_check_numerics\(\)"):
        model.fit(flat(), numbers(), batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path)])
    assert int(model.optimizer.iterations) == 3
    assert not list(tmp_path.iterdir())
