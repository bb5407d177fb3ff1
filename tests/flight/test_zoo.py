"""The zoo of flights is whole: each probe has sick and healthy ones, as `docs/adding_a_rule.md` demands."""

from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest

from tb_nnhealth.flight import preflight as module
from tb_nnhealth.flight.preflight import preflight
from tb_nnhealth.flight.probes import PROBES, Probe
from tb_nnhealth.rules import DIAGNOSES
from tests.flight.flying import subject_of
from tests.flight.zoo import data_of, flights

LEAST = 3
"""Sick flights that are found, and healthy ones, that a probe has at least."""

EXEMPT = {
    "first-steps": "it is no probe, and tells what `fit` raises: tests/flight/test_preflight.py makes it raise",
    "input-gallery": "it shows examples and finds no fault: tests/flight/probes/test_input_gallery.py looks at what",
}
"""The experiments that have no flights of their own, and why."""

NAMES = ("first-steps", *(probe.name for probe in PROBES))
FLIGHTS = tuple(flights())
DOCUMENTS = Path(__file__).parents[2] / "docs"
DOCUMENT = DOCUMENTS / "adding_a_rule.md"
PAGE = DOCUMENTS / "preflight_accuracy.md"


def of(name):
    return [flight for probe, flight in FLIGHTS if probe == name]


def test_every_experiment_has_its_rule_and_every_rule_its_experiment():
    assert set(NAMES) == {name for name, each in DIAGNOSES.items() if each.rule.category == "preflight"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in EXEMPT])
def test_each_probe_has_sick_and_healthy_flights(name):
    sick = [flight.name for flight in of(name) if name in flight.expected and not flight.missed]
    healthy = [flight.name for flight in of(name) if not flight.expected]
    assert len(sick) >= LEAST, f"sick: {sick}"
    assert len(healthy) >= LEAST, f"healthy: {healthy}"


@pytest.mark.parametrize("name", EXEMPT)
def test_what_is_exempt_has_no_flights_and_is_named_in_the_document(name):
    assert name in NAMES and not of(name)
    assert f"`{name}`" in DOCUMENT.read_text(encoding="utf-8")


def test_flights_are_of_probes_and_expect_probes():
    assert {probe for probe, _ in FLIGHTS} <= set(NAMES)
    for _, flight in FLIGHTS:
        assert flight.expected <= set(NAMES), flight.name


@pytest.mark.parametrize("name", ["digits, a tenth wrong", "digits, sorted", "digits, split at random"])
def test_a_probe_is_given_what_a_preflight_reads(monkeypatch, name):
    (flight,) = (flight for _, flight in FLIGHTS if flight.name == name)
    validation = flight.validation and flight.validation()
    given = []
    monkeypatch.setattr(module, "_first_steps", lambda subject, log_dir: [])
    monkeypatch.setattr(module, "PROBES", (Probe("data-order", 1.0, lambda subject, clock: given.append(subject)),))
    training = flight.build()
    preflight(training.model, data_of(training), validation)
    (theirs,), ours = given, subject_of(flight.build(), validation)
    assert theirs.training.examples == 512 < theirs.training.total
    for part in ("training", "validation"):
        sample, read = getattr(ours, part), getattr(theirs, part)
        np.testing.assert_equal(sample and vars(sample), read and vars(read))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({probe for probe, _ in FLIGHTS}))
def test_a_flight_is_the_same_each_time(name):
    def built(flight, seed):
        keras.utils.set_random_seed(seed)
        training = flight.build()
        return training.model.get_weights(), training.images, training.targets

    for flight in of(name):
        np.testing.assert_equal(built(flight, 5), built(flight, 6), flight.name)


def test_what_is_missed_is_sick_and_told_on_the_page():
    page = PAGE.read_text(encoding="utf-8").splitlines()
    for probe, flight in FLIGHTS:
        if flight.missed:
            assert probe in flight.expected, flight.name
            begin = f"| {flight.name} | {probe} | missed |"
            assert any(line.startswith(begin) and flight.missed in line for line in page), flight.name


def test_no_two_flights_have_one_name():
    assert [name for name, times in Counter(flight.name for _, flight in FLIGHTS).items() if times > 1] == []
