"""dropout-placement: rates and places."""

from tests.rules.builder import findings, healthy, stuck, verdict, with_layers

RULE = "dropout-placement"


def dropout(rate, **facts):
    return {"class_name": "Dropout", "activation": None, "rate": rate, **facts}


LIMITS = {"rate": (with_layers(healthy(), dense_1=dropout(0.8)), 0.9)}


def test_moderate_rates_pass():
    assert findings(RULE, with_layers(stuck(healthy()), dense_1=dropout(0.5))) == ()


def test_a_high_rate_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, with_layers(stuck(healthy()), dense_1=dropout(0.8), dense_3=dropout(0.95)))
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_3", ("dense_1",))
    assert finding.message == "dense_3 drops 95 % of its inputs."
    assert findings(RULE, with_layers(healthy(), dense_1=dropout(0.8)))[0].severity == "info"


def test_places_are_information():
    (finding,) = findings(RULE, with_layers(stuck(healthy()), output=dropout(0.2, is_output=True)))
    assert (finding.severity, finding.message) == ("info", "output drops predictions.")
    run = with_layers(stuck(healthy()), dense_1=dropout(0.2), dense_2={"class_name": "BatchNormalization"})
    assert findings(RULE, run)[0].message == "dense_1 stands right before batch normalization."


def test_a_model_without_dropout():
    assert verdict(RULE, healthy()).status == "no_data"
