"""Where two values differ by more than float error explains."""

from collections.abc import Iterator, Sequence

import numpy as np

from tb_nnhealth.compare.aligning import Alignment, Pair
from tb_nnhealth.compare.comparison import Row
from tb_nnhealth.compare.noise import UNITS, coarsest, least
from tb_nnhealth.compare.record import Array, Key, Record, Spread, Stage, layer_of

SAFETY = 4.0
"""Two values may differ by so many times what random errors of the same size moved them in the runs."""


class Judge:
    """Compares what stands against each other.

    Args:
      ours: our values.
      reference: the reference's.
      spread: how far float error moves ours; where the reference is a model, also its own, by its names.
      reference_spread: the same of the reference.
    """

    def __init__(self, ours: Record, reference: Record, spread: Spread, reference_spread: Spread) -> None:
        self._ours, self._reference = ours, reference
        self._spread, self._reference_spread = spread, reference_spread
        self._dtype = coarsest(ours.dtypes | reference.dtypes)

    def rows(self, alignment: Alignment) -> list[Row]:
        """Returns all that was compared, in the order of computing: forwards, the loss, backwards."""
        names = [name for name in self._ours.names("loss") if self._is_loss_of_both(name)]
        return [
            *self._pairs("weights", alignment.weights),
            *self._lonely_weights(alignment),
            *self._pairs("output", alignment.layers),
            *self._pairs("prediction", alignment.predictions),
            *self._pairs("state", alignment.weights),
            *self._pairs("loss", [(name, name) for name in names]),
            *self._backwards(alignment),
        ]

    def _pairs(self, stage: Stage, pairs: Sequence[Pair]) -> Iterator[Row]:
        for name, other in pairs:
            key, of_other = (stage, name), (stage, other)
            if key in self._ours.values and of_other in self._reference.values:
                yield self._row(key, of_other)

    def _is_loss_of_both(self, name: str) -> bool:
        held = [record.values.get(("loss", name)) for record in (self._ours, self._reference)]
        return all(loss is not None for loss in held) and any(np.any(loss) for loss in held)

    def _backwards(self, alignment: Alignment) -> Iterator[Row]:
        """Gradients from the loss to the input: first into a layer's output, then of its weights."""
        yield from self._pairs("into", alignment.predictions)
        told: set[Pair] = set()
        for index, (name, other) in reversed(list(enumerate(alignment.layers))):
            yield from self._pairs("into", [(name, other)])
            own = [w for w in alignment.weights if self._is_of(w, name, other)]
            before = alignment.layers[:index]  # A gradient of weights adds up from all places behind them.
            own = [w for w in own if not any(self._is_of(w, *pair) for pair in before)]
            told.update(own)
            yield from self._pairs("of", own)
        yield from self._pairs("of", [pair for pair in reversed(alignment.weights) if pair not in told])

    def _is_of(self, weights: Pair, name: str, other: str) -> bool:
        owners = self._ours.owners.get(weights[0]), self._reference.owners.get(weights[1])
        return owners[0] == layer_of(name) or owners[1] == layer_of(other)

    def _lonely_weights(self, alignment: Alignment) -> Iterator[Row]:
        """Weights without counterpart, of layers of which the other weights have one: a bias is missing, say.

        Where some are left over on both sides, they are held in another form, and nothing is missing.
        """
        if not (self._ours.is_whole and self._reference.is_whole):
            return
        paired = [{name for name, _ in alignment.weights}, {name for _, name in alignment.weights}]
        lonely: dict[Pair, None] = {}
        for name, other in alignment.layers:
            mine, others = self._ours.weights_behind(name), self._reference.weights_behind(other)
            left = [w for w in mine if w not in paired[0]], [w for w in others if w not in paired[1]]
            has_pairs = len(left[0]) < len(mine) and len(left[1]) < len(others)
            if has_pairs and not all(left):
                lonely |= {(weight, ""): None for weight in left[0]} | {("", weight): None for weight in left[1]}
        yield from (_lonely(*names) for names in lonely)

    def _row(self, key: Key, other: Key) -> Row:
        ours, reference = self._ours.values[key], self._reference.values[other]
        names = (key[1], other[1])
        if ours.shape != reference.shape:
            return _row(key[0], names, np.inf, np.inf, 0.0, np.inf, f"shapes {ours.shape} and {reference.shape}")
        if not ours.size:
            return _row(key[0], names, 0.0, 0.0, 0.0, 0.0, "")
        one, two = ours.astype(np.float64), reference.astype(np.float64)
        limit = self._limit(key, other, two)
        is_finite = np.isfinite(one) & np.isfinite(two)
        is_same = (one == two) | (np.isnan(one) & np.isnan(two))
        with np.errstate(invalid="ignore"):
            difference = np.where(is_same, 0.0, np.where(is_finite, np.abs(one - two), np.inf))
        ratios = difference / limit
        worst = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
        size = np.max(np.abs(two[np.isfinite(two)]), initial=0.0)
        most = float(np.max(difference))
        relative = 0.0 if most == 0 else float(np.divide(most, size)) if size else np.inf
        note = "" if is_finite.all() or ratios[worst] <= 1 else "one is not finite where the other is, or another"
        return _row(key[0], names, most, relative, float(limit[worst]), float(ratios[worst]), note)

    def _limit(self, key: Key, other: Key, expected: Array) -> Array:
        """Returns what each element may differ by: a multiple of its own spread, the mean one, or its own rounding."""
        floor = SAFETY * least(self._dtype)
        rounding = UNITS[self._dtype] * np.where(np.isfinite(expected), np.abs(expected), 0.0)
        found = [spread[k] for spread, k in ((self._spread, key), (self._reference_spread, other)) if k in spread]
        moved = np.max([np.where(np.isfinite(s), s, 0.0) for s in found], axis=0) if found else np.zeros(expected.shape)
        limit: Array = SAFETY * np.maximum(np.maximum(moved, moved.mean()), rounding) + floor
        return limit


def _row(stage: Stage, names: Pair, most: float, relative: float, limit: float, ratio: float, note: str) -> Row:
    public = {"prediction": "output", "into": "gradient", "of": "gradient"}.get(stage, stage)
    return Row(public, *names, most, relative, limit, ratio, note, is_of_weight=stage in ("weights", "of"))


def _lonely(ours: str, reference: str) -> Row:
    side = "ours" if ours else "the reference"
    return _row("weights", (ours, reference), np.nan, np.nan, 0.0, np.inf, f"only {side} has it")
