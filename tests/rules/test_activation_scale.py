"""activation-scale: the outputs' spread through depth."""

import pytest

from tests.rules.builder import change, findings, healthy, model, stuck, thin, unmeasured, verdict

RULE = "activation-scale"


def scaled(factor, run=None):
    run = run or stuck(healthy())
    for i in range(4):
        run = change(run, "activation", "activation_std", factor**i, f"dense_{i}")
    return run


LIMITS = {
    "shrink": (scaled(0.1), 1e-4),
    "grow": (scaled(10.0), 1e4),
    "layers": (scaled(10.0), 5),
}


@pytest.mark.parametrize("factor", [1.0, 0.3, 4.0])
def test_moderate_changes_pass(factor):
    assert findings(RULE, scaled(factor)) == ()


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_orders_of_magnitude_are_a_warning_unless_something_is_learnt(factor):
    (finding,) = findings(RULE, scaled(factor))
    assert (finding.severity, finding.layer) == ("warning", "dense_3")
    assert findings(RULE, scaled(factor, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(scaled(factor), 3))) == 1


def test_shallow_and_unmeasured():
    assert verdict(RULE, stuck(healthy(model(hidden=2)))).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
