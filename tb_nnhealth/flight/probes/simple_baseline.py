"""Holds a brief training against a constant and a linear model on the same examples."""

from typing import Any

import keras
import numpy as np

from tb_nnhealth.flight.brief.brief_training import brief_of
from tb_nnhealth.flight.brief.relation import better
from tb_nnhealth.flight.brief.trial import TESTS
from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject

SHARE = 0.8


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns the mean losses of the examples held out by a constant, by a linear model and by the model at its best,
    with the p-values of the differences: how often as large a one would come by chance.

    Raises:
      NotMeasured: there is too little to train on, too little time, or no linear model for such targets.
    """
    brief = brief_of(subject)
    simple = brief.baselines
    trials = brief.trials("real", clock)
    looks = [look for trial in trials for look in trial.looks[1:] if np.isfinite(look.losses).all()]
    best = min(looks or [trials[0].looks[0]], key=lambda look: float(look.losses.mean()))
    random = subject.random("simple baseline")
    return {
        **brief.record(trials),
        "constant": float(simple.constant.mean()),
        "linear": float(simple.linear.mean()),
        "model": float(best.losses.mean()),
        "step": best.step,
        "p_model_beats_constant": min(1.0, TESTS * better(simple.constant - best.losses, random)),
        "p_linear_beats_constant": better(simple.constant - simple.linear, random),
        "p_linear_beats_model": better(best.losses - simple.linear, random),
        "reconstructs": _reconstructs(brief.sample),
    }


def _reconstructs(sample: Sample) -> bool:
    """Returns whether some target is as large as an input, as those of autoencoders are."""
    inputs, targets = (
        {leaf.shape[1:] for leaf in keras.tree.flatten(part) if leaf is not None and np.prod(leaf.shape[1:]) > 1}
        for part in (sample.x, sample.y)
    )
    return bool(inputs & targets)
