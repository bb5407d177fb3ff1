"""What the model answers to one example depends on the others of its batch.

## What it detects
Models that mix the examples of a batch in inference mode: a reshape or transpose that takes the batch axis along, a
softmax, mean or normalization over the wrong axis, a broadcast of `[n]` against `[n, 1]`, batch normalization that is
called with `training=True` always.

## Why it matters
Such a model trains, for it learns to live with the neighbours' values, and then answers differently with each other
batch it is used in.

## How it is decided
By a preflight, with eight examples of the data, in inference mode.

* One half is kept while the others are exchanged for other examples, four times. Outputs of kept examples that move by
  more than the limit `moved` of their standard deviation over the batch, and by more than rounding does (eight units in
  the last place of the least precise layer, ten times what the same batch differs by when asked again), are an error.
* The examples change places: their outputs must go with them, by the same limit and 300 units.
* The gradient of the kept examples' outputs to the inputs of the others, where inputs are no integers or texts, is
  zero. Its norm may be the share `gradient` of that to their own inputs. So models are judged that answer at random.
* An output has a row for each example.

The layer is the first whose values move, of those that have a multiple of the batch's rows. Batch normalization and
what else mixes the batch in training mode only is right: training mode is not looked at.

**Error rate**: independent models compute the same numbers by the same operations: nothing is left to chance, and
their gradient is exactly zero. Outputs that compare a batch with itself on purpose, `[n, n]` with a loss over classes,
or with no targets or a training step of the model's own, are not judged.

## When it is wrong
Attention between examples, routing with a capacity for each expert, and quantization by the largest value of a batch
depend on it by design.

## What to try
* Look at the axes in the layer that is named: axis 0 is the batch. Reshape with `keras.layers.Reshape`, which leaves it
  alone, and transpose with `keras.layers.Permute`.
* Give softmax, means and normalizations `axis=-1`.
* Pass `training` on as it is given instead of `training=True`.

## References
* Karpathy, A. (2019), A Recipe for Training Neural Networks: use backprop to chart dependencies.
"""

import math
from collections.abc import Iterator, Mapping

from tb_nnhealth.numbers import number, percent, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import probed, record_of, records_of, text_of, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="batch-independence",
    category="preflight",
    title="Answers depend on the other examples of the batch",
    passing_title="Each example is answered on its own",
    judges_nonfinite=True,
    thresholds=(
        Threshold("moved", 1e-3, "deviations", "docs/calibration.md#preflight-batch-independence: 0 if independent"),
        Threshold("gradient", 1e-3, "ratio", "Karpathy 2019: it is exactly 0"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    batch, gradient = value_of(found, "batch"), value_of(found, "gradient")
    outputs, rows = records_of(found, "outputs"), record_of(found, "rows")
    wrong = {name: value_of(rows, name) for name in rows.values if value_of(rows, name) != batch}
    if not batch > 0 or not (outputs or wrong or math.isfinite(gradient)):
        raise NotJudged("no output was compared")
    yield from _of_rows(wrong, batch)
    moved = [finding for output in outputs for finding in _of_output(output, found, limits)]
    yield from moved
    if gradient > limits["gradient"] and not moved:
        yield Finding(
            RULE.name,
            "error",
            "Outputs have a gradient to the inputs of other examples of the batch: "
            f"{percent(gradient)} of that to their own.",
            observed=gradient,
            limit=limits["gradient"],
            unit="ratio",
        )


def _of_rows(wrong: Mapping[str, float], batch: float) -> Iterator[Finding]:
    for name, rows in wrong.items():
        yield Finding(
            RULE.name,
            "error",
            f"For {whole(batch)} examples the output {name} has {whole(rows)} rows.",
            tensor=f"prediction/{name}",
            observed=None if math.isnan(rows) else rows,
            limit=batch,
            unit="rows",
        )


def _of_output(output: Probed, found: Probed, limits: Limits) -> Iterator[Finding]:
    moved, turned = value_of(output, "moved"), value_of(output, "turned")
    by_others = moved > max(limits["moved"], value_of(output, "noise"))
    by_place = turned > max(limits["moved"], value_of(output, "turned_noise"))
    if not by_others and not by_place:
        return
    told = "other examples of the batch are exchanged" if by_others else "the examples of the batch change places"
    distance = moved if by_others else turned
    yield Finding(
        RULE.name,
        "error",
        f"The output {text_of(output, 'name')} of an example moves by {number(distance)} standard deviations when "
        f"{told}{_begins(found) if by_others else ''}.",
        layer=(text_of(found, "layer") or None) if by_others else None,
        tensor=f"prediction/{text_of(output, 'name')}",
        observed=distance,
        limit=limits["moved"],
        unit="deviations",
    )


def _begins(found: Probed) -> str:
    """Returns where it begins, in words, empty where it is not known."""
    layer = text_of(found, "layer")
    if not layer:
        return ""
    if value_of(found, "is_after") == 1:
        return f", which begins after the layer {layer}"
    return f", which begins before the layer {layer}" if value_of(found, "is_given") == 1 else f", from {layer} on"
