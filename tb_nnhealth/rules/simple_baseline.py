"""A linear model learns what the model does not.

## What it detects
Models that, on the same examples, do not get below a constant's loss, or stay far above a linear model's.

## Why it matters
What a linear model finds in a moment is easy. A network that misses it is not hampered by the task but by its own
making: its inputs, its last layer, its loss, or a layer that lets nothing through.

## How it is decided
Some of the examples are held out, up to 256. On the others three are fitted: a constant; a linear model of the
standardized, flattened inputs (ridge regression, or logistic regression that ends where left-out examples lose least;
more than 128 columns are projected at random; ids and words are counted); and the model, briefly (how: see
`random-input`). All three are judged by the model's own loss of the same held-out examples, the model at its best look.

Differences are tested in pairs, example by example, for "the linear model's mean loss, on all examples that there may
be, is no lower". Two tests must agree: how often would the mean be as large if the sign of each difference were thrown
by a coin (exact where they are symmetric), and is it large against its deviation, corrected for the skewness (Hall)?
**Error rate: set for 1 in 100** (`level`), **and held about**: by simulation 0.5 to 1.5 in 100 where differences are
symmetric, less where rare ones speak for the linear model; where rare large ones speak against it, 1 to 6 in 100 of 64
held-out examples and 1 to 4 of 256. The worst is what hardly any example shows: of forecasts of an event of 2 in 100
that are equally good, the bolder is called better 26 times in 100 with 64 examples, 7 with 128, 1 with 256. So with
rare classes look at the number of held-out examples; of fewer than 64 (`examples`) no fault is told.

A fault is told only where the linear model beats the constant by such a test, too, the model was trained for enough
steps, and it is past learning: between its last two looks, of which the last has twice the steps, its held-out loss
fell by less than a twentieth of what the linear model gains, and of what it gains itself (`settled`), nor further from
look to look, nor did its answers go any clearer with their own targets. Otherwise there is no verdict: a hard task,
large targets, or a slow start are no fault.

It fails where the model does not beat the constant, or gains less than a quarter of what the linear model does
(`share`). Deep networks may rest at a constant's loss for a while: where answers go with their own targets already
(see `shuffled-labels`), that alone is no fault. Targets as large as an input, as those of autoencoders, are held
against the constant only: a copy is linear, and a bottleneck is there to prevent it.

By hand: `sklearn.linear_model.LogisticRegression().fit(x, y)`, beside `model.evaluate`.

## When it is wrong
A model that is meant to see less than a linear one, such as a convolution with global pooling of what depends on the
place, may be right so.

## What to try
* Start with the linear model in Keras, one layer and the same loss, and add layers while it gets better.
* Check the last layer's activation against the range of the targets, and the loss against both.
* Look for what takes information away: global pooling, a narrow layer, a normalization over few features.

## References
* 37 reasons why your neural network is not working, 1.1 and 4.1 (solve a simpler version first).
* Karpathy, A recipe for training neural networks (dumb baselines, input-independent baseline).
* Pitman, Significance tests which may be applied to samples from any populations, 1937.
* Hall, On the removal of skewness by transformation, 1992.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import apart, number, percent, plural
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._brief import brief_trainings, number_of
from tb_nnhealth.rules._probe import probed, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

_SOURCE = "docs/calibration.md#preflight-simple-baseline"

RULE = Rule(
    name="simple-baseline",
    category="preflight",
    title="A linear model learns what the model does not",
    passing_title="The model beats a constant, and is not far below a linear model",
    thresholds=(
        Threshold("level", 0.01, "p-value", "the error rate that the tests are set for, a usual choice"),
        Threshold("examples", 64.0, "examples", f"{_SOURCE}: of fewer the tests err more often"),
        Threshold("share", 0.25, "fraction", f"{_SOURCE}: healthy models that were past learning gained more"),
        Threshold("settled", 0.05, "fraction", f"{_SOURCE}: healthy models that were further from it still fell"),
        Threshold("steps", 200.0, "steps", f"{_SOURCE}: healthy models with 60 steps may have learnt nothing yet"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    constant, linear, model = (number_of(found, name) for name in ("constant", "linear", "model"))
    gain, own = constant - linear, constant - model
    beats = number_of(found, "p_model_beats_constant") <= limits["level"]
    is_copy = value_of(found, "reconstructs") == 1
    is_easy = number_of(found, "p_linear_beats_constant") <= limits["level"] and gain > 0
    is_below = number_of(found, "p_linear_beats_model") <= limits["level"]
    if beats and (is_copy or not is_easy or not is_below or own >= limits["share"] * gain):
        return
    if not is_easy:
        raise NotJudged("neither it nor a linear model learns more than a constant from so few examples")
    held = number_of(found, "held")
    if not is_below:
        raise NotJudged(f"{plural(held, 'held-out example')} do not tell it from a linear model")
    if held < limits["examples"]:
        raise NotJudged(f"{plural(held, 'held-out example')} are too few to hold it against a linear model")
    trainings = brief_trainings(found)
    steps = min((training.steps for training in trainings), default=0.0)
    if steps < limits["steps"]:
        raise NotJudged(f"a training of {plural(steps, 'step')} is too short for a verdict")
    small = limits["settled"] * (min(gain, own) if beats else gain)
    if not all(training.is_past_learning(small) for training in trainings):
        raise NotJudged(f"it was still learning after {plural(steps, 'step')}")
    is_near = own > -limits["share"] * gain
    if not beats and is_near and number_of(found, "p") <= limits["level"]:
        raise NotJudged("its answers go with their own targets, though they are no better than a constant yet")
    yield Finding(
        RULE.name,
        "warning",
        _message(constant, linear, model, beats),
        observed=own / gain,
        limit=limits["share"],
        unit="fraction",
    )


def _message(constant: float, linear: float, model: float, beats: bool) -> str:
    told, other = apart(model, constant)
    if beats:
        share = percent((constant - model) / (constant - linear))
        return (
            f"On examples not seen it gains {share} of what a linear model does: its loss is {told}, a constant's "
            f"{other}, a linear model's {number(linear)}."
        )
    return (
        f"On examples not seen its loss is {told}, no better than a constant's, {other}; a linear model's is "
        f"{number(linear)}."
    )
