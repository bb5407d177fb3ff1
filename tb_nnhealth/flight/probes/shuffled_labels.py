"""Holds a brief training's answers against the targets of the examples they are for, and against other examples'."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.brief.brief_training import brief_of
from tb_nnhealth.flight.brief.relation import detectable
from tb_nnhealth.flight.brief.trial import TESTS, trials_told
from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.examples.rows import named_arrays
from tb_nnhealth.flight.subject import Subject

SHARE = 1.2

LEVEL = 0.01
"""The error rate that what can be detected is told for."""

LOOKUPS = {
    "Embedding",
    "CategoryEncoding",
    "Hashing",
    "HashedCrossing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
    "Lambda",
    "OneHot",
    "MultiHot",
    "Take",
}
"""Layers and functions of Keras' that look up what an id stands for, or may do so."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns a training on the real targets and, where it shows no relation to them, what simple models see of one,
    and a training on the same targets in an order in which they are related to the inputs.

    Raises:
      NotMeasured: there is too little to train on, or too little time.
    """
    brief = brief_of(subject)
    real = brief.trials("real", clock)
    values = {
        **brief.record(real),
        "ids_only": all(are_ids(leaf, subject.model) for _, leaf in named_arrays(subject.training.x)),
        "detectable": detectable(brief.held, LEVEL / TESTS),
    }
    if not any(trial.is_clear for trial in real):
        seen = brief.apparent.values()
        values["apparent_p"] = min(1.0, len(seen) * min(relation.p for relation in seen))
        values["planted"] = trials_told(brief.trials("planted", clock))
    return values


def are_ids(inputs: NDArray[Any], model: Any) -> bool:
    """Returns whether inputs `[n, …]` are words, or whole numbers that something is looked up by: in pictures of bytes
    nothing is, nor by a model of Keras' own layers that has none of `LOOKUPS`."""
    if inputs.dtype.kind not in "iu":
        return inputs.dtype.kind in "OSU"
    return not (inputs.dtype == np.uint8 and inputs.ndim > 2) and _may_look_up(model)


def _may_look_up(model: Any) -> bool:
    parts = [part for layer in model._flatten_layers() for part in (layer, *getattr(layer, "operations", ()))]
    return any(type(part).__name__ in LOOKUPS or not type(part).__module__.startswith("keras.") for part in parts)
