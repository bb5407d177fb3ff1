"""The loss has no lowest value.

## What it detects
Losses that fall below zero, further and further, and ever faster.

## Why it matters
There is no best model to find: the optimizer makes weights larger for ever, since that alone lowers the loss, and
what the model was meant to learn is drowned. Losses with a floor fall ever slower as they come near it.

## How it is decided
The loss ends below zero, the limit times as far from it as it began, or as 1 where it began nearer, and fell by more
from the middle third of the training to the last one than from the first third to the middle one.

By hand: make the prediction a hundred times as large, and look whether the loss of your own becomes lower.

## When it is wrong
A likelihood of continuous data may be as negative as the data is precise; it is found only if it falls ever faster.
A critic's score may run away for a while before the generator follows.

## What to try
* Look at the sign of each term: of what is to be large, the negative must be added.
* Give what is driven apart a margin: `ops.maximum(margin - distance, 0)` instead of `-distance`.
* Scale targets into [0, 1] for a cross-entropy; outside of it the cross-entropy itself has no floor.
* Bound the score or its gradient: a hinge, a penalty of the gradient, a weight constraint, `ops.tanh`.

## References
* 37 reasons why your neural network is not working, 4.3 (check your loss function) and 4.4 (verify loss input).
* Hadsell, Chopra and LeCun (2006), Dimensionality reduction by learning an invariant mapping, section 2.1 (why a
  contrastive loss needs a margin).
* Arjovsky, Chintala and Bottou (2017), Wasserstein GAN, section 3 (a critic must be bounded).
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import REGRESSION
from tb_nnhealth.rules._loss import falls_ever_faster, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="unbounded-loss",
    category="loss",
    title="The loss has no lowest value",
    passing_title="The loss does not fall without end",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("depth", 10.0, "ratio", "our choice: as far below zero as ten times the distance at the start"),
    ),
)

FLOORED = (*REGRESSION, "CosineSimilarity", "Hinge", "SquaredHinge", "CategoricalHinge")
"""Losses of Keras' own that have a lowest value whatever the targets are."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    curve = loss_curve(run)
    if len(curve.losses) < RULE.min_samples:
        raise NotJudged("too few finite losses were measured")
    if run.model.compile.get("losses") and all(
        loss.get("class_name") in FLOORED for loss in run.model.compile["losses"]
    ):
        raise NotJudged("the compiled loss has a lowest value")
    depth = -curve.end / max(1.0, abs(curve.start))
    if depth <= limits["depth"] or not falls_ever_faster(curve):
        return
    yield Finding(
        RULE.name,
        "warning",
        f"The loss falls below zero ever faster: from {curve.told_start()} to {curve.told_end()}.",
        **span(curve.steps),
        statistic="loss",
        observed=depth,
        limit=limits["depth"],
        unit="ratio",
        on_curve=OnCurve(curve.name, curve.end, -limits["depth"] * max(1.0, abs(curve.start))),
    )
