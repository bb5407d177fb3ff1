"""batch-independence: what is measured of outputs whose batch is exchanged."""

import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "batch-independence"


def told(moved=0.0, noise=1e-5, turned=0.0, gradient=0.0, rows=8, **more):
    output = {"name": "y", "moved": moved, "noise": noise, "turned": turned, "turned_noise": 1e-4}
    return with_probe(RULE, batch=8, rows={"y": rows}, gradient=gradient, outputs=[output], **more)


LIMITS = {"moved": (told(moved=0.5), 0.6), "gradient": (told(gradient=0.1), 0.2)}


def test_independent_examples_pass():
    assert findings(RULE, told()) == ()
    assert findings(RULE, told(moved=0.4, noise=0.5)) == ()


def test_an_output_that_moves_is_an_error_that_names_the_layer():
    (finding,) = findings(RULE, told(moved=0.5, turned=2.0, gradient=0.3, layer="softmax"))
    assert (finding.severity, finding.layer, finding.tensor) == ("error", "softmax", "prediction/y")
    assert finding.message == (
        "The output y of an example moves by 0.5 standard deviations when other examples of the batch are exchanged, "
        "from softmax on."
    )
    assert findings(RULE, told(moved=0.5, layer="add", is_given=True))[0].message.endswith(
        "begins before the layer add."
    )
    assert findings(RULE, told(moved=0.5, layer="add", is_after=True))[0].message.endswith(
        "begins after the layer add."
    )


def test_an_output_that_depends_on_its_place_is_an_error():
    (finding,) = findings(RULE, told(turned=0.5, layer="dense"))
    assert finding.message.endswith("when the examples of the batch change places.") and finding.layer is None


def test_a_gradient_to_other_examples_is_an_error_where_nothing_else_could_be_judged():
    run = with_probe(RULE, batch=8, rows={"y": 8}, gradient=0.2)
    assert [finding.observed for finding in findings(RULE, run)] == [0.2]
    assert findings(RULE, with_probe(RULE, batch=8, rows={"y": 8}, gradient=0.0)) == ()


def test_an_output_of_another_number_of_rows_is_an_error():
    (finding,) = findings(RULE, told(rows=16))
    assert finding.message == "For 8 examples the output y has 16 rows." and finding.severity == "error"


@pytest.mark.parametrize("values", [{}, {"batch": "x"}, {"batch": 8, "outputs": 3, "rows": []}])
def test_what_is_damaged_is_not_judged(values):
    assert verdict(RULE, with_probe(RULE, **values)).status == "no_data"
