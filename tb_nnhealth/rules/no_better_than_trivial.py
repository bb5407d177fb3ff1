"""The model is no better than a constant answer.

## What it detects
A run that has settled at the loss of the best constant prediction: the frequencies of the classes, or the mean
of the targets. Also one that learns the training examples, and is no better than that in any validation.

## Why it matters
The inputs are not used. The labels may not belong to them, or the output cannot follow them. Where only the
validation stays there, the examples were learnt by heart, with their labels, and nothing else.

## How it is decided
The trivial predictor's loss is computed from the labels that were seen: the entropy of the class frequencies, or the
variance of the targets around the mean of each output unit, both with the weights of the examples and of the loss;
what is masked does not count. Of several outputs it is the sum, where each is known, and none of them may be better
by itself. It is known for cross-entropies and the mean squared error; what was measured of the targets does not tell
the median's absolute error, and a Poisson loss has no zero of which a share would mean anything. The late loss
without regularization is put in relation to it; within the limits of it, at the end of training or after many steps,
is an error. It is information where an accuracy among Keras' logs shows that the inputs are used, as under noisy
labels: its last epochs are better than the share of the most frequent class, by a fifth of what is missing to 1 and
by five binomial standard errors for the examples of an epoch, and a validation accuracy keeps half of that. Weighted
examples are left out there. A loss clearly above the trivial one has other causes.

Of three validations or more the best is compared in the same way, with the trivial loss of the training labels: where
none is below the lower limit, it is a warning. Before a model learns by heart, its validation is near the trivial loss:
where the training is learnt, and the validations are above twice the trivial loss from the first epoch on, the data of
the validation are said to be others; unless inference mode is as bad on the training's. Weighted examples are not
compared with those of a validation, nor are several outputs.

By hand, for class numbers: `p = np.bincount(y) / len(y)`, then `-(p[p > 0] * np.log(p[p > 0])).sum()` is the loss and
`p.max()` the accuracy of a constant answer; for a regression `y.var()` is the squared error.

## When it is wrong
Where the inputs hold nothing about the targets there is nothing better. Validation targets that spread much further
than those of the training have a larger loss.

## What to try
* Look at inputs and labels side by side: do they belong together?
* Train on ten examples: a model that cannot learn them by heart has a fault in its definition.
* Shuffle inputs and labels together, never one of them alone.
* Check the last activation function and the loss.
* Prepare the validation data as the training data: the same scale, the same numbers for the classes, labels in the
  order of their inputs. Make both by one function, and split a shuffled set only then.

## References
* 37 reasons why your neural network is not working, 2.4 (is the input connected to the output?), 2.5 (is the relation
  too random?) and 4.2.
* Troubleshooting CNNs, on the loss; Debugging tips for neural networks, on the outputs.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._accuracy import Scored, better_than_guess
from tb_nnhealth.rules._data_loss import (
    against_trivial,
    best_over_trivial,
    end_of_data_loss,
    is_regularized,
    told_end_of_data_loss,
    validation_over_trivial,
)
from tb_nnhealth.rules._learning import validation_is_unlike
from tb_nnhealth.rules._loss import LossCurve, has_settled, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Severity, Threshold
from tb_nnhealth.rules._trivial import trivial_loss

RULE = Rule(
    name="no-better-than-trivial",
    category="loss",
    title="The model is no better than a constant answer",
    passing_title="The model is better than a constant answer",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("low", 0.95, "ratio", "docs/calibration.md, does training suffer?"),
        Threshold("high", 1.05, "ratio", "as far above as the other limit is below"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    trivial = trivial_loss(run)
    if not trivial > 0:
        raise NotJudged("the labels do not tell the loss of a constant answer")
    if not has_settled(run):
        raise NotJudged("training goes on")
    curve = loss_curve(run)
    ratio = end_of_data_loss(run, curve) / trivial
    validation = validation_over_trivial(run)
    if limits["low"] <= ratio <= limits["high"] and best_over_trivial(run, curve) >= limits["low"]:
        near = max(abs(limit - 1) for limit in (limits["low"], limits["high"]))
        scored = better_than_guess(run)
        message = (
            f"The loss ends at {told_end_of_data_loss(run, curve)}, within {percent(near)} of the best constant "
            "answer's "
            f"{number(trivial)}"
        )
        end = against_trivial(run, limits["low"])
        yield _finding("info" if scored else "error", message + _beside(scored), curve, ratio, limits["low"], end)
    elif validation >= limits["low"] and len(curve.steps):
        best = f"The best validation loss, {number(validation * trivial)}, is "
        message = (
            f"{number(validation)} times the best constant answer's: the validation data is not like the "
            "training data, or not prepared like it."
            if validation_is_unlike(run)
            else f"not {percent(1 - limits['low'])} below the best constant answer's {number(trivial)}."
        )
        near_best = OnCurve(
            "epoch/val_loss", *(() if is_regularized(run) else (validation * trivial, limits["low"] * trivial))
        )
        yield _finding("warning", best + message, curve, validation, limits["low"], near_best)


def _beside(scored: Scored | None) -> str:
    """Returns the end of a message: the accuracy that shows more than the loss does."""
    if scored is None:
        return "."
    return (
        f", but {scored.name} is {number(scored.accuracy)}: always saying the most frequent class gives "
        f"{number(scored.guess)}."
    )


def _finding(
    severity: Severity, message: str, curve: LossCurve, observed: float, limit: float, on_curve: OnCurve
) -> Finding:
    first, last = int(curve.steps[0]), int(curve.steps[-1])
    return Finding(
        RULE.name,
        severity,
        message,
        first_step=first,
        last_step=last,
        statistic="loss",
        observed=observed,
        limit=limit,
        unit="ratio",
        on_curve=on_curve,
    )
