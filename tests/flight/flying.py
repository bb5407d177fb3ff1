"""Flies a model and its data through one probe and the rule that judges it."""

import importlib
from collections.abc import Collection, Iterable
from typing import Any

import pytest

from demo.training import Training
from tb_nnhealth.engine import Verdict
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.keeping.kept import build
from tb_nnhealth.flight.reading.sample import read
from tb_nnhealth.flight.subject import Subject
from tests.flight.zoo import Flight, data_of
from tests.rules.builder import verdict, with_probe

SECONDS = 240.0
"""So much that nothing is cut short on a machine that has other things to do."""


def subject_of(training: Training, validation: tuple[Any, ...] | None = None) -> Subject:
    """Returns a training with what a preflight reads of its data."""
    sample = read(data_of(training), training.model)
    build(training.model, sample.x)
    return Subject(training.model, sample, None if validation is None else read(validation, training.model))


def each(flights: Iterable[Flight], quick: Collection[str] = (), strict: bool = True) -> pytest.MarkDecorator:
    """Returns what gives a test each of the flights: slow ones but for the `quick`, which are names.

    Of one that is known to be missed the test must fail: once it is found, `missed` has to go. Where that is not
    `strict`, it may fail: what trainings come to differs from machine to machine.
    """
    return pytest.mark.parametrize("flight", [_parameter(flight, flight.name in quick, strict) for flight in flights])


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


def _parameter(flight: Flight, is_quick: bool, strict: bool) -> Any:
    marks = [] if is_quick else [pytest.mark.slow]
    if flight.missed:
        marks.append(pytest.mark.xfail(raises=AssertionError, strict=strict, reason=flight.missed))
    return pytest.param(flight, id=flight.name, marks=marks)


def _measure(name: str, subject: Subject, seconds: float) -> dict[str, Any]:
    module = importlib.import_module(f"tb_nnhealth.flight.probes.{name.replace('-', '_')}")
    return module.measure(subject, Clock(seconds))
