"""The labels have another form than the loss expects.

## What it detects
Class numbers where a categorical loss expects one-hot rows, one-hot rows where a sparse one expects class numbers, and
shapes of targets and predictions that are not the same: a distance such as the mean squared error broadcasts them. One
number beside ten outputs, such as a class, is compared with each of the ten; the single target of a sequence with each
of its positions. Targets of one axis beside predictions of `(N, 1)` are blown up to a matrix under a subclass of
`keras.losses.Loss`; of Keras' own losses and of functions Keras gives both the same number of axes.

## Why it matters
Where the shapes happen to agree nothing is said, and the loss compares numbers that do not belong together.

## How it is decided
From the shapes of targets and predictions in the traced step, and from what the compiled loss takes. It is an error.

## When it is wrong
A loss of your own may reshape its arguments. Outputs that are all to predict the same number, as those of an ensemble,
may be compared with it by broadcasting.

## What to try
* `SparseCategoricalCrossentropy` for class numbers, `CategoricalCrossentropy` for one-hot rows.
* Give targets the predictions' shape: `y[:, None]` for one output.
* For one target of a sequence let the last recurrent layer give its last state only: `return_sequences=False`.
* Print the shapes of `y_true` and `y_pred` within the loss, once.

## References
* 37 reasons why your neural network is not working, 4.3, 4.4 and 4.10.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import CATEGORICAL, REGRESSION, Head, heads
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule

RULE = Rule(
    name="loss-label-mismatch",
    category="definition",
    title="The labels have another form than the loss expects",
    passing_title="The labels have the form that the loss expects",
)

DISTANCES = (*REGRESSION, "Poisson", "KLDivergence", "KlDivergence", "Hinge", "SquaredHinge", "CosineSimilarity")
"""Losses of Keras' own that take targets and predictions of any shapes that broadcast."""

Shape = tuple[int | None, ...]


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.target is not None]
    if not judged:
        raise NotJudged("no target beside a prediction with a compiled loss was seen")
    for head in judged:
        message = _mismatch(head, run.steps > 0)
        if message is not None:
            layer, target = head.layer.path if head.layer else None, head.target.place if head.target else None
            yield Finding(RULE.name, "error", message, layer=layer, tensor=target)


def _mismatch(head: Head, has_trained: bool) -> str | None:
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
    is_matrix = not head.aligns_ranks and len(target) + 1 == len(prediction) and prediction[-1] == 1
    if is_matrix or (head.aligns_ranks and head.loss in DISTANCES and _broadcast(*_aligned(target, prediction))):
        ends = "they broadcast" if has_trained else "they broadcast or do not fit"
        return f"{head.loss} gets targets of shape {_text(target)} and predictions of {_text(prediction)}: {ends}."
    return None


def _aligned(target: Shape, prediction: Shape) -> tuple[Shape, Shape]:
    """Returns the shapes as Keras compares them: of ranks that differ by one, the longer may lose a last axis of 1."""
    short, long = sorted((target, prediction), key=len)
    if len(long) != len(short) + 1 or long[-1] != 1:
        return target, prediction
    return ((*short, 1), long) if len(short) == 1 else (short, long[:-1])


def _broadcast(one: Shape, other: Shape) -> bool:
    """Returns whether shapes that were computed with each other are not the same, as far as is known."""
    if len(one) != len(other):
        return True
    return any(a != b and None not in (a, b) for a, b in zip(one[1:], other[1:], strict=True))


def _text(shape: Shape) -> str:
    return (
        "(" + ", ".join("N" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"
    )
