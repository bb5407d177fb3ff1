"""vanishing-gradient: over depth, where training suffers."""

import numpy as np
import pytest

from tests.rules.builder import STEPS, change, findings, healthy, model, stuck, thin, unmeasured, verdict

RULE = "vanishing-gradient"


def fading(run, factor, updates=False):
    """The run with a gradient that each layer on the way back multiplies by a factor."""
    kernels = [variable.path for variable in run.model.variables if variable.role == "kernel"]
    for depth, path in enumerate(reversed(kernels)):
        run = change(run, "variable", "gradient_rms", 1e-2 * factor**depth, path)
        if updates:
            run = change(run, "variable", "update_ratio", 1e-2 * factor**depth, path)
    return run


LIMITS = {
    "warning": (fading(stuck(healthy()), 0.1), 1e-5),
    "error": (fading(stuck(healthy()), 0.03), 1e-5),
}


def test_even_gradients_pass():
    assert findings(RULE, healthy()) == ()


def test_fading_gradients_of_a_stuck_run_name_the_first_layer():
    (finding,) = findings(RULE, fading(stuck(healthy()), 0.03))
    assert (finding.severity, finding.layer, finding.variable) == ("warning", "dense_0", "dense_0/kernel")
    assert finding.observed < finding.limit == 1e-3
    assert finding.others == ("dense_1/kernel", "dense_2/kernel")


def test_gradients_below_resolution_are_an_error():
    assert findings(RULE, fading(stuck(healthy()), 1e-3))[0].severity == "error"


def test_a_moderate_spread_is_healthy_even_in_a_stuck_run():
    assert findings(RULE, fading(stuck(healthy()), 0.2)) == ()


def test_a_learning_run_is_judged_by_its_updates():
    assert findings(RULE, fading(healthy(), 0.03)) == ()
    (finding,) = findings(RULE, fading(healthy(), 0.03, updates=True))
    assert finding.severity == "warning"


def test_gradients_that_fade_everywhere_at_the_floor_are_healthy():
    decay = 10.0 ** (-6 * STEPS / STEPS[-1])
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_rms", decay)) == ()


def test_exact_zeros_are_another_rules_matter():
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_rms", 0.0, "dense_0/kernel")) == ()


def test_one_large_gradient_downstream_is_no_vanishing_upstream():
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_rms", 100.0, "dense_3/kernel")) == ()


def test_noise_and_thinning_do_not_change_the_verdict():
    noise = np.exp(np.random.default_rng(3).standard_normal(len(STEPS)))
    run = change(fading(stuck(healthy()), 0.02), "variable", "gradient_rms", 1e-2 * noise, "output/kernel")
    assert [f.layer for f in findings(RULE, thin(run, 5))] == [f.layer for f in findings(RULE, run)] == ["dense_0"]


@pytest.mark.parametrize("run", [unmeasured(healthy()), healthy(model(hidden=1))], ids=["unmeasured", "shallow"])
def test_without_depth_or_samples_there_is_no_verdict(run):
    assert verdict(RULE, run).status == "no_data"
