"""What is measured beside a plain `fit`: this tool, and what people use today."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth import HealthCallback


class SecondPassGradients(keras.callbacks.Callback):
    """The naive way: after each batch a second forward and backward pass, one scalar for each variable."""

    def __init__(self, log_dir: str, batch: tuple[Any, Any]) -> None:
        super().__init__()
        self._writer = tf.summary.create_file_writer(log_dir)
        self._batch = tuple(map(tf.constant, batch))
        self._step = 0

    def set_model(self, model: Any) -> None:
        super().set_model(model)

        @tf.function
        def norms() -> Any:
            x, y = self._batch
            with tf.GradientTape() as tape:
                loss = model.compute_loss(x, y, model(x, training=True))
            return [tf.norm(tf.convert_to_tensor(g)) for g in tape.gradient(loss, model.trainable_variables)]

        self._norms = norms

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step += 1
        with self._writer.as_default():
            for variable, norm in zip(self.model.trainable_variables, self._norms(), strict=True):
                tf.summary.scalar(f"gradient/{variable.path}", norm, step=self._step)


@dataclass(frozen=True)
class Contestant:
    """One way to watch a training: its callbacks, given a directory and a batch; None for TensorFlow's debugger."""

    title: str
    callbacks: Callable[[str, tuple[Any, Any]], list[Any]] | None
    is_long: bool = False


CONTESTANTS = {
    "default": Contestant(
        "HealthCallback, default settings", lambda d, b: [HealthCallback(d, on_error="warn")], is_long=True
    ),
    "no_guard": Contestant("HealthCallback, guard=False", lambda d, b: [HealthCallback(d, guard=False)], is_long=True),
    "every_step": Contestant("HealthCallback, every step", lambda d, b: [HealthCallback(d, sampling=1)]),
    "nothing": Contestant("nothing: a second plain `fit`", lambda d, b: [], is_long=True),
    "keras_tensorboard": Contestant(
        "Keras TensorBoard(histogram_freq=1, update_freq=1)",
        lambda d, b: [keras.callbacks.TensorBoard(d, histogram_freq=1, update_freq=1)],
    ),
    "second_pass": Contestant("second-pass GradientTape callback", lambda d, b: [SecondPassGradients(d, b)]),
    "debugger": Contestant("tf.debugging dump at CURT_HEALTH", None),
}
