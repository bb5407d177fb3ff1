"""saturating-hidden-activation: sigmoids in the middle."""

from dataclasses import replace

from tests.rules.builder import findings, healthy, model, stuck, verdict, with_layers

RULE = "saturating-hidden-activation"
LIMITS = {"layers": (stuck(healthy(model(activation="sigmoid"))), 5)}


def test_other_functions_pass():
    assert findings(RULE, stuck(healthy())) == ()


def test_a_stack_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, stuck(healthy(model(activation="sigmoid"))))
    assert (finding.severity, finding.layer, finding.observed) == ("warning", "dense_0", 4.0)
    assert findings(RULE, healthy(model(activation="tanh")))[0].severity == "info"


def test_two_of_them_pass():
    assert findings(RULE, stuck(healthy(model(hidden=2, activation="tanh")))) == ()


def test_a_hidden_softmax_counts_at_once():
    run = with_layers(stuck(healthy()), dense_2={"activation": "softmax"})
    assert findings(RULE, run)[0].layer == "dense_2"


def test_functions_of_layers_behind():
    run = stuck(healthy(model(hidden=8, activation="tanh")))
    odd = {f"dense_{i}": {"class_name": "Activation"} for i in (1, 3, 5, 7)}
    even = {f"dense_{i}": {"activation": None} for i in (0, 2, 4, 6)}
    assert findings(RULE, with_layers(run, **odd, **even))[0].observed == 4.0


def test_linear_layers_are_not_judged():
    assert verdict(RULE, stuck(healthy(model(hidden=0)))).status == "no_data"


def test_without_a_step_no_layer_is_known_to_be_hidden():
    run = healthy()
    assert "no step" in (
        verdict("saturating-hidden-activation", replace(run, model=replace(run.model, batch=()))).reason or ""
    )


def test_of_a_step_that_failed_what_feeds_no_other_layer_is_the_output():
    run = stuck(healthy())
    layers = tuple(replace(layer, rows=(), is_output=False) for layer in run.model.layers)
    last = max(layers, key=lambda layer: layer.position)
    layers = tuple(replace(layer, activation="softmax") if layer is last else layer for layer in layers)
    assert last.inputs and findings(RULE, replace(run, model=replace(run.model, layers=layers))) == ()
