"""metric-disagrees: accuracy against the loss."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Epoch
from tests.rules.builder import STEPS, findings, healthy, losses, stuck, verdict, with_classes

RULE = "metric-disagrees"


def scored(values, run=None, name="accuracy"):
    run = with_classes(run or healthy(), np.full(10, 3))
    return replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), {name: v}) for i, v in enumerate(values)))


def test_a_metric_that_follows_passes():
    assert findings(RULE, scored([0.3, 0.6, 0.8])) == ()


def test_an_accuracy_at_chance_beside_a_falling_loss_is_an_error():
    (finding,) = findings(RULE, scored([0.1, 0.1, 0.1]))
    assert (finding.severity, finding.observed, finding.limit) == ("error", 0.1, 0.1)


def test_where_the_loss_does_not_fall_it_agrees():
    assert findings(RULE, scored([0.1, 0.1, 0.1], stuck(healthy()))) == ()


def test_a_loss_that_came_down_to_chance_agrees():
    run = scored([0.1, 0.1, 0.1], losses(healthy(), np.geomspace(100.0, 2.3, len(STEPS))))
    assert findings(RULE, run) == ()


def test_few_epochs_and_other_metrics():
    assert verdict(RULE, scored([0.1, 0.1])).status == "no_data"
    assert verdict(RULE, scored([0.1] * 5, name="mae")).status == "no_data"
    assert verdict(RULE, replace(scored([0.1] * 5), classes=healthy().classes)).status == "no_data"
