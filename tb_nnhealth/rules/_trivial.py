"""What the best constant answer would lose: what a model has to beat."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import heads
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._series import Floats, examples_of_a_batch, late, mean, median, of_present_loss, target_rows

MEANS = ("sum_over_batch_size", "mean")
"""How a loss is reduced to a mean over the examples; the first is Keras' own choice."""

SUM = "sum"
"""How a loss is reduced to one that grows with the batch."""

CATEGORICAL = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")


@once
def trivial_loss(run: HealthRun) -> float:
    """Returns the loss of the best constant prediction, NaN where the labels seen do not tell it.

    The entropy of the class frequencies for cross-entropies, the targets' variance for the mean squared error, each
    with the weights of the examples and of the loss; of several outputs the sum, where each is known. A loss that is
    summed over the examples of a batch has as many times that of a mean.
    """
    run = of_present_loss(run)
    parts = [_weight(loss) * _of_loss(run, loss, output) for loss, output in compiled_losses(run)]
    return sum(parts) if parts else math.nan


def undecided_loss(run: HealthRun) -> float:
    """Returns the loss of giving each class the same probability, as a fresh model does: ln C for C classes, ln 2 for a
    yes or no, weighted and summed as the trivial predictor's; NaN where not every loss is a cross-entropy."""
    run = of_present_loss(run)
    units = {head.name: head.units for head in heads(run)}
    parts = [
        _weight(loss)
        * _summed(run, loss)
        * _mean_weight(run, output)
        * _undecided(str(loss.get("class_name")), units.get(str(loss.get("output")), next(iter(units.values()), None)))
        for loss, output in compiled_losses(run)
    ]
    return sum(parts) if parts else math.nan


def _undecided(loss: str, units: int | None) -> float:
    if loss == "BinaryCrossentropy":
        return math.log(2)
    return math.log(units) if loss in CATEGORICAL and units else math.nan


def over_trivial_by_output(run: HealthRun) -> dict[str, float]:
    """Returns each output's late unweighted loss ÷ that of its own best constant answer, NaN where that is not known
    or zero."""
    run = of_present_loss(run)
    window, ratios = late(run.step.steps), {}
    for loss, output in compiled_losses(run):
        name = str(loss.get("output"))
        losses = run.step.series(f"output_loss/{name}", "step")[window]
        ratios[name] = float(median(losses)) / (_of_loss(run, loss, output) or math.nan)
    return ratios


def compiled_losses(run: HealthRun) -> list[tuple[Mapping[str, Any], str | None]]:
    """Returns each compiled loss with the name of its target, which is None where it is the only one."""
    losses = run.model.compile.get("losses") or []
    if len(losses) == 1:
        return [(losses[0], None)]
    targets = {head.name: head.target.name for head in heads(run) if head.target}
    return [(loss, targets.get(str(loss.get("output")), "")) for loss in losses]


def _summed(run: HealthRun, loss: Mapping[str, Any]) -> float:
    """Returns of how many examples' losses a compiled one is the sum, 1 for a mean, NaN where it cannot be told: of
    positions some may be masked, and of labels some left out."""
    reduction = loss.get("reduction", MEANS[0])
    if reduction in MEANS:
        return 1.0
    shapes = [prediction.shape for prediction in run.model.tensors("prediction")]
    if reduction != SUM or loss.get("ignore_class") is not None or any(len(shape) != 2 for shape in shapes):
        return math.nan
    return examples_of_a_batch(run)


def is_summed(run: HealthRun) -> bool:
    return any(loss.get("reduction") == SUM for loss in run.model.compile.get("losses") or [])


def _weight(loss: Mapping[str, Any]) -> float:
    """Returns the weight of a loss in the sum, NaN where it is not known."""
    weight = loss.get("weight", 1.0)
    return float(weight) if isinstance(weight, (int, float)) else math.nan


def _of_loss(run: HealthRun, loss: Mapping[str, Any], output: str | None) -> float:
    """Returns the trivial loss of an unweighted loss, NaN where the labels do not tell it."""
    return _summed(run, loss) * _of_mean(run, loss, output)


