"""The model learns from random inputs what it learns from real ones.

## What it detects
Models, or inputs of theirs, that do not use what they are given.

## Why it matters
A network that turns its inputs into garbage, or never sees them, still learns what is the same for all examples: its
loss falls, and stops at that of a constant.

## How it is decided
The preflight trains the model from its own start with Adam, with noise and regularizers turned off, on some of the
examples, in batches of up to 16, for up to 480 steps or 4 seconds (a sixth of the probe's time where that is longer,
and no more than half of what is left): at the rate 0.001 and, where that shows nothing, at 0.01 (at 0.0001 where it
exploded). After 15, 30, 60 … steps it answers the examples held out, up to 256. Of inputs that come more than once one
copy is used: of repeated data nothing that is held out was trained on.

Where these answers are the same for all inputs, at every look, that is an error, which names inputs of ids that hold
two different ones at most; an input that moves the answers nowhere, when it alone is exchanged between the examples, is
a warning, unless it is the same in all of them, or the loss may need it.

Otherwise random inputs are those of other examples: they have all that real ones have, but for the relation to the
target. A permutation test asks whether each answer costs less with its own target than with those of other examples.
It is exact for any number of examples, any loss and one training, because the examples judged took no part in it; the
p-value counts for as many looks as there may be, twelve (Bonferroni). **Error rate: of models that do not use their
inputs at most 1 in 100 pass** (`level`).

A model that does not pass fails only if a simple model that knows nothing of it sees the relation clearly in the same
examples (a linear model, one on random waves, the nearest neighbours), if by the model's own loss a linear model beats
the constant, by the test of `simple-baseline` and by more than `difference`, if it was trained for enough steps and is
past learning, and if the trainings on inputs shuffled between the examples, or on noise of their mean and deviation,
came as far. Otherwise there is no verdict: it learns from neither yet, or (`undecided`) may have begun to. The model's
own loss is asked for there may be a relation that it has no use for: of targets that are mostly zero the best answer by
the absolute error is zero, whatever the input is.

How often a healthy model fails so is not known from theory. Those of `docs/calibration.md` were counted.

By hand: train on `np.random.permutation(x)`, and see whether the loss differs.

## When it is wrong
An input that matters in rare examples only may be taken for one that is not used.

## What to try
* Look at two examples as the model gets them (`input-gallery`): are they all black or cast to integers (images), cut to
  constant columns (tables), or the same id for every word, as with another data set's vocabulary (texts)?
* Give both to one layer after another, `keras.Model(model.inputs, model.layers[1].output)` and on: where do they become
  the same? Look there for a softmax of one unit, dead units, multiplications by zero, masks and slices.
* Where one input alone is not used, check that it reaches the layer that it is meant for: inputs may be swapped.

## References
* 37 reasons why your neural network is not working, 2.2 (try random input) and 2.4.
* Fisher, The design of experiments, 1935 (permutation tests).
* Blum, Kalai and Langford, Beating the hold-out, 1999.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, plural, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._brief import BriefTraining, brief_trainings, number_of
from tb_nnhealth.rules._probe import probed, records_of, text_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

_SOURCE = "docs/calibration.md#preflight-random-input"

RULE = Rule(
    name="random-input",
    category="preflight",
    title="The input is not used",
    passing_title="The input is used",
    thresholds=(
        Threshold("level", 0.01, "p-value", "the error rate that the test is set for, a usual choice"),
        Threshold("undecided", 0.05, "p-value", "a usual level below which a relation is likely"),
        Threshold("spread", 1e-6, "ratio", "float32 keeps seven digits: less than that is not told from rounding"),
        Threshold("deviations", 8.0, "ratio", f"{_SOURCE}: how clearly simple models see the relation"),
        Threshold("steps", 200.0, "steps", f"{_SOURCE}: healthy models with 60 steps may have learnt nothing yet"),
        Threshold("difference", 0.02, "ratio", f"{_SOURCE}: how alike two losses are"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    trainings = brief_trainings(found)
    spreads = [spread for training in trainings for spread in training.spread.tolist() if math.isfinite(spread)]
    if not spreads:
        raise NotJudged("its answers were not measured")
    if max(spreads) <= limits["spread"]:
        yield _constant(found, max(spreads), limits["spread"])
        return
    unused = list(_unused(found, limits["spread"]))
    yield from unused
    p = number_of(found, "p")
    if p > limits["level"] and not unused:
        yield from _alike(found, trainings, p, limits)


def _constant(found: Probed, spread: float, limit: float) -> Finding:
    if value_of(found, "distinct") == 1:
        message = f"All {plural(value_of(found, 'examples'), 'example')} looked at have the same inputs."
    else:
        message = f"The answers to all inputs are the same, before training and after it{_of_few_values(found)}."
    return Finding(RULE.name, "error", message, observed=spread, limit=limit, unit="ratio")


def _of_few_values(found: Probed) -> str:
    """Returns what ids are like that stand for nothing, behind a colon; empty where there are none."""
    inputs = [(text_of(each, "name"), values_of(each, "values")) for each in records_of(found, "few_values")]
    told = [f"{name} holds nothing but {' and '.join(map(whole, values))}" for name, values in inputs if len(values)]
    return f": {', '.join(told)}" if told else ""


def _unused(found: Probed, limit: float) -> Iterator[Finding]:
    """Yields the inputs that move no answer while others do."""
    inputs = [(text_of(each, "name"), value_of(each, "moved")) for each in records_of(found, "inputs")]
    for name, moved in inputs:
        if moved <= limit and any(other > limit for _, other in inputs):
            message = f"No answer changes when the input {name} is that of another example."
            place = f"input/{name}"
            yield Finding(RULE.name, "warning", message, tensor=place, observed=moved, limit=limit, unit="ratio")


def _alike(found: Probed, trainings: list[BriefTraining], p: float, limits: Limits) -> Iterator[Finding]:
    """Yields a finding where real and random inputs are learnt alike though there is something to learn."""
    if p <= limits["undecided"]:
        raise NotJudged("the examples held out do not decide it")
    apparent = found.values.get("apparent")
    seen = [Probed(0.0, each) for each in apparent.values()] if isinstance(apparent, dict) else []
    clear = [value_of(one, "z") for one in seen if value_of(one, "p") <= limits["level"]]
    if not clear or max(clear) < limits["deviations"]:
        raise NotJudged("neither it nor a linear model learnt anything of the targets from so few examples")
    steps = min(training.steps for training in trainings)
    if steps < limits["steps"]:
        raise NotJudged(f"it learns from neither real nor random inputs yet, after {plural(steps, 'step')}")
    real = min(training.best for training in trainings)
    gain = number_of(found, "constant") - number_of(found, "linear")
    is_gained = number_of(found, "p_linear_beats_constant") <= limits["level"]
    if not is_gained or gain <= limits["difference"] * abs(real):
        raise NotJudged("by its own loss a linear model gains too little on a constant")
    if not all(training.is_past_learning(limits["difference"] * abs(real)) for training in trainings):
        raise NotJudged(f"it was still learning after {plural(steps, 'step')}")
    if all(np.ptp(training.held_losses) <= limits["spread"] * abs(real) for training in trainings):
        raise NotJudged("training changes nothing of its answers")
    random = [training.best for kind in ("shuffled", "noise") for training in brief_trainings(found, kind)]
    if not random or min(random) - real > limits["difference"] * abs(real):
        raise NotJudged("it was not trained on random inputs, or differs there, though no relation was found")
    yield Finding(
        RULE.name,
        "warning",
        f"On examples not seen it loses {number(real)} after training on real inputs, and {number(min(random))} after "
        "training on random ones, though simple models see what the targets depend on.",
        observed=p,
        limit=limits["level"],
        unit="p-value",
    )
