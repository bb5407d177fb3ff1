"""batch-independence: what the model answers to one example must not depend on the others of its batch."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.answers import Answers, deviation, epsilon
from tb_nnhealth.flight.clock import Clock, NothingToMeasure, NotMeasured
from tb_nnhealth.flight.examples.rows import Floats, named_arrays
from tb_nnhealth.flight.examples.targets import OF_CLASSES, loss_of
from tb_nnhealth.flight.examples.twins import first_of_each
from tb_nnhealth.flight.fixed_batch import fixed_batch
from tb_nnhealth.flight.outset import where_it_begins
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_tensors
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import has_own_loss, has_own_step
from tb_nnhealth.instrument.batch import named_leaves, output_names

SHARE = 1.0

MOST = 8
"""Examples of the batch."""

ROUNDED = 8.0
"""Units in the last place: the same example at the same place is computed by the same operations."""

ROUNDED_ELSEWHERE = 300.0
"""At another place of the batch it may be other ones."""

TRIALS = 2
"""Of which each exchanges one half of the batch, and then the other."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns by how much outputs move when other examples are exchanged or change places, in their deviations.

    Raises:
      NotMeasured: there are no two different examples, the model cannot be called with them, or answers at random.
    """
    sample, random = subject.training, subject.random("batch-independence")
    chosen = _chosen(sample, _size(subject), random)
    batch, answers = sample.take(chosen), Answers(subject.model)
    base, again = answers(batch.x), answers(batch.x, afresh=False)
    names = [name for name, _ in named_leaves(base, output_names(subject.model))]
    clock.done(0.3)
    if not all(np.isfinite(output).all() for output in base):
        raise NotMeasured("the model's outputs are not finite")
    judged = [i for i in range(len(base)) if not _compares(subject, names[i], i, base[i], batch, answers)]
    if not judged:
        raise NothingToMeasure(
            "its outputs compare the examples of a batch with each other, as a contrastive loss wants"
        )
    judged = [i for i in judged if not _is_constant(base[i], len(chosen))]
    if not judged:
        raise NotMeasured("its outputs are the same for all examples, as where the last weights start from zero")
    rows = {names[i]: len(base[i]) if base[i].ndim else 0 for i in judged}
    told: dict[str, Any] = {"batch": len(chosen), "rows": rows}
    whole = [i for i in judged if rows[names[i]] == len(chosen)]
    is_random = any(not np.allclose(base[i], again[i], rtol=1e-3, atol=1e-6) for i in judged)
    trials = _trials(sample, chosen, random)
    clock.check("exchange examples")
    gradient = _gradient(answers, batch.x, trials[0][0], whole, random)
    told["gradient"] = gradient
    clock.done(0.6)
    if is_random:
        if not np.isfinite(gradient):
            raise NotMeasured("the model answers at random in inference mode, and has no gradient to its inputs")
        return told
    clock.check("exchange examples")
    told["outputs"], moved = _moved(subject, answers, batch, trials, {names[i]: i for i in whole}, base, again)
    if moved is not None:
        kept, exchanged = trials[moved]
        told |= where_it_begins(subject.model, answers, batch.x, exchanged.x, kept)
    return told


def _size(subject: Subject) -> int:
    """Returns how many examples the batch has: as many as the model declares, or a few."""
    examples = subject.training.examples
    size = fixed_batch(subject.model) or min(MOST, examples, max(4, subject.training.batch_size))
    if size < 2 or examples < max(2, size):
        raise NotMeasured(
            "the model takes one example at a time" if size < 2 and examples > 1
            else f"two examples are needed and a batch of {max(2, size)}, there are {examples}"
        )  # fmt: skip
    return size


def _chosen(sample: Sample, size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Returns the indices of a batch, different examples first."""
    some = random.permutation(sample.examples)[: 8 * size]
    first = first_of_each([array for _, array in named_arrays(sample.take(some).x)])
    if len(first) < 2:
        raise NotMeasured("all examples are the same")
    order = np.concatenate([first, np.setdiff1d(np.arange(len(some)), first)])
    return random.permutation(some[order[:size]])


