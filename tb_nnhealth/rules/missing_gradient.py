"""A trainable variable gets no gradient.

## What it detects
Trainable variables whose gradient is `None`, or exactly zero on every sampled step, and those that a training step of
your own never gives to the optimizer.

## Why it matters
Such a variable is not connected to the loss, or only through an operation without a derivative (rounding, argmax,
casts to integers, comparison, clipping outside its range), or through a layer that is dead. It keeps its first value
however long the model trains.

## How it is decided
`None` or exactly zero at every sampled step, of four or more. All variables without a gradient are one finding, for a
gradient that is cut off at one place is missing everywhere before it: the variable nearest to the output is named,
since the cut lies right behind it, and the others are listed. It is an error where a layer gets no gradient at all and
the loss does not fall well. Where the loss falls well, and by a preflight, which cannot know, it is a warning; and
where the layers get a gradient for other variables of theirs, they are connected, and it is a warning at most, or
information in a run that learns. The same holds where all units of a layer are dead: that is the cause, and
`dead-units` names it. Where none is without a gradient, but the optimizer was never given some, that is a warning where
most of what was there to lose is left, else information.

By hand: `with tf.GradientTape() as tape: loss = model.compute_loss(x, y, model(x, training=True))`, then the norms of
`tape.gradient(loss, model.trainable_variables)`.

## When it is wrong
A part of the model that is not used in this training, an auxiliary head for instance, has no
gradient by design. The recurrent kernel of a sequence of length one has none either.

## What to try
* Look at what follows the named layer for rounding, argmax, casts to integers, comparisons, `stop_gradient` and NumPy
  calls: they have no derivative.
* Check that the layer's output is used in what the model returns.
* Look at the activations behind it: a layer of dead units passes no gradient.
* Check the output: a softmax over one unit is constant, and a clipped probability has no gradient.
* In a `train_step` of your own, take the gradients of all `self.trainable_variables`, and give them to the optimizer.
* Set `trainable = False` for what should not learn.

## References
* My neural network isn't working! What should I do?, reason 8 (dead units).
* Troubleshooting CNNs, on a network that does not train.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun, Layer, Variable
from tb_nnhealth.rules._learning import is_held_back, learns_well
from tb_nnhealth.rules._rule import Finding, Limits, Rule, Severity, Threshold
from tb_nnhealth.rules._series import Mask, rows_of, span
from tb_nnhealth.rules.dead_units import all_dead

RULE = Rule(
    name="missing-gradient",
    category="gradients",
    title="Variables get no gradient",
    passing_title="Every trainable variable gets a gradient",
    needs=("gradient_missing",),
    min_samples=4,
    judges_first_steps=True,
    thresholds=(
        Threshold("error", 0.0, "", "My neural network isn't working, reason 8: any variable that can never learn"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    variables, rows = rows_of(run.variables, trainable(run))
    lost = without_gradient(run, limits["error"])[rows]
    if not lost.any():
        yield from _left_out(run, variables, rows)
        return
    found = [variables[index] for index in np.flatnonzero(lost)]
    cut_off = in_whole_layers(found, variables)
    nearest = (cut_off or found)[-1]
    dead = all_dead(run)
    yield Finding(
        RULE.name,
        severity(bool(cut_off) and dead is None, run.untrained or learns_well(run)),
        _message(nearest, len(found), len(variables), dead),
        layer=nearest.layer,
        variable=nearest.path,
        **span(run.variables.steps),
        statistic="gradient_norm",
        observed=0.0,
        limit=limits["error"],
        unit="",
        others=tuple(variable.path for variable in found if variable is not nearest),
    )


def _left_out(run: HealthRun, variables: tuple[Variable, ...], rows: list[int]) -> Iterator[Finding]:
    """Yields the finding where some of the variables are never part of the step, and others always are."""
    measured: Mask = ~np.isnan(run.variables.series("value_norm")[:, rows])
    found = [variables[index] for index in np.flatnonzero(~measured.any(axis=0))]
    if not found or not measured.all(axis=0).any():
        return
    nearest, *others = found[::-1]
    told = (
        f" and {whole(len(others))} more are trainable, and the step trains none of them"
        if others
        else " is trainable, and the step does not train it"
    )
    yield Finding(
        RULE.name,
        "warning" if is_held_back(run) else "info",
        f"{nearest.path}{told}: the optimizer is never given {'them' if others else 'it'}.",
        layer=nearest.layer,
        variable=nearest.path,
        **span(run.variables.steps),
        statistic="gradient_missing",
        observed=float(len(found)),
        limit=0.0,
        unit="variables",
        others=tuple(variable.path for variable in others),
    )


def trainable(run: HealthRun) -> tuple[Variable, ...]:
    return tuple(variable for variable in run.model.variables if variable.trainable)


def without_gradient(run: HealthRun, limit: float = 0.0) -> Mask:
    """Returns `[rows]`: which variables had no gradient, None or exactly zero, whenever it was measured."""
    absent = run.variables.series("gradient_missing") == 1
    size = run.variables.series("gradient_norm")
    unknown = np.isnan(size) & ~absent
    mask: Mask = (absent | (size <= limit) | unknown).all(axis=0) & ~unknown.all(axis=0)
    return mask


def in_whole_layers(found: Sequence[Variable], variables: Sequence[Variable]) -> list[Variable]:
    """Returns those of the found variables whose layer has no other variable than found ones."""
    paths = {variable.path for variable in found}
    spared = {variable.layer for variable in variables if variable.path not in paths}
    return [variable for variable in found if variable.layer not in spared]


def severity(whole_layer: bool, learns: bool) -> Severity:
    """Returns how bad it is that variables cannot learn: less where only a part of a layer is concerned."""
    if whole_layer:
        return "warning" if learns else "error"
    return "info" if learns else "warning"


def _message(nearest: Variable, count: int, of: int, dead: Layer | None) -> str:
    cause = f": the units of {dead.path} are all dead" if dead else ""
    if count == of:
        return f"None of the {whole(of)} trainable variables gets a gradient{cause}."
    if count == 1:
        return f"{nearest.path} gets no gradient{cause}."
    return f"{nearest.path} and {whole(count - 1)} more get no gradient{cause}."
