"""loss-reduction: negative losses, and those that grow with the batch."""

from dataclasses import replace

import numpy as np
import pytest

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


LIMITS = {
    "negative": (losses(healthy(), 2.3 - STEPS / 100), -10),
    "slope": (sized(1.0), 1.1),
    "sizes": (sized(1.0), 9),
}


def test_a_sum_over_the_batch_is_a_warning():
    (finding,) = findings(RULE, sized(1.0))
    assert finding.severity == "warning" and abs(finding.observed - 1) < 0.01
    assert findings(RULE, sized(0.0)) == ()


@pytest.mark.parametrize(
    ("optimizer", "run", "severity"),
    [
        ("SGD", stuck(healthy()), "warning"),
        ("SGD", healthy(), "info"),
        ("Adam", stuck(healthy()), "info"),
    ],
)
def test_a_compiled_sum_is_told(optimizer, run, severity):
    run = with_head(run, "MeanSquaredError", reduction="sum")
    compiled = {**run.model.compile, "optimizer": {"class_name": optimizer}}
    (finding,) = findings(RULE, replace(run, model=replace(run.model, compile=compiled)))
    assert (finding.severity, finding.statistic, finding.observed) == (severity, "batch_size", 32.0)
    assert finding.message == (
        "MeanSquaredError is the sum over the 32 examples of a batch, not their mean, and so is its gradient."
    )


def test_a_sum_that_also_shows_is_told_once():
    assert len(findings(RULE, with_head(sized(1.0), "MeanSquaredError", reduction="sum"))) == 1


def test_losses_that_are_no_sum_of_keras():
    assert findings(RULE, with_head(healthy(), "MeanSquaredError", reduction="sum_over_batch_size")) == ()
    assert findings(RULE, with_head(healthy(), "mine", reduction="sum")) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
