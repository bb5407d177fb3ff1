"""The last activation function does not fit the loss.

## What it detects
Outputs whose last activation function does not give what their loss takes: probabilities of classes for a
categorical cross-entropy (softmax), a probability each for a binary one (sigmoid), any number for a regression
loss. Also a softmax over a single unit, and a softmax of which a classification loss says that it is none.

## Why it matters
The loss is then taken of numbers that mean something else. Of some of these pairs Keras warns once in the log. Of the
rest it says nothing: it divides by their sum, or clips them to the range of probabilities, where the gradient is
exactly zero.

## How it is decided
From the model's definition: the operations between the last weights and the prediction, the loss and its
`from_logits`. A softmax over one unit, which is 1 whatever the model says, and a categorical loss of one output are
errors. A cross-entropy of numbers that are no probabilities is an error, and a warning where something is learnt. A
function other than softmax or sigmoid under `from_logits=True` is a warning. A softmax or sigmoid under it, and a
regression loss on a softmax, are a warning where nothing is learnt, else information. A sigmoid under a categorical
loss is a warning: Keras takes its logits while training, and predictions are other numbers, which do not sum to one.
A softmax under a binary loss is one where examples have several labels, which it cannot give; else information.

## When it is wrong
A loss of your own may expect just what it is given: only Keras' losses are judged. An activation that the
model computes in another way than with the functions that Keras has is not recognized, and not judged.

## What to try
* For one of many classes: a linear output with `CategoricalCrossentropy(from_logits=True)` (or the sparse one, for
  class numbers), or a softmax without `from_logits`.
* For two classes, or many labels at once: `Dense(labels, activation="sigmoid")` with `BinaryCrossentropy()`.
* For numbers: a linear output with `MeanSquaredError`.
* Never a softmax over one unit.

## References
* 37 reasons why your neural network is not working, 4.3 and 4.4.
* My neural network isn't working! What should I do?, reason 7 (the last layer).
* Keras 3: cross-entropies of the TensorFlow backend use the logits behind a softmax or sigmoid, and clip or normalize
  any other prediction; the focal ones take what they are given: under `from_logits=True` a softmax of the softmax.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import BINARY, CATEGORICAL, REGRESSION, Head, heads
from tb_nnhealth.rules._inputs import of_data
from tb_nnhealth.rules._learning import severity_of_symptom, suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity

RULE = Rule(
    name="loss-activation-mismatch",
    category="definition",
    title="The last activation function does not fit the loss",
    passing_title="The last activation function fits the loss",
)

SEVERAL = 1.05
"""Labels of an example in the mean, from which some have several: one-hot rows have one."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.activation is not None]
    if not judged:
        raise NotJudged("no output whose loss and last activation function are Keras' own was seen")
    for head in judged:
        found = _constant(head) or _of_cross_entropy(run, head) or _of_regression(run, head)
        if found is not None:
            severity, message = found
            layer = head.layer.path if head.layer else None
            yield Finding(RULE.name, severity, message, layer=layer, tensor=head.prediction.place)


def _constant(head: Head) -> tuple[Severity, str] | None:
    if head.activation != "softmax" or head.units != 1:
        return None
    return "error", f"{head.place} is a softmax over a single unit: it gives 1 for every example."


def _of_cross_entropy(run: HealthRun, head: Head) -> tuple[Severity, str] | None:
    if head.loss not in (*CATEGORICAL, *BINARY):
        return None
    is_categorical = head.loss in CATEGORICAL
    if is_categorical and head.units == 1:
        return "error", f"{head.loss} needs an output for each class, and {head.place} has a single one."
    fitting = "softmax" if is_categorical else "sigmoid"
    if head.from_logits and head.activation in ("softmax", "sigmoid"):
        told = f"{head.loss} is told to take logits (from_logits=True), and {head.place} ends in a {head.activation}."
        return severity_of_symptom(run), told
    if head.from_logits and head.activation != "linear":
        return "warning", f"{head.loss} takes logits, and {head.place} ends in {head.activation}."
    if head.from_logits or head.activation == fitting:
        return None
    if head.activation in ("softmax", "sigmoid", "hard_sigmoid"):
        told = f"{head.loss} goes with a {fitting}, and {head.place} ends in a {head.activation}"
        if is_categorical:
            return "warning", f"{told}: the predictions of the classes do not sum to one."
        if _has_several_labels(run, head):
            return "warning", f"{told}: it cannot give several labels to one example."
        return "info", f"{told}."
    severity: Severity = "error" if suffers(run) else "warning"
    is_linear = head.activation == "linear"
    ends = "has no activation function" if is_linear else f"ends in {head.activation}"
    hint = ", and from_logits is not set" if is_linear else ""
    return severity, f"{head.loss} takes probabilities, and {head.place} {ends}{hint}."


def _has_several_labels(run: HealthRun, head: Head) -> bool:
    """Returns whether the examples have more labels than one each, in the mean."""
    if head.target is None or not head.units:
        return False
    return of_data(run, "data_mean", head.target.place) * head.units > SEVERAL


def _of_regression(run: HealthRun, head: Head) -> tuple[Severity, str] | None:
    if head.loss not in REGRESSION or head.activation != "softmax":
        return None
    return severity_of_symptom(run), f"{head.loss} is a loss for any numbers, and {head.place} ends in a softmax."
