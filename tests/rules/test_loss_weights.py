"""loss-weights: shares of the loss."""

from dataclasses import replace

from tests.rules.builder import change, findings, healthy, stuck, table, unmeasured, verdict

RULE = "loss-weights"


def regularized(share, run=None):
    run = run or stuck(healthy(), 2.0)
    return change(run, "step", "regularization_loss", 2.0 * share)


def test_small_parts_pass():
    assert findings(RULE, regularized(0.3)) == ()


def test_a_part_that_drowns_the_rest_is_a_warning():
    (finding,) = findings(RULE, regularized(0.97))
    assert (finding.severity, finding.statistic) == ("warning", "regularization_loss")
    assert finding.message == "Regularization makes up 97% of the loss."


def outputs(first, second):
    run = stuck(healthy(), 2.0)
    columns = {name: run.step.series(name) for name in run.step.columns}
    more = {"output_loss/a": first, "output_loss/b": second}
    return replace(run, step=table(("step",), {**columns, **more}))


def test_of_several_outputs():
    assert findings(RULE, outputs(3.0, 1.0)) == ()
    assert findings(RULE, outputs(50.0, 1.0))[0].message == "The output a makes up 98% of the loss."


def test_a_single_part_and_unmeasured():
    assert verdict(RULE, stuck(healthy())).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
