"""missing-nonlinearity: which layers follow each other without an activation function."""

from tests.rules.builder import findings, healthy, model, stuck, verdict, with_layers, with_variables

RULE = "missing-nonlinearity"
NONE = {"activation": None}


def test_activated_layers_pass():
    assert findings(RULE, stuck(healthy())) == ()


def test_a_linear_layer_before_another_is_a_warning():
    (finding,) = findings(RULE, with_layers(stuck(healthy()), dense_1=NONE))
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_1", ())
    assert finding.message == "Between dense_1 and dense_2 is no activation function."


def test_a_wholly_linear_network_is_an_error():
    run = with_layers(stuck(healthy()), dense_0=NONE, dense_1=NONE, dense_2=NONE, dense_3=NONE)
    (finding,) = findings(RULE, run)
    assert (finding.severity, finding.layer) == ("error", "dense_0")
    assert finding.others == ("dense_1", "dense_2", "dense_3")


def test_where_something_is_learnt_it_is_one_degree_less():
    linear = dict.fromkeys(("dense_0", "dense_1", "dense_2", "dense_3"), NONE)
    assert findings(RULE, with_layers(healthy(), **linear))[0].severity == "warning"
    assert findings(RULE, with_layers(healthy(), dense_1=NONE))[0].severity == "info"


def test_linear_layers_in_between_change_nothing():
    run = with_layers(
        stuck(healthy()), dense_0=NONE, dense_1={"class_name": "Dropout", "activation": None, "rate": 0.2}
    )
    assert findings(RULE, run)[0].layer == "dense_0"
    run = with_layers(stuck(healthy()), dense_0=NONE, dense_1={"class_name": "ReLU"})
    assert findings(RULE, run) == ()


def test_what_stands_between_must_be_known():
    run = with_layers(stuck(healthy(model(hidden=1))), dense_0=NONE, output={"inputs": ()})
    assert verdict(RULE, run).status == "no_data"


def test_a_bottleneck_is_no_fault():
    run = with_layers(stuck(healthy()), dense_1={"activation": None, "units": 4})
    assert findings(RULE, with_variables(run, {"dense_1/kernel": {"shape": (32, 4)}})) == ()
