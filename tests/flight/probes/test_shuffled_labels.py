"""shuffled-labels: what it measures, and how its rule judges it, of models and data of known verdict."""

from tests.flight.flying import each, flown
from tests.flight.zoo.shuffled_labels import FLIGHTS

RULE = "shuffled-labels"


@each(FLIGHTS)
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)
