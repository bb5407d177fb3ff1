"""The batch size does not fit the data, or the model.

## What it detects
Batches so large that an epoch has only a few steps, and batches of one or a few examples under batch normalization.

## Why it matters
With few steps in an epoch the weights hardly move, and large batches lose the noise that helps to generalize. A batch
of one has no variance in a dense layer: batch normalization then removes what it should scale. The mean and variance
of two or three are mostly chance.

## How it is decided
From the number of steps in an epoch, as it was planned or else as the epochs that ended show it, and the size of the
batches seen. It is information, and a warning where a training learns nothing; of few examples under batch
normalization also where most of what was there to learn is left. Batches of all the data are a warning, too, where
the training ends after so few steps (see `too-few-updates`) that the loss still falls (see `still-improving`).

## When it is wrong
Full-batch training of a small problem, with as many epochs as it takes, is sound. Behind convolutions batch
normalization measures the positions of an image, too, and works with batches of one.

## What to try
* Start from a batch size of 32, and double it as long as an epoch gets shorter and the loss falls as well.
* With batches of a few examples, use layer or group normalization.

## References
* My neural network isn't working! What should I do?, reason 5 (you used a too large batch size).
* 37 reasons why your neural network is not working, 2.11.
* Wu and He (2018), Group normalization.
* Keskar et al. (2017), On large-batch training for deep learning.
"""

from collections.abc import Iterator
from dataclasses import replace

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._epochs import steps_per_epoch
from tb_nnhealth.rules._layers import before
from tb_nnhealth.rules._learning import is_held_back, severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Severity, Threshold
from tb_nnhealth.rules._series import examples_of_a_batch, span
from tb_nnhealth.rules.still_improving import RULE as STILL_IMPROVING
from tb_nnhealth.rules.still_improving import last_drop
from tb_nnhealth.rules.too_few_updates import RULE as TOO_FEW_UPDATES

RULE = Rule(
    name="batch-size",
    category="data",
    title="The batch size does not fit",
    passing_title="The batch size fits the data",
    needs=("batch_size",),
    min_samples=1,
    thresholds=(
        Threshold("steps", 10.0, "steps", "with fewer, a batch is more than a tenth of the data"),
        Threshold("normalized", 4.0, "examples", "Wu and He (2018), figure 1: the error grows fast towards 2 examples"),
    ),
    consults=(STILL_IMPROVING, TOO_FEW_UPDATES),
)


def check(run: HealthRun, limits: Limits, still_improving: Limits, too_few_updates: Limits) -> Iterator[Finding]:
    size = examples_of_a_batch(run)
    an_epoch = steps_per_epoch(run)
    severity: Severity = "info" if run.untrained else severity_of_symptom(run)
    normalized = [layer.path for layer in run.model.layers if _normalizes_examples(run, layer)]
    is_small = size < limits["normalized"] and bool(normalized)
    if not an_epoch and not is_small:
        raise NotJudged("the length of an epoch is not known")
    if is_small:
        examples, have = f"{number(size)} examples", "a mean and a variance that are mostly chance"
        if size == 1:
            examples, have = "one example", "no variance"
        message = f"Batches of {examples} under batch normalization have {have}."
        spoilt: Severity = "warning" if is_held_back(run) else "info"
        found = _finding(run, spoilt, message)
        yield replace(found, observed=size, limit=limits["normalized"], unit="examples", layer=normalized[0])
    if an_epoch and an_epoch < limits["steps"]:
        each = f"of {whole(size)} examples each" if size > 1 else "of one example each"
        message = f"An epoch has {an_epoch} step{'s' if an_epoch > 1 else ''}, {each}."
        ends_early = run.finished and run.steps < too_few_updates["steps"] and last_drop(run, still_improving)[0] > 0
        harm: Severity = "warning" if an_epoch == 1 and ends_early else severity
        largest = OnCurve("batch_size", size, size * an_epoch / limits["steps"])
        found = _finding(run, harm, message)
        yield replace(found, observed=float(an_epoch), limit=limits["steps"], unit="steps", on_curve=largest)


def _normalizes_examples(run: HealthRun, layer: Layer) -> bool:
    """Returns whether batch normalization measures the examples of a batch, not the positions of a picture, too."""
    if layer.class_name != "BatchNormalization":
        return False
    return next((source.class_name for source in before(run, layer) if source.parameters), None) == "Dense"


def _finding(run: HealthRun, severity: Severity, message: str) -> Finding:
    return Finding(RULE.name, severity, message, **span(run.step.steps), statistic="batch_size")