def _trials(
    sample: Sample, chosen: NDArray[np.int64], random: np.random.Generator
) -> list[tuple[NDArray[np.bool_], Sample]]:
    """Returns which examples are kept, `[b]`, and the batch with the others exchanged, some times."""
    found = []
    for _ in range(TRIALS):
        half = random.permutation(len(chosen)) < len(chosen) // 2
        for kept in (half, ~half):
            others = chosen.copy()
            for place in np.flatnonzero(~kept):
                others[place] = random.choice(np.setdiff1d(np.arange(sample.examples), [chosen[place]]))
            found.append((kept, sample.take(others)))
    return found


def _compares(subject: Subject, name: str, index: int, output: Floats, batch: Sample, answers: Answers) -> bool:
    """Returns whether an output is meant to be one of the whole batch: nothing says that it has a row an example."""
    model, size = subject.model, batch.examples
    is_own = has_own_step(model) or has_own_loss(model)
    is_free = subject.training.y is None or is_own or not subject.is_compiled
    if not output.ndim or len(output) != size:
        return is_free
    is_square = output.shape == (size, size) and (getattr(model, "output_shape", None) in (None, (None, None)))
    is_meant = is_free or any(part in loss_of(model, name, index) for part in OF_CLASSES)
    return is_square and is_meant and _has_a_column_an_example(answers, batch, index)


def _has_a_column_an_example(answers: Answers, batch: Sample, index: int) -> bool:
    """Returns whether a square output is one of fewer examples, too; where the model takes no fewer, it may be."""
    fewer = batch.examples - 1
    try:
        return answers(batch.take(np.arange(fewer)).x)[index].shape == (fewer, fewer)
    except NotMeasured:
        return True


def _is_constant(output: Floats, size: int) -> bool:
    return output.ndim > 0 and len(output) == size and bool((output == output[0]).all())


def _gradient(
    answers: Answers, x: Any, kept: NDArray[np.bool_], outputs: list[int], random: np.random.Generator
) -> float:
    """Returns the norm of the gradient of the kept examples' outputs to the other examples' inputs ÷ that to their own;
    NaN where there is none."""
    batch = as_tensors(x)
    inputs = [leaf for leaf in keras.tree.flatten(batch) if leaf is not None and leaf.dtype.is_floating]
    if not inputs or not outputs:
        return float("nan")
    try:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            made = answers.tensors(batch)
            parts = [tf.boolean_mask(made[i], kept) for i in outputs if made[i].dtype.is_floating]
            total = [
                tf.reduce_sum(tf.cast(part, tf.float32) * random.standard_normal(part.shape).astype(np.float32))
                for part in parts
            ]
        gradients = tape.gradient(total, inputs) if total else []
    except (LookupError, tf.errors.OpError):
        return float("nan")
    found = [g.numpy().astype(np.float64).reshape(len(kept), -1) for g in gradients if isinstance(g, tf.Tensor)]
    own, others = (sum(float((g[side] ** 2).sum()) for g in found) for side in (kept, ~kept))
    return float(np.sqrt(others / own)) if own > 0 else float("nan")


def _moved(
    subject: Subject,
    answers: Answers,
    batch: Sample,
    trials: list[tuple[NDArray[np.bool_], Sample]],
    places: dict[str, int],
    base: list[Floats],
    again: list[Floats],
) -> tuple[list[dict[str, Any]], int | None]:
    """Returns by how much each output moves, and the first trial in which one does more than by rounding."""
    exchanged = [answers(trial.x) for _, trial in trials]
    order = np.roll(np.arange(len(trials[0][0])), 1)
    turned = answers(batch.take(order).x)
    told, moved = [], None
    for name, i in places.items():
        unit, ulp = deviation(base[i]), epsilon(subject.model) * float(np.abs(base[i]).max())
        repeated = float(np.abs(again[i] - base[i]).max())
        by = [_largest(other[i] - base[i], kept) for other, (kept, _) in zip(exchanged, trials, strict=True)]
        noise = (10 * repeated + ROUNDED * ulp) / unit
        first = next((t for t, distance in enumerate(by) if distance / unit > noise), None)
        moved = first if moved is None else moved
        told.append(
            {
                "name": name,
                "moved": max(by) / unit,
                "noise": noise,
                "turned": _largest(turned[i] - base[i][order], np.ones(len(order), bool)) / unit,
                "turned_noise": (10 * repeated + ROUNDED_ELSEWHERE * ulp) / unit,
            }
        )
    return told, moved


def _largest(difference: Floats, rows: NDArray[np.bool_]) -> float:
    return float(np.abs(difference[rows]).max(initial=0.0))
