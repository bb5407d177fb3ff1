"""shuffled-labels: what it measures, and how its rule judges it, of models and data of known verdict."""

import pytest

from tests.flight.flying import each, flown
from tests.flight.zoo.shuffled_labels import FLIGHTS

RULE = "shuffled-labels"


@each(FLIGHTS)
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)


@pytest.mark.slow
def test_noise_that_repeats_does_not_pass():
    told = flown(RULE, next(flight for flight in FLIGHTS if "examples that repeat" in flight.name))
    assert told.status == "no_data" and "of 50 held-out examples" in told.reason
