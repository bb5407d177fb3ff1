"""Runs the model with prime numbers of examples, so that a swapped, mixed or broadcast axis shows in the shapes."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.fixed_batch import fixed_batch, is_stateful
from tb_nnhealth.flight.gradients.broadcasts import broadcasts
from tb_nnhealth.flight.gradients.own import own_losses
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import has_own_loss
from tb_nnhealth.instrument.batch import output_names
from tb_nnhealth.instrument.forward import as_it_is, data_loss, forward
from tb_nnhealth.telling import told

SHARE = 0.3

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31)
"""Two that no axis of the data has are the numbers of examples; a free axis gets a third."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns the shapes of the outputs for several numbers of examples, and what the loss does with shapes.

    Raises:
      NotMeasured: the model cannot be called with as many examples as a batch has.
    """
    model, sample = subject.model, subject.training
    usual = _answered(model, _of(sample, min(sample.batch_size, sample.examples)))
    if usual["error"]:
        raise NotMeasured(f"the model cannot be called with a batch of its data: {usual['error']}")
    clock.done(0.3)
    first, second, third = _primes([*_lengths(sample), *(n for shape in usual["shapes"] for n in shape[1:])])
    answers = [usual, *(_answered(model, _of(sample, size)) for size in (first, second, 1) if clock.left())]
    clock.done(0.6)
    found: dict[str, Any] = {"answers": answers, "is_bound": _is_bound(model), "names": output_names(model) or []}
    if clock.left() and (cut := _cut(model, sample, third)) is not None:
        found["cut"] = _answered(model, _of(cut, first)) | {"length": third}
    if clock.left() and not any(answer["error"] for answer in answers):
        found["loss"] = _loss(model, sample, first, second)
    return found


def _of(sample: Sample, size: int) -> Sample:
    """Returns so many examples, some of them more than once where there are fewer."""
    return sample.take(np.arange(size) % sample.examples)


def _lengths(sample: Sample) -> Iterable[int]:
    leaves = [leaf for leaf in keras.tree.flatten((sample.x, sample.y, sample.weights)) if leaf is not None]
    return (int(length) for leaf in leaves for length in leaf.shape[1:])


def _primes(taken: Iterable[int]) -> list[int]:
    free = [prime for prime in PRIMES if prime not in set(taken)]
    return (free + list(PRIMES))[:3]


def _answered(model: Any, sample: Sample) -> dict[str, Any]:
    """Returns the shapes of the outputs for a sample, or the error that came instead."""
    try:
        shapes = [[int(n) for n in output.shape] for output in keras.tree.flatten(_predicted(model, sample))]
    except Exception as error:
        return {"size": sample.examples, "shapes": [], "error": told(error)}
    return {"size": sample.examples, "shapes": shapes, "error": ""}


def _predicted(model: Any, sample: Sample) -> Any:
    with as_it_is(model):
        return forward(model, sample.x, training=False)


def _is_bound(model: Any) -> bool:
    """Returns whether a model says that it takes one number of examples: by its inputs, or by a state for each."""
    return is_stateful(model) or fixed_batch(model) is not None


def _cut(model: Any, sample: Sample, length: int) -> Sample | None:
    """Returns the sample with the first axis that the model leaves free cut to a length, None where it has none.

    Inputs whose axis is as long are cut alike.
    """
    declared, leaves = getattr(model, "inputs", None) or (), keras.tree.flatten(sample.x)
    if len(declared) != len(leaves) or any(len(d.shape) != leaf.ndim for d, leaf in zip(declared, leaves, strict=True)):
        return None
    free = [leaf.shape[1] for d, leaf in zip(declared, leaves, strict=True) if leaf.ndim > 1 and d.shape[1] is None]
    if not free or min(free) <= length:
        return None
    cut = [
        leaf[:, :length] if leaf.ndim > 1 and d.shape[1] is None and leaf.shape[1] == free[0] else leaf
        for d, leaf in zip(declared, leaves, strict=True)
    ]
    return Sample(keras.tree.pack_sequence_as(sample.x, cut), batch_size=sample.batch_size)


def _loss(model: Any, sample: Sample, first: int, second: int) -> dict[str, Any]:
    """Returns what the loss does: how it broadcasts, and whether it is a mean over the examples."""
    if not model.compiled or (getattr(model, "_compile_loss", None) is None and not has_own_loss(model)):
        return {}
    if sample.y is None and not has_own_loss(model):
        return {}
    usual = _of(sample, min(sample.batch_size, sample.examples))
    one, other = _of(sample, first), _of(sample.take((np.arange(second) + first) % sample.examples), second)
    both = sample.take(np.arange(first + second) % sample.examples)
    try:
        found = broadcasts(model, one, _predicted(model, one))
        losses = [_data_loss(model, each) for each in (one, other, both)]
    except Exception as error:
        return {"error": "" if _fails(model, usual) else told(error), "examples": first}
    mean = (first * losses[0] + second * losses[1]) / (first + second)
    size = max(abs(losses[2]), 1e-6)
    return {
        "error": "",
        "broadcasts": [each.record() for each in found],
        "has_own": bool(own_losses(model)) or has_own_loss(model),
        "names": [name for name, _ in own_losses(model)],
        "examples": first,
        "from_mean": abs(losses[2] - mean) / size,
        "from_sum": abs(losses[2] - losses[0] - losses[1]) / size,
    }


def _fails(model: Any, sample: Sample) -> bool:
    """Returns whether the loss of a batch as it usually is cannot be computed either."""
    try:
        _data_loss(model, sample)
    except Exception:
        return True
    return False


def _data_loss(model: Any, sample: Sample) -> float:
    return float(data_loss(model, as_batch(sample), training=False))
