"""NaN or infinity appears in the training step.

## What it detects
The first step and the first place where a value is NaN or infinite: an input, a variable, a layer's
output, the loss, a gradient, an update.

## Why it matters
A NaN never goes away. It spreads through every product and sum, and one step later all variables
are NaN: nothing that was learnt is left.

## How it is decided
Any non-finite value is an error. Within the first step that has one, places are taken in the order in which the step
computes them: input, variable, layer output in forward order, loss, gradient in backward order, update. The first is
the finding, the rest are listed with it. The message says what grew just before. Where NaN or infinity stands only in
the batch or in layers' outputs, and all that was sampled of loss, gradients and variables from that step on is
finite, the model can handle them: that is information. A ReLU may hide NaN from the loss while its gradient spoils
the variables. Where only the variables tell of it, at a sample or at an epoch's end, the message names the steps
since they were last seen finite: the first and the last.

A mixed-precision optimizer that scales the loss tries scales until one overflows: non-finite
gradients at steps that it skips are its normal work and no finding.

## When it is wrong
A model that handles NaN in its inputs, or infinities of its own (a mask before a softmax), may be called
sick at the step in which they come, until the next sample shows that they do no harm.

## What to try
* Look for NaN and infinity in the inputs and targets, when the place is an input or the first layer.
* Lower the learning rate by a factor of 10.
* Clip the gradients: `clipnorm=1.0` in the optimizer.
* Look at the named layer for a division by zero, the logarithm or the square root of zero or of a
  negative number, and the exponential of a large one; add a small epsilon inside.
* Use `from_logits=True` with a linear output, so that the loss computes its logarithm safely.
* Normalize inputs and targets to zero mean and unit variance.

## References
* 37 reasons why your neural network is not working, 5.11 (check for exploding values and NaN).
* Debugging tips for neural networks, on gradients.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun, NonFinite, Place, Table
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import median, of_present_loss

RULE = Rule(
    name="nonfinite-values",
    category="numerics",
    title="NaN or infinity appears",
    passing_title="All values are finite",
    thresholds=(
        Threshold("growth", 10.0, "ratio", "an order of magnitude above the run's own median is told as growth"),
    ),
    judges_nonfinite=True,
)

STAGES = {
    "input": "data_nonfinite",
    "variable": "value_nonfinite",
    "activation": "activation_nonfinite",
    "loss": "loss",
    "gradient": "gradient_nonfinite",
    "update": "update_norm",
}
"""Stages in causal order, each with the statistic that counts its non-finite elements."""

GREW = (("loss", "the loss"), ("gradient_global_norm", "the gradient norm"))

HANDLED = ("input", "activation")
"""Stages whose non-finite values a model may be made for: masks of minus infinity, labels that a loss leaves out."""


def first_nonfinite(run: HealthRun) -> NonFinite | None:
    """Returns the first non-finite values; None where there are none, or where they did no harm."""
    events = _events(run)
    return None if all(_is_handled(run, event) for event in events) else events[0]


def _events(run: HealthRun) -> list[NonFinite]:
    """Returns what was seen first while training and in the samples, the earlier one first."""
    told = run.nonfinite if run.nonfinite is not None and run.nonfinite.places else None
    return sorted((event for event in (told, _sampled(run)) if event), key=lambda event: event.step)


def _is_handled(run: HealthRun, event: NonFinite) -> bool:
    """Returns whether loss, gradients and variables have been finite all the same, from that step on."""
    if any(place.stage not in HANDLED for place in event.places):
        return False
    losses = run.step.series("loss", "step")[run.step.steps >= event.step]
    since = run.variables.steps >= event.step
    counts = [run.variables.series(f"{what}_nonfinite")[since] for what in ("value", "gradient")]
    was_seen = len(losses) > 0 and bool(since.any())
    return was_seen and bool(np.isfinite(losses).all()) and not any(np.nan_to_num(count).any() for count in counts)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    events = _events(run)
    if not events:
        if not (len(run.step.steps) or len(run.variables.steps) or len(run.activations.steps)):
            raise NotJudged("no step was sampled")
        return
    event = events[0]
    first, *rest = event.places
    layer, variable = _owner(run, first)
    is_handled = all(_is_handled(run, event) for event in events)
    where = {"loss": "in the loss", "activation": f"in the output of {first.path}"}.get(
        first.stage, f"in the {first.stage} of {first.path}" if first.stage != "input" else f"in {first.path}"
    )
    first_step, step = event.first_step, event.step
    when = f"{'at' if event.since is None else f'between step {whole(first_step)} and'} step {whole(step)}"
    yield Finding(
        RULE.name,
        "info" if is_handled else "error",
        f"NaN or infinity appears first {when}, {where}"
        + ("; loss and weights stay finite." if is_handled else f"{_growth(run, first_step, limits['growth'])}."),
        layer=layer,
        variable=variable,
        tensor=first.path if first.stage == "input" else None,
        first_step=first_step,
        last_step=step,
        statistic=STAGES.get(first.stage),
        observed=first.count,
        limit=0.0,
        unit="elements",
        others=tuple(dict.fromkeys(place.path or place.stage for place in rest if place.path != first.path)),
    )


def _sampled(run: HealthRun) -> NonFinite | None:
    scaled = bool((run.model.compile.get("optimizer") or {}).get("loss_scaled"))
    sources = [("input", run.data), ("variable", run.variables), ("activation", run.activations)]
    if not scaled:
        sources.append(("gradient", run.variables))
    counts = {stage: (table, table.series(STAGES[stage])) for stage, table in sources}
    steps = [int(table.steps[_bad(count)][0]) for table, count in counts.values() if _bad(count).any()]
    if not steps:
        return None
    step = min(steps)
    places = [place for stage, (table, _) in counts.items() for place in _places(stage, table, step)]
    spoilt = [Place("update", place.path, place.count) for place in places[::-1] if place.stage == "variable"]
    before = run.variables.steps[run.variables.steps < step]
    if not spoilt or not len(before):
        return NonFinite(step, tuple(places))
    since = int(before[-1]) - 1  # A sample shows the variables as they are before its step.
    return NonFinite(step - 1, tuple(spoilt), since if since < step - 2 else None)


def _bad(counts: np.ndarray) -> np.ndarray:
    return np.asarray((counts > 0).any(axis=1)) if counts.size else np.zeros(len(counts), bool)


def _places(stage: str, table: Table, step: int) -> list[Place]:
    counts = table.series(STAGES[stage])[table.steps == step]
    if not len(counts):
        return []
    places = [Place(stage, row, float(count)) for row, count in zip(table.rows, counts[0], strict=True) if count > 0]
    return places[::-1] if stage == "gradient" else places


def _owner(run: HealthRun, place: Place) -> tuple[str | None, str | None]:
    variable = run.model.variable(place.path)
    if variable:
        return variable.layer, variable.path
    layer = run.model.layer_of_row(place.path) or run.model.layer(place.path)
    return (layer.path if layer else None), None


def _growth(run: HealthRun, step: int, limit: float) -> str:
    table = of_present_loss(run).step if step >= run.loss_since else run.step
    told = []
    for statistic, words in GREW:
        series = table.highs(statistic, "step")[table.steps < step]
        series = np.abs(series[np.isfinite(series)].astype(np.float64))
        if len(series) >= 4 and series[-1] > limit * median(series[:-1]) > 0:
            told.append(f"{words} from about {number(float(median(series[:-1])))} to {number(series[-1])}")
    return f"; before it grew {' and '.join(told)}" if told else ""
