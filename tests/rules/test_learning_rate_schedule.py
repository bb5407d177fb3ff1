"""learning-rate-schedule: rates over the training."""

import numpy as np

from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    stuck,
    unmeasured,
    verdict,
    with_classes,
    with_epochs,
)

RULE = "learning-rate-schedule"


def rated(rates, run=None):
    return change(run or stuck(healthy()), "step", "learning_rate", np.asarray(rates)[:, None])


LIMITS = {
    "decayed": (rated(1e-2 * np.exp(-STEPS / 60)), 1e-4),
    "plateau": (with_epochs(healthy(), [2.0, 1.2, 0.8, 0.6, *np.linspace(0.52, 0.5, 8)]), 0.01),
    "epochs": (with_epochs(healthy(), [2.0, 1.2, 0.8, 0.6, *[0.5] * 8]), 13),
}


def test_usual_schedules_pass():
    assert findings(RULE, rated(np.full(len(STEPS), 1e-3))) == ()
    assert findings(RULE, rated(1e-3 * 0.5 * (1 + np.cos(np.pi * STEPS / 1000)))) == ()


def test_a_rate_that_is_gone_early_is_a_warning():
    gone = 1e-2 * np.exp(-STEPS / 10)
    (finding,) = findings(RULE, rated(gone))
    assert (finding.severity, finding.statistic) == ("warning", "learning_rate")


def test_a_rate_that_is_gone_while_much_is_left_to_learn_is_a_warning_whatever_was_learnt():
    gone = 1e-2 * np.exp(-STEPS / 10)
    first = STEPS < 100
    for level, count in ((0.7, 1), (0.05, 0)):
        run = rated(gone, losses(healthy(), np.where(first, 2.3, 2.3 * level)))
        assert [finding.severity for finding in findings(RULE, run)] == ["warning"] * count


def test_a_plateau_at_a_constant_rate_is_information():
    plateau = with_epochs(healthy(), [2.0, 1.2, 0.8, 0.6, *[0.5] * 8])
    assert findings(RULE, plateau)[0].severity == "info"


def test_a_loss_that_never_fell_far_has_no_plateau_to_decay_from():
    run = with_classes(losses(healthy(), 0.33), np.full(10, 3))
    assert findings(RULE, with_epochs(run, [0.35, 0.34, *[0.33] * 10])) == ()


def test_a_rate_of_zero_and_unmeasured():
    assert verdict(RULE, rated(np.zeros(len(STEPS)))).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_rate_of_zero_after_the_first_steps_is_told():
    (finding,) = findings(RULE, rated(np.where(STEPS < 2, 1e-3, 0.0)))
    assert finding.message == "For half of the training the learning rate is 0, after 0.001 at most."
