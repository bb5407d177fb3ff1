"""The losses of a run: the one that is trained on, and its parts."""

import contextlib
from functools import partial
from typing import Any

import tensorflow as tf

from tb_nnhealth.compare.work import Work
from tb_nnhealth.instrument.taps import replaced


def losses_of(model: Any, work: Work, predictions: Any) -> dict[str, tf.Tensor]:
    """Returns the losses by name: "loss" is what is trained on, and last."""
    judge = work.loss_from
    parts: dict[str, tf.Tensor] = {}
    with contextlib.ExitStack() as stack:
        compiled = _fresh_loss(judge, work, predictions, stack)
        if compiled is not None and len(compiled._flat_losses) > 1:
            told = [part._replace(loss=partial(_part, part, parts)) for part in compiled._flat_losses]
            stack.enter_context(replaced(compiled, "_flat_losses", told))
        total = judge._compute_loss(work.x, work.y, predictions, work.sample_weight, training=work.training)
        added = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in judge.losses]
    if judge is model:
        parts["loss/regularization"] = tf.add_n([tf.zeros([]), *added])
    return {**parts, "loss": tf.convert_to_tensor(total)}


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
