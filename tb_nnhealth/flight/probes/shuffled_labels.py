"""Holds a brief training's answers against the targets of the examples they are for, and against other examples'."""

from typing import Any

import keras
import numpy as np

from tb_nnhealth.flight.brief.brief_training import brief_of
from tb_nnhealth.flight.brief.relation import detectable
from tb_nnhealth.flight.brief.trial import TESTS, trials_told
from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.subject import Subject

SHARE = 1.2

LEVEL = 0.01
"""The error rate that what can be detected is told for."""


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
        "ids_only": all(np.asarray(leaf).dtype.kind not in "fb" for leaf in keras.tree.flatten(subject.training.x)),
        "detectable": detectable(brief.held, LEVEL / TESTS),
    }
    if not any(trial.is_clear for trial in real):
        seen = brief.apparent.values()
        values["apparent_p"] = min(1.0, len(seen) * min(relation.p for relation in seen))
        values["planted"] = trials_told(brief.trials("planted", clock))
    return values
