"""A layer that cannot be named as it is: what Keras leaves open then is not more with the callback than without."""

import keras
import pytest

from tb_nnhealth import HealthCallback
from tb_nnhealth.instrument import scopes
from tests.instrument.zoo import flat, numbers


@pytest.fixture(autouse=True)
def clean():
    yield
    scopes._stack().clear()


def test_what_a_failure_leaves_open_is_closed():
    with keras.name_scope("outer"):
        with pytest.raises(ZeroDivisionError), scopes.closed_on_failure():
            keras.name_scope("left").__enter__()
            raise ZeroDivisionError
        assert [scope.name for scope in scopes._stack()] == ["outer"]


def test_what_was_opened_stays_open_where_nothing_fails():
    with scopes.closed_on_failure():
        keras.name_scope("kept").__enter__()
    assert [scope.name for scope in scopes._stack()] == ["kept"]


def left_open(*callbacks: keras.callbacks.Callback) -> list[str]:
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1, name="<b>")], name="mine")
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="<b>"):
        model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=list(callbacks))
    found = [scope.name for scope in scopes._stack()]
    scopes._stack().clear()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"guard": False}, {"sampling": 1}], ids=str)
def test_a_name_that_tensorflow_refuses(tmp_path, settings):
    plain = left_open()
    assert left_open(HealthCallback(tmp_path, **settings)) == plain
