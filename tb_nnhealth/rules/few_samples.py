"""An epoch shows few examples for what is to be learnt.

## What it detects
Classifications with few examples of each class, in models that train all their weights from scratch.

## Why it matters
A network with many more weights than examples can learn them by heart and be useless on others.

## How it is decided
The steps of an epoch times the examples of a batch are divided by the number of classes. Below the limit it is
information; a warning where the loss falls well, and no validation is better than a constant answer, unless its data
are not like those of the training (see `no-better-than-trivial`). A model with frozen variables is taken to be
pretrained, and not judged. How many weights the model has is told, and no limit is set to it: networks with far more
weights than examples learn well. Where more labels were counted of a batch than it has examples, as of pixels and
words, there is no verdict: how many of a class an epoch shows is not known.

## When it is wrong
Easy problems need few examples. A data set that is repeated without end, under a small `steps_per_epoch`, has more
examples than an epoch shows.

## What to try
* Start from a pretrained model and train its last layers only.
* Augment the data.
* Use a smaller model, and regularize it.

## References
* 37 reasons why your neural network is not working, 2.9 (do you have enough training examples?).
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import BINARY, CATEGORICAL, Head, heads
from tb_nnhealth.rules._inputs import examples
from tb_nnhealth.rules._learning import learns_by_heart, learns_well
from tb_nnhealth.rules._loss import has_settled
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import class_counts, has_one_label_each

RULE = Rule(
    name="few-samples",
    category="data",
    title="An epoch shows few examples",
    passing_title="An epoch shows enough examples of each class",
    needs=("batch_size",),
    min_samples=1,
    thresholds=(Threshold("examples", 1000.0, "examples", "37 reasons, 2.9: a thousand of each class"),),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    count = examples(run)
    judged = [head for head in heads(run) if head.loss in (*CATEGORICAL, *BINARY) and head.units]
    if count is None or not judged:
        raise NotJudged("no classification with a known length of an epoch was seen")
    judged = [head for head in judged if not _has_several_labels(run, head)]
    if not judged:
        raise NotJudged("an example has several labels, and how many of a class an epoch shows is not known")
    if any(not variable.trainable and variable.role == "kernel" for variable in run.model.variables):
        raise NotJudged("part of the model is frozen, and may be pretrained")
    classes = max(2, *(head.units or 0 for head in judged))
    if count / classes >= limits["examples"]:
        return
    by_heart = has_settled(run) and learns_well(run) and learns_by_heart(run)
    yield Finding(
        RULE.name,
        "warning" if by_heart else "info",
        f"An epoch shows {_told(count / classes)} for each class, and the model has "
        f"{whole(run.model.trainable_parameters)} trainable weights.",
        observed=count / classes,
        limit=limits["examples"],
        unit="examples",
    )


def _told(count: float) -> str:
    if count < 1:
        return "less than one example"
    told = whole(count)
    return f"about {told} example{'' if told == '1' else 's'}"


def _has_several_labels(run: HealthRun, head: Head) -> bool:
    """Returns whether more labels than examples were counted of the usual batch."""
    if head.target is None or head.target.place not in run.classes.rows:
        return False
    counts = class_counts(run, head.target.place)
    counted = counts[counts.any(axis=1)]
    return len(counted) > 0 and not has_one_label_each(run, counted)
