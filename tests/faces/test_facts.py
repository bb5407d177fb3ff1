"""What the page is told of a run beside its scorecard."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.faces.facts import facts, silence
from tests.rules.builder import healthy


def sampled_at(*times):
    run = healthy(steps=np.arange(len(times)))
    return replace(run, step=replace(run.step, wall_times=np.array(times, float)))


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (np.arange(150) * 0.002, 20.0),
        (np.arange(60) * 2.0, 60.0),
        (np.arange(60) * 60.0, 300.0),
        ([*np.arange(30) * 0.01, *(40 + np.arange(30) * 0.01)], 3 * 39.71),
        ([5.0], 300.0),
    ],
    ids=["quick", "slow", "slower", "with validation", "one sample"],
)
def test_a_run_is_silent_by_its_own_pace(times, seconds):
    run = sampled_at(*times)
    assert silence(run) == pytest.approx(seconds, abs=0.1)
    assert facts(run)["training"]["silence"] == silence(run)
