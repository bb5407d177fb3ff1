"""loss-reduction: negative losses, and those that grow with the batch."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, losses, stuck, unmeasured, verdict, with_head

RULE = "loss-reduction"


def test_usual_losses_pass():
    assert findings(RULE, healthy()) == ()


def test_a_negative_cross_entropy_is_an_error():
    (finding,) = findings(RULE, losses(healthy(), 2.3 - STEPS / 100))
    assert (finding.severity, finding.limit) == ("error", -1e-4)


def test_losses_of_ones_own_may_be_negative():
    assert findings(RULE, with_head(losses(healthy(), 2.3 - STEPS / 100), "elbo")) == ()


def sized(power):
    sizes = np.where(np.arange(len(STEPS)) % 3 == 2, 8.0, 64.0)
    run = change(stuck(healthy()), "step", "batch_size", sizes[:, None])
    return losses(run, 2.3 * (sizes / 64) ** power)


def test_a_sum_over_the_batch_is_a_warning():
    (finding,) = findings(RULE, sized(1.0))
    assert finding.severity == "warning" and abs(finding.observed - 1) < 0.01
    assert findings(RULE, sized(0.0)) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
