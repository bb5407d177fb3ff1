"""Features are on very different scales.

## What it detects
Inputs some of whose features vary thousands of times more than others.

## Why it matters
The largest features decide the loss and the step size; what the smallest ones tell is learnt last, or never.

## How it is decided
The spread of each feature (index on the last axis) is taken over a batch. The largest is put in relation to the
smallest of those that vary at all; the median over all samples is compared with the limit. A model that normalizes by
itself before its first weights is not judged. While something is learnt it is information; else a warning.

## When it is wrong
A rare feature that is zero for almost every example has a small spread without being on another scale.

## What to try
* Standardize each feature by itself: `keras.layers.Normalization(axis=-1)`, adapted to the training data.
* Take the logarithm of features that span orders of magnitude.
* Leave out features that never vary.

## References
* My neural network isn't working! What should I do?, reason 1.
* LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._inputs import normalizes_first, numeric_inputs, of_data
from tb_nnhealth.rules._loss import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="uneven-feature-scale",
    category="data",
    title="Features are on very different scales",
    passing_title="Features are on similar scales",
    needs=("feature_std_min", "feature_std_max"),
    min_samples=1,
    thresholds=(
        Threshold("spread", 1e3, "ratio", "the condition of a least-squares problem grows with the ratio's square"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if normalizes_first(run):
        raise NotJudged("the model normalizes its input itself")
    tensors = [tensor for tensor in numeric_inputs(run) if len(tensor.shape) > 1 and tensor.shape[-1] != 1]
    if not tensors:
        raise NotJudged("no input with several features was measured")
    for tensor in tensors:
        low, high = (of_data(run, f"feature_std_{end}", f"input/{tensor.name}") for end in ("min", "max"))
        if not low > 0 or high / low <= limits["spread"]:
            continue
        yield Finding(
            RULE.name,
            severity_of_symptom(run),
            f"The features of the input {tensor.name} have standard deviations from {low:.3g} to {high:.3g}.",
            first_step=int(run.data.steps[0]),
            last_step=int(run.data.steps[-1]),
            statistic="feature_std_max",
            observed=high / low,
            limit=limits["spread"],
            unit="ratio",
        )
