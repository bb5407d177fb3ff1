"""random-input: what it measures, and how its rule judges it, of models and data of known verdict."""

from tests.flight.flying import each, flown
from tests.flight.zoo.random_input import FLIGHTS

RULE = "random-input"


@each(FLIGHTS, strict=False)
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)
