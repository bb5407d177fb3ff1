"""Weight decay undoes what the gradient asks for.

## What it detects
Kernels that shrink because weight decay, or a penalty on them, moves them more than the loss does.

## Why it matters
Weights that are pulled to zero faster than they can learn forget what the data say: the model ends in a constant
answer, however long it trains.

## How it is decided
The optimizer's decay changes a kernel by learning rate × decay × norm in a step. That is divided by the norm of the
whole update, as the median over the last half of the steps at which the optimizer acted; it counts above the limit
where the kernel has also lost half of its norm. Under a penalty in the loss, whose part of the gradient cannot be
told from the rest, a kernel counts that has lost nine tenths of its norm, or half of it in a model that has kept more
than half of the loss of a constant answer (of its start, where that is not known). At least half of the kernels must
count. It is a warning where so much of the loss is left, or nothing is learnt, else information.

## When it is wrong
A kernel that started too large has to shrink. In front of normalization the norm of a kernel does not matter.

## What to try
* Lower the decay by a factor of 10: 1e-4 is a usual penalty, 1e-2 a usual decay of AdamW.
* Turn regularization off until the model overfits, then add it back.
* Look at the gradients: where they vanish, decay is all that is left.

## References
* Troubleshooting CNNs, on a network that does not train.
* 37 reasons why your neural network is not working, 5.4 (reduce regularization).
* Loshchilov and Hutter (2019), Decoupled weight decay regularization.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.records import HealthRun, Variable
from tb_nnhealth.rules._learning import is_held_back
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import Floats, applied, kernels, late, median, span
from tb_nnhealth.rules._told import of_norm

RULE = Rule(
    name="weight-decay-dominates",
    category="updates",
    title="Weight decay undoes what the gradient asks for",
    passing_title="Weight decay is weaker than the gradient",
    needs=("value_norm", "update_norm", "learning_rate"),
    min_samples=8,
    thresholds=(
        Threshold("decay", 0.7, "ratio", "1 / sqrt(2): decay and gradient at right angles are then of one size"),
        Threshold("shrunk", 0.5, "ratio", "half of the norm is gone, by decay"),
        Threshold("penalized", 0.1, "ratio", "an order of magnitude, by a penalty that cannot be measured by itself"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    decay = float((run.model.compile.get("optimizer") or {}).get("weight_decay") or 0.0)
    penalized = {layer.path for layer in run.model.layers if layer.regularized}
    judged = [v for v in kernels(run) if decay or v.layer in penalized]
    if not judged:
        raise NotJudged("no weight is decayed or penalized")
    acted = np.flatnonzero(applied(run, run.variables))
    window = acted[late(run.variables.steps[acted])]
    held_back = is_held_back(run)
    by_penalty = limits["shrunk" if held_back else "penalized"]
    found = {}
    for variable in judged:
        left = _left(run, variable)
        share = _share(run, variable, decay, window)
        by_decay = share > limits["decay"] and left < limits["shrunk"]
        if by_decay or (variable.layer in penalized and left < by_penalty):
            found[variable.path] = left
    if not found or 2 * len(found) < len(judged):
        return
    path = min(found, key=lambda name: found[name])
    variable_found = run.model.variable(path)
    limit = limits["shrunk"] if decay else by_penalty
    yield Finding(
        RULE.name,
        "warning" if held_back else "info",
        f"{path} has shrunk to {of_norm(found[path])} under {'weight decay' if decay else 'its penalty'}.",
        layer=variable_found.layer if variable_found else None,
        variable=path,
        **span(run.variables.steps),
        statistic="value_norm",
        observed=found[path],
        limit=limit,
        unit="ratio",
        on_curve=_on_curve(run, path, limit),
        others=tuple(other for other in found if other != path),
    )


def _on_curve(run: HealthRun, path: str, limit: float) -> OnCurve:
    norms = _norms(run, path)
    return OnCurve("value_norm", float(norms[-1]), limit * float(norms[0]))


def _norms(run: HealthRun, path: str) -> Floats:
    norms = run.variables.series("value_norm", path).astype(np.float64)
    return norms[np.isfinite(norms)]


def _left(run: HealthRun, variable: Variable) -> float:
    """Returns the norm at the end ÷ that at the start; NaN where it was not measured."""
    norms = _norms(run, variable.path)
    return float(norms[-1] / norms[0]) if len(norms) and norms[0] > 0 else np.nan


def _share(run: HealthRun, variable: Variable, decay: float, window: np.ndarray) -> float:
    """Returns what decay alone changes ÷ the whole update."""
    table = run.variables
    steps = run.step.steps
    rates = np.interp(table.steps, steps, run.step.series("learning_rate", "step")) if len(steps) else np.nan
    norms, updates = (table.series(name, variable.path).astype(np.float64) for name in ("value_norm", "update_norm"))
    usable = np.isfinite(norms) & np.isfinite(updates) & (updates > 0)
    with np.errstate(invalid="ignore"):
        shares = np.where(usable, rates * decay * norms / np.where(usable, updates, 1.0), np.nan)
    return float(median(shares[window]))
