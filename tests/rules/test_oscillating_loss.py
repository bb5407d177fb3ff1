"""oscillating-loss: the changes from epoch to epoch."""

from dataclasses import replace

import numpy as np

from tests.rules.builder import findings, healthy, stuck, verdict, with_epochs

RULE = "oscillating-loss"
SWINGS = 2.3 + 0.8 * (-1.0) ** np.arange(12)
LIMITS = {
    "size": (with_epochs(stuck(healthy()), SWINGS), 1.1),
    "reversals": (with_epochs(stuck(healthy()), SWINGS), 1.0),
    "epochs": (with_epochs(stuck(healthy()), SWINGS), 13),
}


def test_falling_losses_pass():
    assert findings(RULE, with_epochs(stuck(healthy()), np.geomspace(2.3, 0.3, 12))) == ()


def test_swings_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, with_epochs(stuck(healthy()), SWINGS))
    assert finding.severity == "warning" and finding.observed > 0.5


def test_small_swings_pass():
    assert findings(RULE, with_epochs(stuck(healthy()), 2.3 + 0.02 * (-1.0) ** np.arange(12))) == ()


def test_swings_on_the_way_down_pass():
    noisy = np.geomspace(100.0, 0.1, 12) * (1 + 0.2 * (-1.0) ** np.arange(12))
    assert findings(RULE, with_epochs(stuck(healthy()), noisy)) == ()


def test_few_epochs_show_none():
    run = with_epochs(stuck(healthy()), SWINGS[:4])
    one = with_epochs(stuck(healthy()), SWINGS[:1])
    assert verdict(RULE, one).reason == "1 epoch is too short to show a swing, and single batches differ without one"
    assert verdict(RULE, run).reason == "4 epochs are too few to show a swing, and single batches differ without one"


def test_epochs_of_another_loss_do_not_count():
    run = with_epochs(stuck(healthy()), SWINGS)
    assert verdict(RULE, replace(run, loss_since=700)).status == "no_data"
