"""duplicate-activation: the chain of functions at an output."""

import pytest

from tests.rules.builder import findings, healthy, stuck, with_head

RULE = "duplicate-activation"


@pytest.mark.parametrize("activations", [(), ("softmax",), ("sigmoid",), ("relu",)])
def test_one_function_at_most_passes(activations):
    assert findings(RULE, with_head(stuck(healthy()), activations=activations)) == ()


@pytest.mark.parametrize("activations", [("softmax", "softmax"), ("softmax", "relu"), ("sigmoid", "relu")])
def test_two_in_a_row_are_an_error(activations):
    (finding,) = findings(RULE, with_head(stuck(healthy()), activations=activations))
    assert (finding.severity, finding.layer) == ("error", "output")
    assert finding.message == f"output ends in the {activations[0]} of a {activations[1]}."


def test_a_run_that_learns_is_only_warned():
    assert findings(RULE, with_head(healthy(), activations=("softmax", "relu")))[0].severity == "warning"
