"""Trains the model briefly on real inputs and on such as say nothing of the targets."""

from typing import Any

import numpy as np

from tb_nnhealth.flight.brief.brief_training import Brief, brief_of
from tb_nnhealth.flight.brief.relation import better
from tb_nnhealth.flight.brief.trial import Trial, trials_told
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.examples.rows import named_arrays
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.instrument.batch import input_names

SHARE = 2.0


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns a training on the real inputs and, where it shows no relation to the targets of the examples held out,
    one on the inputs shuffled between the examples, one on noise of their means and deviations, what simple models see,
    and what a linear model gains by the model's own loss.

    Raises:
      NotMeasured: there is too little to train on, or too little time.
    """
    brief = brief_of(subject)
    real = brief.trials("real", clock)
    values = {
        **brief.record(real),
        "distinct": brief.distinct,
        "inputs": _uses(real),
        "few_values": _few_values(subject),
    }
    if not any(trial.is_clear for trial in real):
        values["apparent"] = {name: {"p": seen.p, "z": seen.z} for name, seen in brief.apparent.items()}
        values |= _gained(brief, subject)
        for kind in ("shuffled", "noise"):
            if clock.left():
                values[kind] = trials_told(brief.trials(kind, clock))["trials"]
    return values


def _gained(brief: Brief, subject: Subject) -> dict[str, float]:
    """Returns the mean losses of the examples held out by a constant and by a linear model, with the p-value of the
    difference; nothing where there is no linear model for such targets."""
    try:
        simple = brief.baselines
    except NotMeasured:
        return {}
    return {
        "constant": float(simple.constant.mean()),
        "linear": float(simple.linear.mean()),
        "p_linear_beats_constant": better(simple.constant - simple.linear, subject.random("random input")),
    }


def _few_values(subject: Subject) -> list[dict[str, Any]]:
    """Returns the inputs of whole numbers that hold two different ones at most, as ids where all words are unknown."""
    arrays = named_arrays(subject.training.x, input_names(subject.model))
    values = [(name, np.unique(array)) for name, array in arrays if array.dtype.kind in "iu"]
    return [{"name": name, "values": found} for name, found in values if len(found) <= 2]


def _uses(trials: tuple[Trial, ...]) -> list[dict[str, Any]]:
    """Returns how far each input moves the answers after the training in which it does so most."""
    by_name: dict[str, list[float]] = {}
    for trial in trials:
        for name, moved in trial.uses:
            by_name.setdefault(name, []).append(np.nan if moved is None else moved)
    return [{"name": name, "moved": float(np.max(moved))} for name, moved in by_name.items()]
