"""What may explain the first difference: layers without counterpart, weights in another layout, a transpose, a sum in
place of a mean."""

from collections.abc import Sequence

import numpy as np

from tb_nnhealth.compare.aligning import Alignment, are_transposes
from tb_nnhealth.compare.comparison import Row
from tb_nnhealth.compare.record import Record, active, layer_of, pre_activation
from tb_nnhealth.numbers import whole


def hint(
    rows: Sequence[Row], alignment: Alignment, ours: Record, reference: Record, examples: int, forgotten: str
) -> str:
    """Returns a sentence on the first row that differs, empty where there is nothing to say.

    Args:
      rows: all that was compared.
      alignment: what stands against what.
      ours: our values.
      reference: the reference's.
      examples: how many the batch has.
      forgotten: a kernel of the reference that explains its outputs better when it is transposed, empty for none.
    """
    first = next((row for row in rows if not row.same), None)
    if first is None:
        return ""
    if first.stage == "weights":
        is_transpose = are_transposes(ours, reference, (first.ours, first.reference))
        if is_transpose:
            return "Ours is its transpose."
        outputs = [row.same for row in rows if row.stage == "output"]
        return "The outputs agree all the same." if outputs and all(outputs) else ""
    if first.stage == "loss":
        return _sum_of_examples(first, ours, reference, examples)
    if first.stage != "output":
        return ""
    return (
        _of_activation(first, rows)
        or _forgotten(first, reference, forgotten)
        or _held_otherwise(first, alignment, ours, reference)
        or _without_counterpart(first, alignment, ours, reference)
    )


def _sum_of_examples(first: Row, ours: Record, reference: Record, examples: int) -> str:
    one, two = (float(np.mean(r.values["loss", n])) for r, n in ((ours, first.ours), (reference, first.reference)))
    for side, ratio in (("Ours", one / two if two else 0.0), ("The reference's", two / one if one else 0.0)):
        if examples > 1 and np.isclose(ratio, examples, rtol=1e-3):
            return f"{side} is {whole(examples)} times as large, as many as there are examples: a sum, not a mean."
    return ""


def _of_activation(first: Row, rows: Sequence[Row]) -> str:
    before = {pre_activation(first.ours), pre_activation(first.reference)}
    is_same = any(row.stage == "output" and row.same and before & {row.ours, row.reference} for row in rows)
    return "Before the activation they agree." if is_same else ""


def _forgotten(first: Row, reference: Record, name: str) -> str:
    is_behind = name and first.reference in reference.layers() and name in reference.weights_behind(first.reference)
    return f"With {name} transposed they would agree better." if is_behind else ""


def _held_otherwise(first: Row, alignment: Alignment, ours: Record, reference: Record) -> str:
    told = []
    for side, record, place in ((0, ours, first.ours), (1, reference, first.reference)):
        paired = {pair[side] for pair in alignment.weights}
        behind = record.weights_behind(place) if place in record.layers() else []
        told.append(", ".join(f"{w} {record.shape(w, 'weights', 'of')}" for w in behind if w not in paired))
    if not all(told):
        return ""
    return f"Their weights are held in another layout, and not compared: {told[0]}; the reference's {told[1]}."


def _without_counterpart(first: Row, alignment: Alignment, ours: Record, reference: Record) -> str:
    told = []
    for side, record, place in ((0, ours, first.ours), (1, reference, first.reference)):
        calls, paired = record.layers(), {pair[side] for pair in alignment.layers}
        end = calls.index(place) if place in calls else len(calls)
        start = max((i + 1 for i in range(end) if calls[i] in paired), default=0)
        lonely = [name for name in calls[start:end] if active(name) is None]
        names = [layer_of(name) if pre_activation(name) not in paired else f"{name}'s activation" for name in lonely]
        if names:
            told.append(f"{('ours', 'the reference')[side]} has {', '.join(names)}")
    return f"Before it, without a counterpart: {'; '.join(told)}." if told else ""
