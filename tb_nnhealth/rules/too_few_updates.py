"""The training is too short: the optimizer took too few steps.

## What it detects
Trainings that end after so few optimizer steps that hardly anything could be learnt, and learnt nothing: one epoch,
or batches as large as the data.

## Why it matters
A step moves each weight by about a thousandth of its size. With a hundred of them no weight gets far from where it
began.

## How it is decided
The steps of a finished training are compared with the limit: fewer are a warning unless something was learnt. The
message tells batches in an epoch and epochs, for that is where the steps come from.

## When it is wrong
A few steps of fine-tuning may be all that is wanted.

## What to try
* Train for more epochs.
* Make the batches smaller: 32 is a good start.
* Raise the learning rate, if a hundred steps are all there is.

## References
* 37 reasons why your neural network is not working, 5.5 (give it time) and 2.11 (batch size).
* My neural network isn't working! What should I do?, reason 5 (batch size).
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import steps_per_epoch
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="too-few-updates",
    category="updates",
    title="The optimizer took too few steps",
    passing_title="The optimizer took enough steps to learn something",
    needs=("loss",),
    min_samples=1,
    thresholds=(
        Threshold("steps", 100.0, "steps", "at a thousandth of its size in a step, a weight moves by a tenth at most"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if not run.finished:
        raise NotJudged("the model was not trained yet" if run.untrained else "training goes on")
    if run.steps >= limits["steps"] or learns_well(run):
        return
    an_epoch = steps_per_epoch(run)
    shape = (
        f": {whole(len(run.epochs))} epoch{'s' if len(run.epochs) > 1 else ''} of {whole(an_epoch)}"
        if an_epoch and run.epochs
        else ""
    )
    yield Finding(
        RULE.name,
        "warning",
        f"The whole training took {whole(run.steps)} step{'s' if run.steps > 1 else ''}{shape}.",
        first_step=0,
        last_step=run.steps - 1,
        statistic="loss",
        observed=float(run.steps),
        limit=limits["steps"],
        unit="steps",
    )
