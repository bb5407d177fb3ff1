"""too-few-updates: the length of a finished training."""

from dataclasses import replace

import numpy as np

from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_epochs

RULE = "too-few-updates"
SHORT = np.arange(0, 20, 2)
LIMITS = {"steps": (stuck(healthy(steps=SHORT)), 19)}


def test_long_trainings_pass():
    assert findings(RULE, stuck(healthy())) == ()


def test_a_short_one_that_learnt_nothing_is_a_warning():
    (finding,) = findings(RULE, stuck(healthy(steps=SHORT)))
    assert (finding.severity, finding.observed) == ("warning", 19.0)
    assert findings(RULE, healthy(steps=SHORT)) == ()


def test_the_message_tells_where_the_steps_come_from():
    (finding,) = findings(RULE, with_epochs(stuck(healthy(steps=SHORT)), [2.3, 2.3]))
    assert finding.message == "The whole training took 19 steps: 2 epochs of 100."
    (finding,) = findings(RULE, with_epochs(stuck(healthy(steps=SHORT)), [2.3]))
    assert finding.message == "The whole training took 19 steps: 1 epoch of 100."


def test_a_training_that_goes_on_is_not_judged():
    assert verdict(RULE, replace(stuck(healthy(steps=SHORT)), finished=False)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
