"""A kernel has come to be dominated by a few of its weights.

## What it detects
Kernels whose weights were spread evenly at the start, and of which training has made a few very large ones among many
small ones.

## Why it matters
The layer listens to a few of its inputs only. It is what an input on too large a scale leaves behind, or steps that
were too large.

## How it is decided
The excess kurtosis of each kernel is taken, 0 for a normal distribution, -1.2 for a uniform one. The largest one, as
the median over the last half of training, counts where it is above the limit, has risen by as much since the start,
and is above a multiple of the median of the other kernels'. It is a warning where nothing is learnt, else
information. Kernels of fewer than 256 weights are left out, and models with fewer than three such kernels.

## When it is wrong
An L1 penalty makes most weights small on purpose; so do inputs of which only a few matter.

## What to try
* Standardize the inputs, each feature by itself.
* Lower the learning rate, and clip the gradient.
* Add weight decay, which holds the largest weights back most.

## References
* 37 reasons why your neural network is not working, 5.7.
* Deeplearning4j, Visualizing network training: the histogram of a layer's weights should be about normal after some
  time.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, Rule, Threshold
from tb_nnhealth.rules._series import late, median, span
from tb_nnhealth.rules._shape import kurtoses, outlier

RULE = Rule(
    name="non-gaussian-weights",
    category="weights",
    title="A kernel is dominated by a few weights",
    passing_title="The weights of each kernel are about bell-shaped",
    needs=("value_kurtosis",),
    min_samples=8,
    thresholds=(
        Threshold("kurtosis", 20.0, "", "one weight in a hundred holds a quarter of the sum of squares or more"),
        Threshold("peers", 5.0, "ratio", "the kernels of healthy networks lie within a factor of a few"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    table = run.variables
    window = late(table.steps)
    variables, values = kurtoses(run, "value_kurtosis", window)
    worst = outlier(values, limits["kurtosis"], limits["peers"])
    if worst is None:
        return
    variable, value = variables[worst], float(values[worst])
    start = float(median(table.series("value_kurtosis", variable.path)[:1]))
    if not value - start > limits["kurtosis"]:
        return
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"A few weights of {variable.path} have outgrown the rest: its excess kurtosis went from {number(start)} "
        f"to {number(value)}.",
        layer=variable.layer,
        variable=variable.path,
        **span(table.steps),
        statistic="value_kurtosis",
        observed=value,
        limit=limits["kurtosis"],
        unit="",
    )
