"""weight-decay-dominates: decay against the whole update."""

import numpy as np
import pytest

from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    model,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_layers,
)

RULE = "weight-decay-dominates"
RATE, DECAY = 1e-3, 100.0
ADAMW = {"class_name": "AdamW", "learning_rate": RATE, "weight_decay": DECAY}
PENALIZED = {f"dense_{i}": {"regularized": True} for i in range(4)} | {"output": {"regularized": True}}


def norms(run, left, share=1.0):
    """The run with kernels that end at a share of their norm, by updates of which decay makes up another share."""
    curve = np.geomspace(5.0, 5.0 * left, len(STEPS))[:, None]
    run = change(run, "variable", "value_norm", curve)
    return change(run, "variable", "update_norm", RATE * DECAY * curve / share)


def decayed(left=0.1, share=1.0, learns=False):
    run = healthy(model(optimizer=ADAMW))
    return norms(run if learns else stuck(run), left, share)


LIMITS = {
    "decay": (decayed(), 1.1),
    "shrunk": (decayed(), 0.09),
    "penalized": (norms(with_layers(healthy(), **PENALIZED), 0.09), 0.08),
}


def test_decay_that_shrinks_the_weights_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, decayed())
    assert (finding.severity, finding.observed) == ("warning", pytest.approx(0.1))
    assert finding.message.endswith("has shrunk to 10 % of its norm under weight decay.")
    assert len(finding.others) == 4
    assert findings(RULE, decayed(learns=True))[0].severity == "info"
    assert len(findings(RULE, thin(decayed(), 3))) == 1


@pytest.mark.parametrize(("left", "share", "count"), [(0.1, 0.69, 0), (0.1, 0.71, 1), (0.51, 1.0, 0), (0.49, 1.0, 1)])
def test_limits(left, share, count):
    assert len(findings(RULE, decayed(left, share))) == count


@pytest.mark.parametrize(("left", "count"), [(0.11, 0), (0.09, 1)])
def test_a_penalty_counts_by_what_is_left(left, count):
    found = findings(RULE, norms(with_layers(healthy(), **PENALIZED), left))
    assert len(found) == count
    assert all("under its penalty" in finding.message for finding in found)


@pytest.mark.parametrize(("end", "left", "severities"), [(1.3, 0.49, ["warning"]), (1.3, 0.51, []), (1.0, 0.49, [])])
def test_a_penalty_counts_earlier_where_more_than_half_of_the_loss_is_left(end, left, severities):
    run = losses(healthy(), np.linspace(2.3, end, len(STEPS)))
    found = findings(RULE, norms(with_layers(run, **PENALIZED), left))
    assert [finding.severity for finding in found] == severities


def test_without_decay_or_measurements_is_no_data():
    assert verdict(RULE, norms(stuck(healthy()), 0.1)).status == "no_data"
    assert verdict(RULE, unmeasured(decayed())).status == "no_data"
