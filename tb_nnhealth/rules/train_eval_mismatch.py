"""The same batch scores far worse in inference mode than in training mode.

## What it detects
Models that lose in inference mode, with the same weights and on the same batch, much of what training has gained.

## Why it matters
`evaluate`, `predict` and the validation run the model in inference mode, the training loss is that of training mode.
Such a model is worse than its training loss says, and what looks like overfitting is none: the examples are the same.

## How it is decided
At the ends of epochs (the 1st, 2nd, 4th, 8th … and last, and others where that is cheap) the loss of the last sampled
batch is taken in both modes, with the same weights, without regularization. What inference mode loses is compared
with what training has gained: the fall of the loss from the first samples to training mode's. It must exceed the
limit at every measured end of an epoch in the last half of the training, of two at least. Models that have learnt
nothing have nothing to lose: they are not judged; nor are those without a layer that does otherwise in training, such
as `BatchNormalization` or `Dropout` of a rate above zero. Where inference mode is the better one, all is well:
dropout makes training harder than the test.

By hand: `model.compute_loss(x, y, model(x, training=True))` beside `model.evaluate(x, y)`, on one batch.

## When it is wrong
In a training of a few dozen steps moving averages have not had the time to arrive: it is right about the model as it
is, and more training mends it. A `SwapEMAWeights` swaps in weights that the moving averages were not taken with.

## What to try
* Give `BatchNormalization` a lower `momentum`, such as 0.9, where there are few steps: it needs several times
  1 ÷ (1 - momentum) of them.
* Use batches of 16 examples or more, shuffled, or `GroupNormalization` or `LayerNormalization`, which do the same in
  both modes.
* Do not put strong dropout in front of `BatchNormalization`: the variance that it has learnt holds with dropout only.
* In a layer of your own, look at what it does with `training`: dropped units must be made up for by a scale.

## References
* Li, X. et al. (2019), Understanding the Disharmony between Dropout and Batch Normalization by Variance Shift, CVPR.
* Ioffe, S. (2017), Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models, NeurIPS.
* 37 reasons why your neural network is not working, 5.6.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import Epoch, HealthRun, Layer, ModeLosses
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._loss import loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import median, of_present_loss

RULE = Rule(
    name="train-eval-mismatch",
    category="loss",
    title="The same batch scores far worse in inference mode than in training mode",
    passing_title="Training and inference mode score alike",
    needs=("loss",),
    min_samples=4,
    thresholds=(
        Threshold(
            "warning",
            0.5,
            "fraction",
            "docs/calibration.md: healthy trainings end at 0.2 at most, late averages at 0.5",
        ),
        Threshold("epochs", 2.0, "epochs", "docs/calibration.md: after one, moving averages are still on their way"),
    ),
)


DIFFERING = ("BatchNormalization", "GaussianNoise", "SpectralNormalization")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    ends = [(epoch, epoch.modes) for epoch in of_present_loss(run).epochs if epoch.modes is not None]
    ends = [(epoch, modes) for epoch, modes in ends if math.isfinite(modes.training)]
    if len(ends) < limits["epochs"]:
        raise NotJudged(_why_too_few(run, len(ends), limits["epochs"]))
    if not learns_well(run):
        raise NotJudged("nothing was learnt that inference mode could lose")
    start = _start(run)
    last = ends[-1][0].step
    late = [end for end in ends if end[0].step > last / 2]
    late = late if len(late) >= limits["epochs"] else ends[-int(limits["epochs"]) :]
    lost = [_lost(start, modes) for _, modes in late]
    if min(lost) > limits["warning"]:
        yield _finding(late, f"{number(start)} ({loss_curve(run).start_of})", lost[-1], limits["warning"])


def _why_too_few(run: HealthRun, ends: int, needed: float) -> str:
    if ends:
        plural = "s" if ends > 1 else ""
        return (
            f"the modes were compared at the end of {whole(ends)} epoch{plural}, of the {number(needed)} that a "
            "verdict needs"
        )
    if not any(_differs(layer) for layer in run.model.layers):
        return "no layer is known to do otherwise in training than in inference"
    if not of_present_loss(run).epochs:
        return "no epoch has ended, at which the modes are compared"
    return "no epoch's end has a finite loss in both modes: none is taken in eager or custom steps, or by `modes=False`"


def _differs(layer: Layer) -> bool:
    return bool(layer.rate) or layer.class_name in DIFFERING or layer.class_name.startswith("Random")


def _start(run: HealthRun) -> float:
    """Returns the loss at the very start, without regularization where it was measured."""
    step = of_present_loss(run).step
    of_data = float(median(step.series("data_loss", "step")[:3]))
    return of_data if math.isfinite(of_data) else float(median(step.series("loss", "step")[:3]))


def _lost(start: float, modes: ModeLosses) -> float:
    """Returns the share of what training gained that inference mode loses; 0 where training gained nothing."""
    gained = start - modes.training
    if not gained > 0:
        return 0.0
    return (modes.inference - modes.training) / gained if math.isfinite(modes.inference) else math.inf


def _finding(late: list[tuple[Epoch, ModeLosses]], start: str, lost: float, limit: float) -> Finding:
    (first, _), (last, modes) = late[0], late[-1]
    worse = number(modes.inference) if math.isfinite(modes.inference) else "no finite loss"
    return Finding(
        RULE.name,
        "warning",
        f"At step {whole(last.step - 1)} the same batch has a loss of {number(modes.training)} in training mode and "
        f"{worse} in inference mode; the training began at {start}.",
        first_step=first.step - 1,
        last_step=last.step - 1,
        statistic="loss",
        observed=lost if math.isfinite(lost) else None,
        limit=limit,
        unit="fraction",
    )
