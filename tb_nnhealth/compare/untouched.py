"""What keeps a run from leaving anything behind that Keras does not take care of."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from tb_nnhealth.compare.naming import Named
from tb_nnhealth.instrument.state import State


@contextlib.contextmanager
def tf_variables_restored(named: list[Named]) -> Iterator[None]:
    """Brings back TensorFlow's variables that layers hold past Keras."""
    held = {id(v): v for one in named for v in vars(one.layer).values() if isinstance(v, tf.Variable)}
    with State(list(held.values())).taken_back() if held else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def functions_as_code() -> Iterator[None]:
    """Has `tf.function`s run as plain code: traced, they would keep the values that variables have in this run."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
