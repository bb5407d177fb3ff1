"""`compare_models`: names the first place where two models differ."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tb_nnhealth.compare.aligning import Alignment, align, check_map
from tb_nnhealth.compare.asked import check, check_finite, has_loss, work_of
from tb_nnhealth.compare.comparison import Comparison, Row
from tb_nnhealth.compare.hints import hint
from tb_nnhealth.compare.judging import Judge
from tb_nnhealth.compare.layout import layouts_of
from tb_nnhealth.compare.noise import UNITS, Noise, coarsest
from tb_nnhealth.compare.record import Array, Key, Record, active
from tb_nnhealth.compare.recorded import check_examples, read
from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tb_nnhealth.telling import told

RUNS = 8
"""How often each model runs with random errors: of an element that these move, all eight miss 1 in 250 times at most
where one moves it with a probability of a half, as a ReLU at its kink."""


def compare_models(
    ours: Any,
    reference: Any,
    batch: Any,
    map: Mapping[str, str] | None = None,
    *,
    weights: str = "as_is",
    training: bool = False,
    seed: int = 0,
) -> Comparison:
    """Runs two models layer by layer, forwards and backwards, and names the first place where they differ.

    What float error explains is measured: both run again with random errors of the size of rounding. Neither model is
    changed: weights, moving statistics, seeds and metrics stay what they are.

    Args:
      ours: a built Keras model.
      reference: a built Keras model, arrays by name, or the path of an `.npz` file of these
        (docs/comparing_models.md tells the names).
      batch: `x` alone, `(x, y)` or `(x, y, sample_weight)`, as `fit` takes them. With `x` alone only the forward pass
        is compared.
      map: our names of layers (or weights), and the reference's that stand against them; all others are aligned by
        order and shape.
      weights: "as_is", or "copy": ours is run with the reference's weights, without being given them.
      training: the mode; in training mode both models draw the same random numbers, layer for layer.
      seed: of the random errors.

    Raises:
      ValueError: models, batch, map or arrays cannot be compared; says why.
    """
    check(ours, reference, weights, map)
    work = work_of(ours, reference, batch, training)
    mine = _run(ours, work, "ours")
    if isinstance(reference, keras.Model):
        other = _run(reference, work, "the reference")
        check_finite(work, [mine, other])
    else:
        check_finite(work, [mine])
        other = read(reference, mine)
        check_examples(other, mine, work.examples)
    check_map(mine, other, map or {})

    def tried(given: Mapping[str, Array]) -> Record:
        return _run(ours, Work(work.x, training=work.training, weights=given), "ours")

    layout, layout_of_reference = layouts_of(mine, other, map or {}, tried)
    one, two = layout.of(mine), layout_of_reference.of(other)
    alignment = align(one, two, map or {})
    work_of_ours = work
    if weights == "copy":
        work_of_ours = replace(work, weights=layout.held(_held(alignment, two)))
        mine = _run(ours, work_of_ours, "ours")
        one = layout.of(mine)
        alignment = align(one, two, {**dict(alignment.weights), **(map or {})})
    _check_alignment(alignment, one, two)
    unit = UNITS[coarsest(mine.dtypes | other.dtypes)]
    spread = _spread(ours, work_of_ours, mine, unit, seed)
    reference_spread = _spread(reference, work, other, unit, seed) if isinstance(reference, keras.Model) else {}
    rows = Judge(one, two, layout.seen(spread), layout_of_reference.seen(reference_spread)).rows(alignment)
    likely = hint(rows, alignment, one, two, work.examples, layout_of_reference.forgotten)
    return _comparison(rows, alignment, one, two, likely, (*layout.told(), *layout_of_reference.told()))


def _own_loss(model: Any, work: Work) -> Work:
    """A model without loss is given the other's."""
    if work.loss_from is None or not has_loss(model):
        return work
    return replace(work, loss_from=model)


def _run(model: Any, work: Work, whose: str) -> Record:
    own = _own_loss(model, work)
    try:
        return run(model, own)
    except Exception as error:
        leaves = (leaf for leaf in keras.tree.flatten((work.x, work.y)) if leaf is not None)
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves)
        raise ValueError(
            f"`batch` should be one that {whose} can be run on. Received: shapes {shapes} ({told(error)})."
        ) from error


def _held(alignment: Alignment, other: Record) -> dict[str, Array]:
    """Returns the reference's weights by our names."""
    held = {name: other.values.get(("weights", theirs)) for name, theirs in alignment.weights}
    given = {name: value for name, value in held.items() if value is not None}
    if not given:
        names = "" if other.is_whole else "; a weight is named `<layer>/<weight>` or `weights/<name>`"
        raise ValueError(
            f"`weights='copy'` expects weights of the reference that fit ours by shape. Received: none{names}."
        )
    return given


def _check_alignment(alignment: Alignment, ours: Record, reference: Record) -> None:
    losses = set(ours.names("loss")) & set(reference.names("loss"))
    if alignment.layers or alignment.predictions or alignment.weights or losses:
        return
    layers = [
        ", ".join(f"{name} {record.shape(name, 'output', 'into')}" for name in record.layers()[:4]) or "no layer"
        for record in (ours, reference)
    ]
    raise ValueError(
        "`ours` and `reference` should have layers whose outputs are of the same shape. "
        f"Received: ours has {layers[0]}; the reference has {layers[1]}."
    )


def _spread(model: Any, work: Work, base: Record, unit: float, seed: int) -> dict[Key, Array]:
    """Returns how far each element of each value moves at most in several runs with random errors."""
    found: dict[Key, Array] = {}
    own = _own_loss(model, work)
    for index in range(RUNS):
        moved = run(model, own, Noise(unit, RUNS * seed + index)).values
        for key, value in base.values.items():
            if key[0] != "weights" and key in moved and moved[key].shape == value.shape:
                with np.errstate(invalid="ignore"):
                    distance = np.abs(moved[key] - value)
                found[key] = np.fmax(found[key], distance) if key in found else distance
    sums = [name for name in base.names("of") if unit > UNITS["float32"] or base.is_plain_sum(name)]
    for name in sums:
        if ("of", name) in found:
            found["of", name] = found["of", name] * math.sqrt(base.positions(name))
    return found


def _comparison(
    rows: list[Row],
    alignment: Alignment,
    ours: Record,
    reference: Record,
    likely: str,
    rearranged: tuple[str, ...],
) -> Comparison:
    pairs = [*alignment.layers, *alignment.weights, *alignment.predictions]
    pairs += [(row.ours, row.reference) for row in rows if row.stage == "loss"]
    unpaired = []
    for side, record in enumerate((ours, reference)):
        paired = {pair[side] for pair in pairs}
        rest = record.names("prediction", "loss") if not record.is_whole else []
        paired |= {active(name) or name for name in paired}
        names = [name for name in [*record.layers(), *record.weights(), *rest] if active(name) is None]
        unpaired.append(tuple(name for name in names if name not in paired))
    precision = coarsest(ours.dtypes | reference.dtypes)
    return Comparison(tuple(rows), unpaired[0], unpaired[1], precision, likely, rearranged)
