"""Made-up outcomes."""

from tools.accuracy.outcome import Outcome


def made(name="model", part="zoo", *said, **other):
    """Returns the outcome of a run in which the rules `said`, each "rule" or "rule severity", fired."""
    findings = tuple((*text.split(), "warning")[:2] for text in said)
    fields = {
        "kind": "MLP, binary",
        "held_out": False,
        "seed": 0,
        "expected": frozenset(),
        "also": frozenset(),
        "informs": False,
        "steps": 100,
        "raised": None,
        "no_data": {},
        "broken": {},
        **other,
    }
    return Outcome(part=part, name=name, findings=findings, **fields)
