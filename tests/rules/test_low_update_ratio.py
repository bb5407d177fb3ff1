"""low-update-ratio: the learning rate is too low, and training suffers."""

from dataclasses import replace

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, losses, stuck, thin, unmeasured, verdict

RULE = "low-update-ratio"


def crawling(end=2.1, ratio=2e-4):
    return change(losses(healthy(), 2.3 - (2.3 - end) * STEPS / STEPS[-1]), "variable", "update_ratio", ratio)


LIMITS = {
    "warning": (change(stuck(healthy()), "variable", "update_ratio", 1e-6), 1e-7),
    "path": (change(losses(healthy(), 2.3 - 0.2 * STEPS / STEPS[-1]), "variable", "update_ratio", 9e-5), 0.08),
    "crawl": (crawling(), 1e-4),
}


def test_usual_updates_pass_also_in_a_stuck_run():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_tiny_updates_of_a_stuck_run_are_one_finding():
    run = change(stuck(healthy()), "variable", "update_ratio", 2e-6)
    (finding,) = findings(RULE, change(run, "variable", "update_ratio", 1e-6, "dense_3/kernel"))
    assert (finding.severity, finding.variable, len(finding.others)) == ("error", "dense_3/kernel", 4)
    assert (finding.first_step, finding.last_step) == (500, 950)


def test_tiny_updates_of_a_run_that_crawls_are_a_warning():
    run = losses(healthy(), 2.3 - 0.2 * STEPS / STEPS[-1])
    assert findings(RULE, change(run, "variable", "update_ratio", 1e-6))[0].severity == "warning"


def test_tiny_updates_of_a_run_that_learnt_are_healthy():
    assert findings(RULE, change(healthy(), "variable", "update_ratio", 1e-6)) == ()


def test_tiny_updates_at_the_start_only_are_a_warm_up():
    rising = np.where(STEPS < 400, 1e-7, 1e-3)
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", rising)) == ()


def test_one_slow_kernel_among_its_peers_is_no_finding():
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", 1e-7, "dense_0/kernel")) == ()


def test_a_borderline_ratio_passes_and_limits_can_be_set():
    run = change(stuck(healthy()), "variable", "update_ratio", 1.1e-5)
    assert findings(RULE, run, path=0.0, crawl=0.0) == ()
    assert findings(RULE, run, warning=1e-4)[0].limit == 1e-4


def test_thinning_does_not_change_the_verdict():
    assert len(findings(RULE, thin(change(stuck(healthy()), "variable", "update_ratio", 1e-6), 6))) == 1


def test_unmeasured_and_unmoved_are_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
    assert verdict(RULE, change(healthy(), "variable", "update_norm", 0.0)).status == "no_data"


def test_kernels_that_stand_still_are_left_out():
    """A kernel that changed at some of the late steps only has a median ratio of zero."""
    run = change(stuck(healthy()), "variable", "update_ratio", 1e-6)
    (finding,) = findings(RULE, change(run, "variable", "update_ratio", 0.0, "dense_0/kernel"))
    assert finding.variable != "dense_0/kernel" and "dense_0/kernel" not in finding.others
    assert verdict(RULE, change(run, "variable", "update_ratio", 0.0)).status == "no_data"


def test_a_learning_rate_that_warms_up_is_not_judged():
    run = change(stuck(healthy()), "variable", "update_ratio", 1e-6)
    assert verdict(RULE, replace(run, finished=False)).status == "no_data"
    assert len(findings(RULE, replace(run, finished=False, steps=1000))) == 1


def test_a_training_that_hardly_moved_and_learnt_little_is_a_warning():
    crawls = losses(healthy(), 2.3 - 0.2 * STEPS / STEPS[-1])
    (finding,) = findings(RULE, change(crawls, "variable", "update_ratio", 9e-5))
    assert (finding.severity, finding.limit, len(finding.others)) == ("warning", 0.1, 4)
    assert finding.message == (
        "All 951 steps together change dense_0/kernel by 8.56 % of its norm at most, and the loss has hardly fallen."
    )
    assert findings(RULE, change(crawls, "variable", "update_ratio", 1.1e-4), crawl=0.0) == ()
    learns = losses(healthy(), 2.3 - 0.6 * STEPS / STEPS[-1])
    assert findings(RULE, change(learns, "variable", "update_ratio", 9e-5)) == ()
    assert findings(RULE, replace(change(crawls, "variable", "update_ratio", 9e-5), finished=False)) == ()


def test_the_path_follows_steps_that_were_not_sampled():
    falling = np.where(STEPS < 50, 1e-2, 2e-5)
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", falling)) == ()


def test_small_steps_of_a_loss_that_falls_on_and_on_are_a_warning():
    (finding,) = findings(RULE, crawling())
    assert (finding.severity, finding.limit) == ("warning", 3e-4)
    assert "by 2e-4 of its norm: the loss falls on and on, and 9" in finding.message
    assert findings(RULE, crawling(ratio=4e-4)) == ()
    assert findings(RULE, crawling(end=1.5)) == ()
    levelled = losses(crawling(), np.maximum(2.1, 2.3 - STEPS / 1000))
    assert findings(RULE, levelled) == ()
