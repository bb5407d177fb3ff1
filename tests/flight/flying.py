"""Flies a model and its data through one probe and the rule that judges it."""

import importlib
from typing import Any

import keras

from demo.training import Training
from tb_nnhealth.engine import Verdict
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tests.flight.zoo import Flight
from tests.rules.builder import verdict, with_probe

SECONDS = 240.0
"""So much that nothing is cut short on a machine that has other things to do."""


def subject_of(training: Training, validation: tuple[Any, ...] | None = None) -> Subject:
    """Returns all examples of a training, in the order in which it has them."""
    examples = len(keras.tree.flatten(training.images)[0])
    shuffles = bool(training.fit.get("shuffle", True))
    sample = Sample(training.images, training.targets, total=examples, ordered=training.targets, shuffles=shuffles)
    if not training.model.built:
        training.model(keras.tree.map_structure(lambda array: array[:2], training.images))
    held = None if validation is None else Sample(*validation, total=len(keras.tree.flatten(validation[0])[0]))
    return Subject(training.model, sample, held)


def measured(name: str, training: Training, seconds: float = SECONDS) -> dict[str, Any]:
    """Returns what a probe measures of a training."""
    return _measure(name, subject_of(training), seconds)


def judged(name: str, values: dict[str, Any]) -> Verdict:
    """Returns what a probe's rule says of what was measured."""
    return verdict(name, with_probe(name, **values))


def verdict_of(name: str, subject: Subject) -> Verdict:
    """Returns what a probe's rule says of what the probe measures."""
    try:
        return judged(name, _measure(name, subject, SECONDS))
    except NotMeasured as why:
        return verdict(name, with_probe(name, reason=str(why)))


def flown(name: str, flight: Flight) -> Verdict:
    """Returns what a probe's rule says of a flight."""
    return verdict_of(name, subject_of(flight.build(), flight.validation() if flight.validation else None))


def _measure(name: str, subject: Subject, seconds: float) -> dict[str, Any]:
    module = importlib.import_module(f"tb_nnhealth.flight.probes.{name.replace('-', '_')}")
    return module.measure(subject, Clock(seconds))
