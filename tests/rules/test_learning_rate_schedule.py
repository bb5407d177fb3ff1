"""learning-rate-schedule: rates over the training."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, stuck, unmeasured, verdict, with_epochs

RULE = "learning-rate-schedule"


def rated(rates, run=None):
    return change(run or stuck(healthy()), "step", "learning_rate", np.asarray(rates)[:, None])


def test_usual_schedules_pass():
    assert findings(RULE, rated(np.full(len(STEPS), 1e-3))) == ()
    assert findings(RULE, rated(1e-3 * 0.5 * (1 + np.cos(np.pi * STEPS / 1000)))) == ()


def test_a_rate_that_is_gone_early_is_a_warning_unless_something_is_learnt():
    gone = 1e-2 * np.exp(-STEPS / 10)
    (finding,) = findings(RULE, rated(gone))
    assert (finding.severity, finding.statistic) == ("warning", "learning_rate")
    assert findings(RULE, rated(gone, healthy())) == ()


def test_a_plateau_at_a_constant_rate_is_information():
    plateau = with_epochs(healthy(), [2.0, 1.2, 0.8, 0.6, *[0.5] * 8])
    assert findings(RULE, plateau)[0].severity == "info"


def test_a_rate_of_zero_and_unmeasured():
    assert verdict(RULE, rated(np.zeros(len(STEPS)))).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_rate_of_zero_after_the_first_steps_is_told():
    (finding,) = findings(RULE, rated(np.where(STEPS < 2, 1e-3, 0.0)))
    assert finding.message == "For half of the training the learning rate is 0, after 0.001 at most."
