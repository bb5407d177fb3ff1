"""exploding-gradient: over time, against the weights, over depth."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import NonFinite, Place
from tests.rules.builder import STEPS, change, findings, healthy, losses, stuck, unmeasured, verdict

RULE = "exploding-gradient"
GROWING = np.where(STEPS < 700, 1.0, np.exp((STEPS - 700.0) / 30))


def growing(run):
    return change(run, "step", "gradient_global_norm", GROWING)


LIMITS = {
    "growth": (growing(losses(healthy(), 2.0 + STEPS / 100)), 1e4),
    "ratio": (change(stuck(healthy()), "variable", "gradient_ratio", 5.0), 6.0),
    "depth": (change(stuck(healthy()), "variable", "gradient_rms", 1e3, "dense_0/kernel"), 1e7),
}


def test_steady_gradients_pass_also_in_a_stuck_run():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_growth_with_a_rising_loss_is_an_error():
    (finding,) = findings(RULE, growing(losses(healthy(), 2.0 + STEPS / 100)))
    assert (finding.severity, finding.statistic) == ("error", "gradient_global_norm")
    assert finding.observed > finding.limit == 10.0
    assert finding.last_step == 950


def test_growth_in_a_run_that_learns_is_no_finding():
    assert findings(RULE, growing(healthy())) == ()


def test_growth_while_a_warm_up_lowers_the_loss_a_little_is_no_finding():
    assert findings(RULE, growing(losses(healthy(), 10.8 - STEPS / 1000))) == ()


def test_growth_before_nan_is_a_finding_even_if_the_loss_had_fallen():
    run = replace(growing(healthy()), nonfinite=NonFinite(960, (Place("loss", "", 1.0),)))
    (finding,) = findings(RULE, run)
    assert finding.severity == "error" and finding.message.endswith("and values became NaN or infinite.")


def test_one_spike_is_no_explosion():
    spike = np.where(STEPS == 900, 1e4, 1.0)
    assert findings(RULE, change(stuck(healthy()), "step", "gradient_global_norm", spike)) == ()


def test_gradients_larger_than_the_weights_are_a_warning():
    run = change(stuck(healthy()), "variable", "gradient_ratio", 5.0)
    (finding,) = findings(RULE, change(run, "variable", "gradient_ratio", 50.0, "dense_2/kernel"))
    assert (finding.severity, finding.variable, finding.observed) == ("warning", "dense_2/kernel", 50.0)
    assert len(finding.others) == 4


def test_gradients_larger_than_the_weights_in_some_batches_are_noise():
    often = np.arange(len(STEPS)) % 3 > 0
    noisy = np.where(often, 1.4, 0.3)
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_ratio", noisy)) == ()
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_ratio", np.where(often, 1.4, 1.1)))


def test_one_large_ratio_among_its_peers_is_no_finding():
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_ratio", 5.0, "output/kernel")) == ()


def test_gradients_that_grow_on_the_way_back_are_a_warning():
    (finding,) = findings(RULE, change(stuck(healthy()), "variable", "gradient_rms", 1e3, "dense_0/kernel"))
    assert (finding.severity, finding.layer) == ("warning", "dense_0")


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_gradients_of_another_loss_have_not_grown():
    rising = losses(healthy(), 2.0 + STEPS / 100)
    run = change(rising, "step", "gradient_global_norm", np.where(STEPS < 850, 1.0, 100.0))
    assert findings(RULE, run)[0].severity == "error"
    assert findings(RULE, replace(run, loss_since=850)) == ()
