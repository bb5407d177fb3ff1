"""The losses of a run: the one that is trained on, and its parts."""

import contextlib
from functools import partial
from typing import Any

import tensorflow as tf

from tb_nnhealth.compare.work import Work
from tb_nnhealth.instrument.taps import replaced


def losses_of(model: Any, work: Work, predictions: Any) -> dict[str, tf.Tensor]:
    """Returns the losses by name: "loss" is what is trained on, and last.

    What layers and regularizers add is always the model's own, also where the compiled loss is another model's.
    """
    judge = work.loss_from
    added = model.losses
    regularization = tf.add_n([tf.zeros([], tf.float64), *[tf.reduce_sum(tf.cast(loss, tf.float64)) for loss in added]])
    parts: dict[str, tf.Tensor] = {}
    with contextlib.ExitStack() as stack:
        if judge is not model:
            stack.enter_context(replaced(judge, "_losses_override", added or [tf.zeros([])]))
        compiled = _fresh_loss(judge, work, predictions, stack)
        if compiled is not None and len(compiled._flat_losses) > 1:
            told = [part._replace(loss=partial(_part, part, parts)) for part in compiled._flat_losses]
            stack.enter_context(replaced(compiled, "_flat_losses", told))
        total = judge._compute_loss(work.x, work.y, predictions, work.sample_weight, training=work.training)
    return {**parts, "loss/regularization": regularization, "loss": tf.convert_to_tensor(total)}


def _part(part: Any, parts: dict[str, tf.Tensor], *args: Any, **kwargs: Any) -> tf.Tensor:
    loss = part.loss(*args, **kwargs)
    parts[f"loss/{part.name}"] = tf.convert_to_tensor(loss)
    return loss


def _fresh_loss(model: Any, work: Work, predictions: Any, stack: contextlib.ExitStack) -> Any:
    """Gives the model, until the stack is unwound, a compiled loss that was built on this batch; returns it."""
    own = model._compile_loss
    if own is None:
        return None
    fresh = type(own)(own._user_loss, own._user_loss_weights, output_names=own.output_names)
    stack.enter_context(replaced(model, "_compile_loss", fresh))
    with contextlib.suppress(Exception):  # A `compute_loss` of the model's own may give it something else.
        fresh(work.y, predictions, work.sample_weight)
    return fresh if fresh.built else None
