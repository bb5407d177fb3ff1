"""The steps are too small: training is too slow.

## What it detects
Kernels that each step changes by less than a hundred-thousandth of their norm, while the loss does
not fall, and kernels that have hardly moved at the end of a training that learnt little.

## Why it matters
At a ratio of 1e-5 a variable needs a hundred thousand steps to change by its own size, at 3e-4 three
thousand. Training looks like a plateau.

## How it is decided
The median update-to-weight ratio over the last half of the steps at which the optimizer acted, for each kernel that
was not zero at the start. It counts where at least half of the kernels are below the limit and the loss does not fall
well: small steps at the floor of the loss, or at the end of a schedule after a good fall, are right. Before training
has ended or gone on for 1000 steps there is no verdict on small steps: the learning rate may be warming up. It is an
error where the whole training did not lower the loss by 1 %, else a warning. A finished training whose steps are
larger is judged by all of them together: the mean ratio times the steps is the furthest that a kernel can have moved.
Where that is below the second limit for at least half of the kernels, and the loss ends above 80 % of a constant
answer's (of its start, where that is not known, or where the start was below it and more than half of it is left), it
is a warning. So it is where the median kernel's ratio is below the third limit there, and the loss falls on and on:
between the last thirds of the training by three tenths of all its fall, and beyond noise. Variables that do not change
at all belong to `unchanged-variable`. Kernels that stand still at most of the late steps are counted, not named.

By hand: keep `[v.numpy() for v in model.trainable_variables]`, call `model.train_on_batch(x, y)`, and divide the norm
of each change by the norm before.

## When it is wrong
Where a loss cannot fall because of the data, the steps may shrink as a consequence.

## What to try
* Raise the learning rate by a factor of 10, until the ratio is about 1e-3.
* Let a schedule decay later and less.
* Use Adam, which brings small gradients to a common scale.
* Look at the gradients first: where they vanish, the learning rate is not the cause.

## References
* 37 reasons why your neural network is not working, 5.7 (update magnitudes of about 1e-3) and 5.10.
* Debugging tips for neural networks, on gradients.
* CS231n, Convolutional neural networks for visual recognition, on the ratio of updates to weights.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import percent, whole
from tb_nnhealth.records import HealthRun, Variable
from tb_nnhealth.rules._data_loss import share_left
from tb_nnhealth.rules._learning import learns_well, learnt_little, never_fell
from tb_nnhealth.rules._loss import falls_steadily, has_settled, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import Floats, Mask, applied, kernels, late, median, rows_of, span
from tb_nnhealth.rules._told import of_norm

RULE = Rule(
    name="low-update-ratio",
    category="updates",
    title="Updates are too small",
    passing_title="Updates are large enough",
    needs=("update_ratio", "loss"),
    min_samples=4,
    thresholds=(
        Threshold("warning", 1e-5, "ratio", "37 reasons, 5.7: about 1e-3 is right; two orders below it is too slow"),
        Threshold("path", 0.1, "ratio", "a hundred steps of 1e-3: at a tenth of its norm a variable is where it began"),
        Threshold("crawl", 3e-4, "ratio", "37 reasons, 5.7: half an order below 1e-3, where the loss falls on and on"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    variables, ratio, (first_step, last_step) = late_ratios(run)
    low = ratio < limits["warning"]
    if 2 * np.count_nonzero(low) < len(variables):
        if learnt_little(run):
            moved = (*_hardly_moved(run, variables, limits["path"]), *_crawls(run, variables, ratio, limits["crawl"]))
            yield from moved[:1]
        return
    if learns_well(run):
        return
    if not has_settled(run):
        raise NotJudged("the updates are small, but the learning rate may still be warming up")
    named = np.flatnonzero(low & (ratio > 0))
    if not len(named):
        raise NotJudged("the kernels whose updates are small do not change at most of the late sampled steps")
    slowest = int(named[ratio[named].argmin()])
    yield Finding(
        RULE.name,
        "error" if never_fell(run) else "warning",
        f"A step changes {variables[slowest].path} by {of_norm(ratio[slowest])}; the loss does not fall.",
        layer=variables[slowest].layer,
        variable=variables[slowest].path,
        first_step=first_step,
        last_step=last_step,
        statistic="update_ratio",
        observed=float(ratio[slowest]),
        limit=limits["warning"],
        unit="ratio",
        others=tuple(variables[index].path for index in named if index != slowest),
    )


def _crawls(run: HealthRun, variables: tuple[Variable, ...], ratio: Floats, limit: float) -> Iterator[Finding]:
    """Yields the finding where steps are small and the loss falls on and on: it is not at the end of what is learnt."""
    middle = int(np.argsort(ratio)[len(ratio) // 2])
    if ratio[middle] >= limit or not falls_steadily(loss_curve(run)):
        return
    yield Finding(
        RULE.name,
        "warning",
        f"A step changes {variables[middle].path} by {of_norm(ratio[middle])}: the loss falls on and "
        f"on, and {percent(share_left(run))} of what was there to lose is left.",
        layer=variables[middle].layer,
        variable=variables[middle].path,
        **span(run.variables.steps[late(run.variables.steps)]),
        statistic="update_ratio",
        observed=float(ratio[middle]),
        limit=limit,
        unit="ratio",
    )


def _hardly_moved(run: HealthRun, variables: tuple[Variable, ...], limit: float) -> Iterator[Finding]:
    acted = applied(run, run.variables)
    path = np.array([_path(run, variable, acted) for variable in variables])
    near = path < limit
    if 2 * np.count_nonzero(near) < len(variables):
        return
    nearest = int(np.nanargmin(path))
    yield Finding(
        RULE.name,
        "warning",
        f"All {whole(run.steps)} steps together change {variables[nearest].path} by {of_norm(path[nearest])} at most, "
        "and the loss has hardly fallen.",
        layer=variables[nearest].layer,
        variable=variables[nearest].path,
        first_step=0,
        last_step=run.steps - 1,
        statistic="update_ratio",
        observed=float(path[nearest]),
        limit=limit,
        unit="of its norm",
        on_curve=OnCurve("update_ratio", *(value / max(1, run.steps) for value in (float(path[nearest]), limit))),
        others=tuple(variables[index].path for index in np.flatnonzero(near) if index != nearest),
    )


def _path(run: HealthRun, variable: Variable, acted: Mask) -> float:
    """Returns the sum of the update-to-weight ratios of all steps; those between samples are interpolated."""
    ratios = run.variables.series("update_ratio", variable.path).astype(np.float64)
    known = np.isfinite(ratios) & acted
    ratios, steps = ratios[known], run.variables.steps[known]
    if not len(steps):
        return np.nan
    between = np.diff(steps) @ (ratios[1:] + ratios[:-1]) / 2
    return float(between + ratios[0] * (1 + steps[0]) + ratios[-1] * (run.steps - 1 - steps[-1]))


def late_ratios(run: HealthRun) -> tuple[tuple[Variable, ...], Floats, tuple[int, int]]:
    """Returns the kernels that change, their median update-to-weight ratio over the late window, and its steps.

    Raises:
      NotJudged: no kernel that started from a value other than zero changed in that window.
    """
    table, acted = run.variables, np.flatnonzero(applied(run, run.variables))
    window = acted[late(table.steps[acted])]
    variables, rows = rows_of(table, kernels(run))
    changing = (table.series("update_norm")[window][:, rows] > 0).any(axis=0)
    nonzero = table.series("value_norm")[:1, rows].any(axis=0)
    ratio = median(table.series("update_ratio")[window][:, rows], axis=0)
    usable = np.flatnonzero(changing & nonzero & ~np.isnan(ratio))
    if not len(usable):
        raise NotJudged("no kernel that started from a value other than zero changed at the late sampled steps")
    steps = table.steps[window]
    return tuple(variables[index] for index in usable), ratio[usable], (int(steps[0]), int(steps[-1]))
