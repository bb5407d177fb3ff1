"""The examples of brief trainings: those that are used, their batches, and what is put in their place."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import keras
import numpy as np

from tb_nnhealth.flight.brief.features import encoded, features, main_direction
from tb_nnhealth.flight.clock import NothingToMeasure, NotMeasured
from tb_nnhealth.flight.examples.rows import named_arrays
from tb_nnhealth.flight.examples.twins import first_of_each
from tb_nnhealth.flight.fixed_batch import fixed_batch
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.shuffled import shuffled

Kind = Literal["real", "planted", "shuffled", "noise"]
"""Examples as they are; with their targets in an order that follows the inputs; with inputs of other examples; with
noise for inputs."""

LEAST_EXAMPLES = 40

MOST_IN_BATCH = 16


def used(subject: Subject) -> Sample:
    """Returns the examples that are used, each input once: what is learnt by heart of one would be right of its copies,
    which the data hold where they repeat. Of one input alone nothing can be learnt by heart: its copies are kept."""
    sample = subject.training
    if sample.y is None or all(leaf is None for leaf in keras.tree.flatten(sample.y)):
        raise NothingToMeasure("the data has no targets")
    first = first_of_each([array for _, array in named_arrays(sample.x)])
    left_out = ", copies left out" if len(first) < sample.examples else ""
    if len(first) > 1:
        sample = sample.take(first)
    if sample.examples < LEAST_EXAMPLES:
        raise NotMeasured(
            f"it needs {LEAST_EXAMPLES} different examples to tell anything from chance, and has {sample.examples}"
            f"{left_out}"
        )
    return replace(sample, batch_size=fixed_batch(subject.model) or sample.batch_size)


def batch_size(sample: Sample, model: Any, examples: int) -> int:
    """Returns how many of these examples a step takes: as many as the model was made for, where that is one number."""
    fixed = fixed_batch(model)
    if fixed is None:
        return min(sample.batch_size, MOST_IN_BATCH, examples)
    if fixed > examples:
        raise NotMeasured(f"the model takes batches of {fixed} only, and {examples} examples can be spared to train it")
    return fixed


def batches(sample: Sample, size: int, random: np.random.Generator) -> Iterator[Sample]:
    """Returns batches without end, each example once before any comes again."""
    return map(sample.take, shuffled(sample.examples, size, random))


def of_kind(kind: Kind, sample: Sample, subject: Subject) -> Sample:
    """Returns the sample with what such a training has in place of its inputs or targets."""
    random = subject.random(f"brief data {kind}")
    if kind == "planted":
        return _planted(sample, subject)
    if kind == "shuffled":
        return replace(sample, x=sample.take(random.permutation(sample.examples)).x)
    if kind == "noise":
        return replace(sample, x=keras.tree.map_structure(lambda leaf: _noise(leaf, random), sample.x))
    return sample


def _planted(sample: Sample, subject: Subject) -> Sample:
    """Returns the sample with its targets in an order in which they are related to the inputs: that of their main
    direction, for inputs in the order of theirs."""
    by_input = np.argsort(main_direction(features(sample.x, subject.random("brief features"))))
    by_target = np.argsort(main_direction(encoded(sample.y, subject.random("brief targets"))))
    order = np.empty(sample.examples, np.int64)
    order[by_input] = by_target
    other = sample.take(order)
    return replace(sample, y=other.y, weights=other.weights)


def _noise(leaf: Any, random: np.random.Generator) -> Any:
    """Returns normal numbers of the same mean and deviation, each place by itself; ids and words are drawn from it."""
    if leaf is None:
        return None
    if leaf.dtype.kind != "f":
        return random.permuted(leaf, axis=0)
    mean, spread = leaf.mean(axis=0, dtype=np.float64), leaf.std(axis=0, dtype=np.float64)
    return (random.standard_normal(leaf.shape) * spread + mean).astype(leaf.dtype)
