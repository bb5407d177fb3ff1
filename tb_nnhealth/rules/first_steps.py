"""The training fails in its first steps.

## What it detects
Trainings that raise an error in one of their first steps, before anything is learnt: labels that the output does not
have, shapes that do not fit, targets that are missing, data that break off, or hold no example, or more inputs than
targets.

## Why it matters
`fit` would stop there, perhaps after a long wait for the data, and its message hides what is wrong in the places where
it came up.

## How it is decided
A preflight takes four steps of the training with `fit`, on the first examples of the data, and brings the model back.
An error that is raised in them, or while the data is read, is the finding, and that arrays hold not as many targets as
inputs: the probes then have those examples that have both. Batches whose arrays differ in length, as of graphs, are
given to `fit` as they are: whether they can be trained on shows in the steps. A model that is not compiled takes none.

By hand: `model.fit(x[:128], y[:128], epochs=1)`.

## When it is wrong
The steps are given arrays of the batches that were read, not the data itself.

## What to try
* Read what the message says of shapes and values, and look at one batch beside `model.summary()`.
* Count the labels from 0, and give the output as many units as there are classes.
* Give the targets that the loss expects, in the form that it expects them in.

## References
* 37 reasons why your neural network is not working, 1.5 and 2.1 (start with a few examples, check your input data).
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule

RULE = Rule(
    name="first-steps",
    category="preflight",
    title="The training fails in its first steps",
    passing_title="The first steps of the training can be taken",
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if run.flight is None:
        raise NotJudged("no preflight was run")
    if run.flight.followed:
        raise NotJudged("the training has begun")
    if run.flight.failed:
        yield Finding(RULE.name, "error", f"No step can be taken. {run.flight.failed.rstrip('.')}.")
    elif not run.steps:
        raise NotJudged("no step was taken")
