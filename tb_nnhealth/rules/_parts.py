"""What the parts of a loss are: those of several outputs, and the penalties on weights before a training."""

import math
from collections.abc import Callable, Iterator

from tb_nnhealth.numbers import number, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged
from tb_nnhealth.rules._series import late, median, span

OUTPUT = "output_loss/"


def weighted_outputs(run: HealthRun, of: Callable[[HealthRun, str], float]) -> dict[str, float]:
    """Returns each output's loss as it counts in the total; `of` takes the one of a series that is meant."""
    weights, names = (
        weights_of(run),
        [name.removeprefix(OUTPUT) for name in run.step.columns if name.startswith(OUTPUT)],
    )
    return {name: of(run, OUTPUT + name) * weights.get(name, 1.0) for name in names}


def weights_of(run: HealthRun) -> dict[str, float]:
    """Returns the weights of the outputs' losses, where they are known."""
    losses = run.model.compile.get("losses") or []
    return {str(loss.get("output")): loss["weight"] for loss in losses if loss.get("weight") is not None}


def late_median(run: HealthRun, name: str) -> float:
    """Returns the median of a step's statistic over the late samples."""
    return float(median(run.step.series(name, "step")[late(run.step.steps)]))


def first_median(run: HealthRun, name: str) -> float:
    """Returns the median of a step's statistic over the first three samples."""
    return float(median(run.step.series(name, "step")[:3]))


def of_first_steps(run: HealthRun, rule: str, limits: Limits) -> Iterator[Finding]:
    """Yields the finding where penalties are most of a preflight's losses, and of what moves the weights.

    Raises:
      NotJudged: no weight has such a penalty.
    """
    pull = math.nan if run.flight is None or run.flight.pull is None else run.flight.pull
    total, penalty = (first_median(run, name) for name in ("loss", "regularization_loss"))
    if not math.isfinite(pull):
        raise NotJudged("the model was not trained yet, and has no penalty by which weights go to zero")
    if not pull > limits["pull"] or not penalty > limits["share"] * total:
        return
    yield Finding(
        rule,
        "warning",
        f"Regularization makes up {percent(penalty / total)} of the first losses, and its gradient is {number(pull)} "
        "times that of the data loss: the weights follow it, and not the data.",
        **span(run.step.steps),
        statistic="regularization_loss",
        observed=pull,
        limit=limits["pull"],
        unit="ratio",
    )
