"""few-samples: examples of each class."""

from dataclasses import replace

from tests.rules.builder import findings, healthy, unmeasured, verdict, with_head, with_variables

RULE = "few-samples"


def planned(steps, run=None):
    run = run or healthy()
    return replace(run, model=replace(run.model, plan={"epochs": 5, "steps_per_epoch": steps}))


def test_many_examples_pass():
    assert findings(RULE, planned(400)) == ()


def test_few_are_information():
    (finding,) = findings(RULE, planned(10))
    assert (finding.severity, finding.observed) == ("info", 32.0)


def test_pretrained_and_regression_are_not_judged():
    frozen = with_variables(planned(10), {"dense_0/kernel": {"trainable": False}})
    assert verdict(RULE, frozen).status == "no_data"
    assert verdict(RULE, with_head(planned(10), "MeanSquaredError")).status == "no_data"
    assert verdict(RULE, unmeasured(planned(10))).status == "no_data"
