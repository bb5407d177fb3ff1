"""target-scale: regression targets."""

import numpy as np
import pytest

from tests.rules.builder import STEPS, findings, healthy, losses, unmeasured, verdict, with_data, with_head, with_spread

RULE = "target-scale"


def aimed(mean, std, learns=False, loss="MeanSquaredError"):
    run = with_head(losses(healthy(), (0.1 if learns else 1.0) * std**2), loss, (), 1, (None, 1))
    return with_spread(with_data(run, "target/y", data_mean=mean), std)


LIMITS = {
    "low_std": (aimed(0, 1e-3), 1e-4),
    "high_std": (aimed(0, 100), 101),
    "mean": (aimed(200, 5), 201),
}


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (5, 3), (0, 0.05), (-9, 9)])
def test_usual_targets_pass(mean, std):
    assert findings(RULE, aimed(mean, std)) == ()


@pytest.mark.parametrize(
    ("mean", "std", "statistic"), [(0, 100, "data_std"), (0, 1e-3, "data_std"), (200, 5, "data_mean")]
)
def test_others_are_a_warning_unless_something_is_learnt(mean, std, statistic):
    (finding,) = findings(RULE, aimed(mean, std))
    assert (finding.severity, finding.statistic) == ("warning", statistic)
    assert findings(RULE, aimed(mean, std, learns=True))[0].severity == "info"


def test_single_targets_are_spread_over_the_batches():
    single = with_data(aimed(0, 0), "target/y", data_mean=np.where(np.arange(len(STEPS)) % 2, 3.0, -3.0), data_std=0.0)
    assert findings(RULE, single) == ()
    assert findings(RULE, with_data(single, "target/y", data_mean=0.0, data_std=0.0))[0].statistic == "data_std"


def test_other_losses_are_not_judged():
    assert verdict(RULE, aimed(0, 100, loss="MeanAbsoluteError")).status == "no_data"
    assert verdict(RULE, unmeasured(aimed(0, 100))).status == "no_data"
