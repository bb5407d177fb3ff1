"""Variables of our own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf


def made_beside(value: Any, name: str, shape: tf.TensorShape | None = None) -> tf.Variable:
    """Returns a variable that is made beside the trace that is under way.

    TensorFlow traces a function a second time that makes variables while it is traced, also where they are lifted
    out of it. In a thread of its own nothing is traced.

    Args:
      value: its first value, of any shape and dtype, or a function that returns it.
      name: its name.
      shape: its static shape, where that may vary; None for the value's.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: tf.Variable(value, trainable=False, name=name, shape=shape)).result()
