"""A model's forward pass and the loss of it as Keras' own steps take them, without a trace in the model."""

from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument.batch import mean_loss


def forward(model: Any, x: Any, training: bool) -> Any:
    """Returns what a model answers to a batch in training or inference mode, as `fit` and `predict` call it.

    They name the mode only to a model whose `call` has a `training` argument. One that has none is not to be told it
    either: newer Keras would hand it on to its layers, and turn on a dropout that is off in every `fit`.
    """
    return model(x, training=training) if model._call_has_training_arg else model(x)


def data_loss(model: Any, batch: tuple[Any, Any, Any], training: bool) -> tf.Tensor:
    """Returns the loss of a batch without regularizers and `add_loss`, as a step would compute it, float32 `[]`.

    Args:
      model: compiled.
      batch: inputs, targets and weights, None where there are none.
      training: the mode.
    """
    x, y, sample_weight = batch
    with as_it_is(model):
        loss = model._compute_loss(x, y, forward(model, x, training), sample_weight, training=training)
        rest = [tf.reduce_sum(tf.cast(part, tf.float32)) for part in model.losses]
    return mean_loss(loss) - tf.add_n([tf.zeros([]), *rest])


def as_it_is(model: Any) -> Any:
    """Returns a scope in which a model has the variables that it has, and what it would assign to them is dropped."""
    values = [(variable, variable.value) for variable in model.variables]
    return keras.StatelessScope(values, collect_losses=True, initialize_variables=False)
