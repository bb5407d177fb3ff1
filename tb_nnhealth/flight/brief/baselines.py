"""A constant and a linear model in the place of a model: answers of its form, fitted to some examples for others.

Which form a model's answers have, probabilities, logits or numbers, its loss knows: of several forms of a constant that
one is taken which costs least on the examples that it was fitted to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.brief import linear
from tb_nnhealth.flight.brief.costs import Costs
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.numbers import plural

Floats = NDArray[np.float64]

MOST_OUTPUTS = 20_000
"""No linear model is fitted to more numbers an example."""

MOST_LOGISTIC = 200
"""More classes are fitted by least squares, which is quicker."""

LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Baselines:
    """The loss of each held-out example by the answers of a constant and of a linear model, `[held]` each."""

    constant: Floats
    linear: Floats


def baselines(costs: Costs, inputs: Floats, held_inputs: Floats, kept: Sample, held: Sample, answers: Any) -> Baselines:
    """Returns what both lose.

    Args:
      costs: the model's loss.
      inputs: `[n, features]`, of the examples to be fitted to.
      held_inputs: the same of the others.
      kept: the examples to be fitted to.
      held: the others.
      answers: the model's to these, for their form.

    Raises:
      NotMeasured: the targets do not say what a constant answer would be; says why.
    """
    leaves, judged = keras.tree.flatten(answers), _judged(costs, answers, held)
    targets = _targets(keras.tree.flatten(kept.y), judged, len(leaves))
    wanted = [_wanted(np.asarray(target), leaves[i].shape) for target, i in zip(targets, judged, strict=True)]
    forms = _Forms(costs, answers, judged)
    uneven = _uneven(wanted[0].values)
    asked = forms.cheapest(kept.take(uneven), [list(_constants(want, uneven)) for want in wanted])
    every = np.arange(kept.examples)
    constants = [list(_constants(want, every))[form] for want, form in zip(wanted, asked, strict=True)]
    lines = [list(_lines(want, inputs, held_inputs))[form] for want, form in zip(wanted, asked, strict=True)]
    return Baselines(forms.costs(held, constants), forms.costs(held, lines))


def _judged(costs: Costs, answers: Any, held: Sample) -> list[int]:
    """Returns which outputs the loss looks at: with other random answers of these it is another. All where it fails."""
    leaves, random = keras.tree.flatten(answers), np.random.default_rng(0)
    if len(leaves) == 1:
        return [0]
    drawn = [random.random(leaf.shape, np.float32) for leaf in leaves]
    try:
        own, found = costs.each(keras.tree.pack_sequence_as(answers, drawn), held), []
    except NotMeasured:
        return list(range(len(leaves)))
    for index, leaf in enumerate(leaves):
        others = [*drawn[:index], random.random(leaf.shape, np.float32), *drawn[index + 1 :]]
        if not np.array_equal(costs.each(keras.tree.pack_sequence_as(answers, others), held), own):
            found.append(index)
    return found


def _targets(targets: list[Any], judged: list[int], outputs: int) -> list[Any]:
    """Returns those of the outputs that are judged: each output may have one, or only these."""
    given = [targets[index] for index in judged] if len(targets) == outputs else targets
    if not judged or len(given) != len(judged) or any(target is None for target in given):
        raise NotMeasured(f"the model gives {plural(outputs, 'prediction')} for {plural(len(targets), 'target')}")
    return given


class _Forms:
    """Answers in the form of the model's, and what they cost; zeros of the outputs that no loss looks at."""

    def __init__(self, costs: Costs, answers: Any, judged: list[int]) -> None:
        self._costs, self._answers, self._judged = costs, answers, judged
        self._shapes = [leaf.shape[1:] for leaf in keras.tree.flatten(answers)]

    def costs(self, sample: Sample, outputs: list[Floats]) -> Floats:
        """Returns the losses `[n]` of answers `[n, …]` or `[1, …]` of each output that is judged."""
        shaped = [np.zeros((sample.examples, *shape), np.float32) for shape in self._shapes]
        for index, output in zip(self._judged, outputs, strict=True):
            shaped[index][:] = output.reshape(len(output), *self._shapes[index])
        return self._costs.each(keras.tree.pack_sequence_as(self._answers, shaped), sample)

    def cheapest(self, sample: Sample, forms: list[list[Floats]]) -> list[int]:
        """Returns of each output which form costs least, one output after another."""
        chosen = [0] * len(forms)
        for output, of_output in enumerate(forms):
            losses = []
            for form in range(len(of_output)):
                chosen[output] = form
                losses.append(self.costs(sample, [each[i] for each, i in zip(forms, chosen, strict=True)]).mean())
            chosen[output] = int(np.argmin(np.nan_to_num(losses, nan=np.inf)))
        return chosen


