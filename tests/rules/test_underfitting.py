"""underfitting: equally bad under regularization."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Epoch
from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_classes, with_layers

RULE = "underfitting"
DROPS = {"class_name": "Dropout", "activation": None, "rate": 0.5}


def trained(level, gap=1.0, **layers):
    run = with_layers(stuck(healthy(), level * np.log(10)), **(layers or {"dense_1": DROPS}))
    logs = {"loss": level * np.log(10), "val_loss": gap * level * np.log(10)}
    return with_classes(replace(run, epochs=(Epoch(0, 900, logs),)), np.full(10, 3))


LIMITS = {
    "loss": (trained(0.9), 0.95),
    "gap": (trained(0.9, gap=1.05), 1.0),
}


def test_what_is_learnt_well_passes():
    assert findings(RULE, trained(0.4)) == ()


def test_a_loss_near_chance_under_dropout_is_a_warning():
    (finding,) = findings(RULE, trained(0.9))
    assert (finding.severity, finding.layer) == ("warning", "dense_1")
    assert findings(RULE, trained(0.9, dense_2={"regularized": True}))[0].layer == "dense_2"


def test_where_validation_is_worse_it_is_overfitting():
    assert findings(RULE, trained(0.9, gap=1.5)) == ()


def test_without_regularization_or_validation():
    assert verdict(RULE, trained(0.9, dense_2={"regularized": False})).status == "no_data"
    assert verdict(RULE, replace(trained(0.9), epochs=())).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_noisy_labels_that_are_learnt_are_information():
    run = trained(0.9)
    (epoch,) = run.epochs
    scored = replace(epoch, logs={**epoch.logs, "accuracy": 0.3, "val_accuracy": 0.3})
    assert findings(RULE, replace(run, epochs=(scored,)))[0].severity == "info"
