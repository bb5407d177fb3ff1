"""The loss jumps about more than it falls.

## What it detects
Training losses that go up and down from epoch to epoch, and fall in all by less than half of what they move.

## Why it matters
Each step overshoots: the learning rate is too high for this loss, or the batches are too small or too different.

## How it is decided
From the mean losses of the epochs, the first one left out. It counts where the median change from one epoch to the
next is a larger share of the loss than the limit, more changes than the limit undo the one before, and the whole fall
is less than half of what the changes add up to. It is a warning where nothing is learnt, else information.

## When it is wrong
Cyclic learning rates and restarts make the loss swing on purpose. Fewer than six epochs are not judged, however many
steps they have: the sampled steps' losses are those of single batches, which differ without any swing, and by how much
is not known (docs/calibration.md, what is not judged).

## What to try
* Lower the learning rate by a factor of 3 to 10, or let it decay.
* Use larger batches, and shuffle.
* Clip the gradient (`clipnorm=1.0`).

## References
* Troubleshooting CNNs, on the loss.
* 37 reasons why your neural network is not working, 5.10.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import MEAN_LOSS, curve
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import of_present_loss, span

RULE = Rule(
    name="oscillating-loss",
    category="loss",
    title="The loss jumps about more than it falls",
    passing_title="The loss falls more than it jumps about",
    thresholds=(
        Threshold("size", 0.1, "fraction", "a tenth of the loss, from epoch to epoch"),
        Threshold("reversals", 0.5, "fraction", "noise alone reverses two changes of three"),
        Threshold("epochs", 5.0, "epochs", "fewer show no swing"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    steps, losses = curve(of_present_loss(run), "loss")
    if len(losses) <= limits["epochs"]:
        few = "1 epoch is too short" if len(losses) == 1 else f"{len(losses)} epochs are too few"
        raise NotJudged(f"{few} to show a swing, and single batches differ without one")
    steps, losses = steps[1:], losses[1:]
    changes = np.diff(losses)
    size = float(np.median(np.abs(changes)) / max(abs(float(np.median(losses))), 1e-12))
    reversals = float((changes[1:] * changes[:-1] < 0).mean())
    fall = float(losses[0] - losses[-1])
    if size <= limits["size"] or reversals <= limits["reversals"] or fall > np.abs(changes).sum() / 2:
        return
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"From epoch to epoch the loss changes by {percent(size)}, and {percent(reversals)} of the changes undo "
        "the one before.",
        **span(steps),
        statistic="loss",
        observed=size,
        limit=limits["size"],
        unit="fraction",
        on_curve=OnCurve(MEAN_LOSS),
    )