def _uneven(values: Floats) -> NDArray[np.int64]:
    """Returns some examples, of which those with low values are rare: of even classes any form costs the same."""
    order = np.argsort(values @ np.arange(1, values.shape[1] + 1), kind="stable")
    half = len(order) // 2
    return np.concatenate([order[:half:3], order[half:]])


@dataclass(frozen=True)
class _Wanted:
    """An output's targets as the best answers `[n, outputs]`, and how many classes exclude each other, if any."""

    values: Floats
    classes: int

    @property
    def are_shares(self) -> bool:
        return bool(((self.values >= 0) & (self.values <= 1)).all())


def _wanted(target: NDArray[Any], shape: tuple[int, ...]) -> _Wanted:
    outputs = int(np.prod(shape[1:], dtype=np.int64))
    if outputs > MOST_OUTPUTS:
        raise NotMeasured(f"a prediction has {outputs:,} numbers an example: no linear model is fitted to so many")
    flat, classes = target.reshape(len(target), -1), int(shape[-1]) if len(shape) > 1 else 1
    if flat.dtype.kind not in "fiub":
        raise NotMeasured("the targets are no numbers")
    if flat.shape[1] == outputs:
        values = flat.astype(np.float64)
        by_class = values.reshape(len(values), -1, classes) if classes > 1 else None
        are_shares = by_class is not None and (values >= 0).all() and np.allclose(by_class.sum(axis=2), 1, atol=1e-3)
        return _Wanted(values, classes if are_shares else 0)
    if flat.shape[1] * classes != outputs or not np.isin(flat, np.arange(classes)).all():
        raise NotMeasured(
            f"targets of shape {target.shape[1:]} do not say what predictions of shape {shape[1:]} should be"
        )
    return _Wanted(np.eye(classes)[flat.astype(np.int64)].reshape(len(flat), -1), classes)


def _constants(want: _Wanted, rows: NDArray[np.int64]) -> Iterator[Floats]:
    """Yields the best constant answers `[1, outputs]` to these examples, in the forms that may be asked for."""
    yield from _forms(want.values[rows].mean(axis=0)[None], want)
    yield np.median(want.values[rows], axis=0)[None]


def _lines(want: _Wanted, inputs: Floats, held: Floats) -> Iterator[Floats]:
    """Yields a linear model's answers to other inputs, in the same forms."""
    straight = linear.ridge(inputs, want.values)(held)
    inside = np.clip(straight, want.values.min(axis=0), want.values.max(axis=0))
    is_quick = want.values.shape[1] <= MOST_LOGISTIC and want.classes in (0, want.values.shape[1])
    if want.are_shares and is_quick:
        yield from _forms(linear.logistic(inputs, want.values, want.classes > 0)(held), want)
    else:
        yield from _forms(inside, want)
    yield inside


def _forms(values: Floats, want: _Wanted) -> Iterator[Floats]:
    """Yields answers as numbers, and where they are shares as probabilities, logits and log-odds."""
    yield values
    if want.are_shares:
        shares = np.clip(values, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        if want.classes:
            grouped = shares.reshape(len(shares), -1, want.classes)
            shares = (grouped / grouped.sum(axis=2, keepdims=True)).reshape(shares.shape)
        yield shares
        yield np.log(shares)
        yield np.log(shares / (1 - shares))
