"""collapsed-output: predictions that do not vary."""

import numpy as np

from tests.rules.builder import STEPS, findings, healthy, stuck, thin, unmeasured, verdict, with_data, with_head

RULE = "collapsed-output"


def predicting(spread, target=1.0, run=None):
    run = with_head(run or stuck(healthy()), "MeanSquaredError", (), 1, (None, 1))
    run = with_data(run, "prediction/p", feature_std_max=spread)
    return with_data(run, "target/y", feature_std_max=target)


LIMITS = {"spread": (predicting(0.001), 1e-4)}


def test_predictions_that_vary_pass():
    assert findings(RULE, predicting(0.5)) == ()
    assert findings(RULE, predicting(0.02)) == ()


def test_a_constant_answer_is_an_error():
    (finding,) = findings(RULE, predicting(0.001))
    assert (finding.severity, finding.layer) == ("error", "output")
    assert findings(RULE, predicting(0.001, run=healthy()))[0].severity == "warning"
    assert len(findings(RULE, thin(predicting(0.001), 4))) == 1


def test_targets_that_do_not_vary_tell_nothing():
    assert verdict(RULE, predicting(0.001, target=0.0)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_class_numbers_spread_further_than_probabilities():
    run = with_data(with_data(stuck(healthy()), "prediction/p", feature_std_max=0.01), "target/y", feature_std_max=2.9)
    assert findings(RULE, run) == ()


def test_targets_that_vary_in_a_few_batches_only_are_judged():
    rare = np.where(np.arange(len(STEPS)) % 4 == 0, 0.2, 0.0)
    assert findings(RULE, predicting(0.02, rare)) == ()
    assert len(findings(RULE, predicting(1e-4, rare))) == 1
