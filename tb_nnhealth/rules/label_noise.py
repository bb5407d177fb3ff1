"""Some labels are wrong.

## What it detects
Classifications in which the same example stands with different labels, or in which the nearest examples all have one
class and the example in their midst has another one.

## Why it matters
A model that fits the training data learns wrong labels by heart. They put a floor under the loss, and on a validation
data set a ceiling over the accuracy that nothing in the model can raise.

## How it is decided
By a preflight, on the up to 512 examples that it reads, for each target that holds one class an example.

* **The same example with different labels** is certain noise. A warning where more of the examples than the limit
  `conflicts` have another label than most of their twins; below that it is information. Inputs of so few values that
  different examples may be the same by chance (five columns of categories) are information, too: there the
  input does not decide the label.
* **Neighbours**: the five nearest examples (of those that are the same, one), each number by its standard deviation;
  those of more than 128 numbers projected onto random directions. Their vote must be wrong less often than a constant
  answer by the share `known` at least; else neighbours tell too little, and nothing is said by them. Where classes
  merely overlap, the vote is wrong where neighbours disagree, and seldom where all five agree. Where labels are wrong
  it fails everywhere alike. So a warning needs both: where all five agree they contradict the label in a share above
  `noise`, in the typical class (the lower median of the classes: not merely in one that neighbours cannot tell from
  another); and that share, less three of its standard errors, is above `everywhere` times that of all examples.

**Error rate**: three standard errors are exceeded by chance once in 740 times, by data that stand at the border; of 151
fresh clean data sets that were drawn (classes that overlap, that are rare, that are mixed in part) none was told. It is
meant to be silent rather than wrong and misses much: of the data that neighbours tell, with two tenths of wrong labels,
it found 12 of 23 where its limits were set, and none of 7 fresh ones. That it passes is no proof of right labels.

Some of the worst examples are named: of arrays by their rows, of batches by their places among the examples taken.

## When it is wrong
Labels that are noise by nature, equally much everywhere (a coin that decides), look the same. Wrong labels in one class
only, and among pictures that neighbours in pixels cannot tell, are not found.

## What to try
* Look at the examples that the probe names, with their labels.
* Check that inputs and labels are read, shuffled and joined in the same order.
* Give the examples of which people are unsure a smaller weight, or drop them; smooth the labels
  (`label_smoothing=0.1`).

## References
* 37 reasons why your neural network is not working, 2.6 (noise in the data set).
* Northcutt, C., Jiang, L. and Chuang, I. (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70.
* Northcutt, C., Athalye, A. and Mueller, J. (2021), Pervasive Label Errors in Test Sets, NeurIPS: 3.3 % on average.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import percent, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import probed, records_of, text_of, texts_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="label-noise",
    category="preflight",
    title="Some labels are wrong",
    passing_title="Labels agree with those of near examples",
    judges_nonfinite=True,
    thresholds=(
        Threshold("conflicts", 0.01, "fraction", "our choice: well-known data sets have less"),
        Threshold(
            "noise", 0.05, "fraction", "Northcutt et al. 2021: 3.3 % on average; docs/calibration.md: 0.03 at most"
        ),
        Threshold("everywhere", 0.45, "ratio", "docs/calibration.md#preflight-label-noise: 0.31 where classes overlap"),
        Threshold("known", 0.5, "fraction", "docs/calibration.md#preflight-label-noise: false alarms begin below"),
    ),
)

ERRORS = 3.0


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name)
    among = "the data" if value_of(found, "are_rows") == 1 else "those taken"
    judged = False
    for output in records_of(found, "outputs"):
        examples, conflicts = value_of(output, "examples"), value_of(output, "conflicts")
        if not examples > 0 or math.isnan(conflicts):
            continue
        known = 1 - value_of(output, "wrong") / (value_of(output, "constant") or math.nan)
        judged |= conflicts > 0 or known >= limits["known"]
        if conflicts > 0:
            yield _of_twins(output, conflicts / examples, limits, value_of(found, "may_coincide") == 1, among)
        if known >= limits["known"] and _is_everywhere(output, limits):
            yield _of_neighbours(output, limits, among)
    if not judged:
        raise NotJudged("near examples' labels tell too little of each other, and no two examples are the same")


def _of_twins(output: Probed, share: float, limits: Limits, may_coincide: bool, among: str) -> Finding:
    told = f"{percent(share)} of the examples have another label than the same example has elsewhere"
    if may_coincide:
        told += ", but inputs of so few values may be the same by chance"
    pair = [whole(index) for index in values_of(output, "conflicting")[:2]]
    if pair:
        told += f", such as the examples {' and '.join(pair)} (from 0) of {among}"
    return Finding(
        RULE.name,
        "warning" if share > limits["conflicts"] and not may_coincide else "info",
        f"{told}.",
        tensor=f"target/{text_of(output, 'name')}",
        observed=share,
        limit=limits["conflicts"],
        unit="fraction",
    )


def _is_everywhere(output: Probed, limits: Limits) -> bool:
    """Returns whether neighbours that agree contradict labels about as often as any do."""
    united, wrong = value_of(output, "united"), value_of(output, "wrong")
    if not (united > 0 and wrong > 0 and value_of(output, "typical") > limits["noise"]):
        return False
    share = value_of(output, "united_wrong") / united
    error = math.sqrt(max(0.0, share * (1 - share)) / united)
    return (share - ERRORS * error) / wrong > limits["everywhere"]


def _of_neighbours(output: Probed, limits: Limits, among: str) -> Finding:
    united, wrong = value_of(output, "united"), value_of(output, "united_wrong")
    worst = [whole(index) for index in values_of(output, "worst")[:3]]
    named = f", such as the examples {', '.join(worst)} (from 0) of {among}" if worst else ""
    labels, others = (texts_of(output, name)[:3] for name in ("worst_labels", "worst_neighbours"))
    if named and labels and others:
        named += f", labelled {', '.join(labels)} and not {', '.join(others)}"
    return Finding(
        RULE.name,
        "warning",
        f"Of {whole(united)} examples whose {whole(value_of(output, 'asked'))} nearest have one class, "
        f"{whole(wrong)} have another one{named}.",
        tensor=f"target/{text_of(output, 'name')}",
        observed=value_of(output, "typical"),
        limit=limits["noise"],
        unit="fraction",
    )
