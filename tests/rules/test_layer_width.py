"""layer-width: hidden units against classes and inputs."""

from dataclasses import replace

import numpy as np
import pytest

from tests.rules.builder import (
    STEPS,
    findings,
    healthy,
    losses,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_classes,
    with_head,
    with_layers,
)

RULE = "layer-width"
LIMITS = {
    "narrow": (with_layers(healthy(), dense_2={"units": 2}), 0.2),
    "wide": (with_layers(healthy(), dense_1={"units": 4201}), 101),
    "units": (with_layers(healthy(), dense_1={"units": 4201}), 4300),
}


def test_usual_widths_pass():
    assert findings(RULE, stuck(healthy())) == ()


@pytest.mark.parametrize(("units", "count"), [(1, 1), (2, 1), (3, 0)])
def test_a_narrow_layer_is_a_warning_unless_something_is_learnt(units, count):
    for run in (stuck(healthy()), unmeasured(healthy()), thin(stuck(healthy()), 2)):
        found = findings(RULE, with_layers(run, dense_2={"units": units}))
        assert [(finding.severity, finding.layer) for finding in found] == [("warning", "dense_2")] * count
    assert {f.severity for f in findings(RULE, with_layers(healthy(), dense_2={"units": 1}))} == {"info"}


def test_one_unit_is_told_as_one():
    (finding,) = findings(RULE, with_layers(stuck(healthy()), dense_2={"units": 1}))
    assert finding.message == "dense_2 has 1 unit, for 10 classes behind it."


@pytest.mark.parametrize(("units", "count"), [(4200, 0), (4201, 1)])
def test_a_very_wide_layer_is_information(units, count):
    found = findings(RULE, with_layers(stuck(healthy()), dense_1={"units": units}))
    assert [finding.severity for finding in found] == ["info"] * count


def test_an_autoencoder_is_not_judged():
    run = with_head(stuck(healthy()), "MeanSquaredError", (), 32, (None, 32))
    assert verdict(RULE, with_layers(run, dense_2={"units": 1})).status == "no_data"


@pytest.mark.parametrize(("outputs", "status"), [(32, "no_data"), (31, "fail")])
def test_an_autoencoder_of_pixels_under_a_binary_loss_is_not_judged(outputs, status):
    run = with_head(stuck(healthy()), "BinaryCrossentropy", ("sigmoid",), outputs, (None, outputs))
    assert verdict(RULE, with_layers(run, dense_2={"units": 1})).status == status


def test_the_last_weights_before_an_activation_layer_are_no_hidden_layer():
    run = with_layers(stuck(healthy()), dense_3={"units": 1}, output={"class_name": "Activation", "parameters": 0})
    assert findings(RULE, run) == ()


def test_a_narrow_recurrent_layer_is_judged_unless_two_of_them_are_joined():
    run = with_layers(stuck(healthy()), dense_2={"class_name": "GRU", "units": 1})
    assert [finding.layer for finding in findings(RULE, run)] == ["dense_2"]
    joined = with_layers(run, dense_1={"class_name": "Bidirectional", "path": "both"}, dense_2={"path": "both/gru"})
    assert findings(RULE, joined) == ()


def test_a_narrow_layer_is_a_warning_where_most_is_left_to_be_learnt():
    for end, severity in ((1.5, "warning"), (1.0, "info")):
        run = with_classes(losses(healthy(), np.geomspace(2.3, end, len(STEPS))), np.full(10, 3))
        assert findings(RULE, with_layers(run, dense_2={"units": 1}))[0].severity == severity


def test_a_language_model_is_narrower_than_its_vocabulary():
    run = with_classes(losses(healthy(), np.geomspace(6.0, 4.0, len(STEPS))), np.full(500, 1))
    narrow = with_layers(with_head(run, "SparseCategoricalCrossentropy", units=500), dense_2={"units": 64})
    assert findings(RULE, narrow)[0].severity == "info"


def test_a_layer_that_others_go_around_narrows_nothing_down():
    links = {
        "dense_1": ("dense_0",),
        "dense_2": ("dense_1",),
        "dense_3": ("dense_2", "dense_1"),
        "output": ("dense_3",),
    }
    layers = {name: {"inputs": inputs} for name, inputs in links.items()} | {"dense_0": {"inputs": ("input/x",)}}
    layers["dense_2"]["units"] = 1
    assert findings(RULE, with_layers(stuck(healthy()), **layers)) == ()
    layers["dense_3"]["inputs"] = ("dense_2",)
    assert [finding.layer for finding in findings(RULE, with_layers(stuck(healthy()), **layers))] == ["dense_2"]


def test_without_a_step_no_layer_is_known_to_be_hidden():
    run = healthy()
    assert "no step" in (verdict("layer-width", replace(run, model=replace(run.model, batch=()))).reason or "")