def _of_mean(run: HealthRun, loss: Mapping[str, Any], output: str | None) -> float:
    """Returns the trivial loss of a loss that is a mean over the examples."""
    name, smoothing, ignored = str(loss.get("class_name")), loss.get("label_smoothing", 0.0), loss.get("ignore_class")
    if not isinstance(smoothing, (int, float)):
        return math.nan
    if name == "MeanSquaredError":
        return _variance_of_target(run, output)
    rows = [row for row in run.classes.rows if _is_of(row, "share/", output)]
    if len(rows) != 1:
        return math.nan
    measured = run.classes.values[:, run.classes.rows.index(rows[0]), :].astype(np.float64)
    shares = measured[np.isfinite(measured).any(axis=1)]
    shares = shares[:, np.isfinite(shares).all(axis=0)].mean(axis=0)
    whole = _mean_weight(run, output)
    if name in CATEGORICAL:
        if isinstance(ignored, int):
            shares = np.delete(shares, ignored) if 0 <= ignored < len(shares) else shares
            shares = shares / shares.sum() * whole
        return _cross_entropy(shares * (1 - smoothing) + shares.sum() * smoothing / max(1, len(shares)))
    low, high = (_of_target(run, name, output) for name in ("data_min", "data_max"))
    if name != "BinaryCrossentropy" or not len(shares) or np.any(low < 0) or np.any(high > 1):
        return math.nan
    positive = shares * (1 - smoothing) + whole * smoothing / 2
    return mean([_cross_entropy(np.array([share, whole - share])) for share in positive])


def _variance_of_target(run: HealthRun, output: str | None) -> float:
    """Returns the target's variance: that within the batches, and that of their means beyond what chance makes it."""
    within = mean(_of_output(run, "target_variance/", output))
    measured = [target for target in run.model.tensors("target") if target.place in run.data.rows]
    targets = [target for target in measured if _is_of(target.name, "", output)]
    means = run.data.series("data_mean", targets[0].place).astype(np.float64) if targets else np.empty(0)
    means = means[np.isfinite(means)]
    examples = examples_of_a_batch(run)
    if len(targets) != 1 or len(means) < 2 or not examples >= 1:
        return within
    between = float(means.var(ddof=1)) * _mean_weight(run, output)
    if targets[0].shape[1:] not in ((), (1,)):
        return within + max(0.0, between - within / examples)
    return between + within * (1 - 1 / examples) if examples > 1 else between


def _is_of(name: str, prefix: str, output: str | None) -> bool:
    """Returns whether a row or column is that of a prefix and an output, which is any where it is None."""
    return name.startswith(prefix) if output is None else name == prefix + output


def _of_output(run: HealthRun, prefix: str, output: str | None) -> Floats:
    """Returns the series of the step's statistic of that prefix and output; else none."""
    names = [name for name in run.step.columns if _is_of(name, prefix, output)]
    return run.step.series(names[0], "step").astype(np.float64) if len(names) == 1 else np.empty(0)


def _of_target(run: HealthRun, statistic: str, output: str | None) -> Floats:
    """Returns the series of a statistic of an output's target, of all targets together where it is None."""
    rows = [row for row in target_rows(run.data) if _is_of(row, "target/", output)]
    series = [run.data.series(statistic, row) for row in rows]
    return np.concatenate(series).astype(np.float64) if series else np.empty(0)


def _mean_weight(run: HealthRun, output: str | None) -> float:
    """Returns the mean weight of the examples, 1 where they were given none."""
    weight = mean(_of_output(run, "weight/", output))
    return weight if math.isfinite(weight) else 1.0


def is_weighted(run: HealthRun) -> bool:
    """Returns whether the examples were given weights, which those of the validation need not have."""
    return any(np.isfinite(run.step.series(name)).any() for name in run.step.columns if name.startswith("weight/"))


def _cross_entropy(shares: Floats) -> float:
    """Returns the mean loss of the best constant answer to labels with these weighted shares."""
    present = shares[shares > 0]
    if not len(present) or not np.isfinite(shares).all():
        return math.nan
    return float(-(present * np.log(present / present.sum())).sum())
