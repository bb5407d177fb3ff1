"""The labels have another form than the loss expects.

## What it detects
Class numbers where a categorical loss expects one-hot rows, one-hot rows where a sparse one expects class numbers, and
targets of one axis beside predictions of two under a subclass of `keras.losses.Loss`, which broadcasting blows up to a
matrix. Losses that are functions are safe: Keras gives both the same number of axes.

## Why it matters
Where the shapes happen to agree nothing is said, and the loss compares numbers that do not belong together.

## How it is decided
From the shapes of targets and predictions in the traced step, and from what the compiled loss takes. It is an error.

## When it is wrong
A loss of your own may reshape its arguments.

## What to try
* `SparseCategoricalCrossentropy` for class numbers, `CategoricalCrossentropy` for one-hot rows.
* Give targets the predictions' shape: `y[:, None]` for one output.
* Print the shapes of `y_true` and `y_pred` within the loss, once.

## References
* 37 reasons why your neural network is not working, 4.3, 4.4 and 4.10.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import CATEGORICAL, Head, heads
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule

RULE = Rule(
    name="loss-label-mismatch",
    category="definition",
    title="The labels have another form than the loss expects",
    passing_title="The labels have the form that the loss expects",
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.target is not None]
    if not judged:
        raise NotJudged("no target beside a prediction with a compiled loss was seen")
    for head in judged:
        message = _mismatch(head)
        if message is not None:
            yield Finding(RULE.name, "error", message, layer=head.layer.path if head.layer else None)


def _mismatch(head: Head) -> str | None:
    assert head.target is not None
    target, prediction = head.target.shape, head.prediction.shape
    is_sparse = head.loss.startswith("Sparse")
    if (
        head.loss in CATEGORICAL
        and not is_sparse
        and len(target) == len(prediction)
        and target[-1] == 1 != prediction[-1]
    ):
        return f"{head.loss} expects one-hot rows of {prediction[-1]}, and the targets are single numbers."
    if is_sparse and len(target) == len(prediction) and target[-1] not in (1, None):
        return f"{head.loss} expects class numbers, and the targets are rows of {target[-1]}."
    if not head.aligns_ranks and len(target) + 1 == len(prediction) and prediction[-1] == 1:
        return (
            f"{head.loss} gets targets of shape {_text(target)} and predictions of {_text(prediction)}: they broadcast."
        )
    return None


def _text(shape: tuple[int | None, ...]) -> str:
    return (
        "(" + ", ".join("N" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"
    )
