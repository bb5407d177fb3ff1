"""Which outputs each layer leads to."""

from dataclasses import replace

from tb_nnhealth.faces.branches import branches, branches_of, ends, in_depth
from tb_nnhealth.records import ModelFacts
from tests.rules.builder import healthy, model


def two_headed() -> ModelFacts:
    """dense_0 → dense_1 → dense_2, an output; dense_1 → dense_3 → output."""
    facts = model()
    inputs = {"dense_0": ("input/x",), "dense_2": ("dense_1",), "dense_3": ("dense_1",)}
    changed = (
        replace(layer, inputs=inputs.get(layer.path, layer.inputs), is_output=layer.path in ("dense_2", "output"))
        for layer in facts.layers
    )
    return replace(facts, layers=tuple(changed))


def test_heads_stand_beside_each_other():
    found = branches(two_headed())
    assert found == {"dense_0": (0, 1), "dense_1": (0, 1), "dense_2": (0,), "dense_3": (1,), "output": (1,)}


def test_all_leads_to_the_only_output():
    assert set(branches(model()).values()) == {(0,)}


def test_what_is_not_known_is_taken_for_all_before_it_but_for_outputs():
    facts = two_headed()
    unknown = tuple(replace(layer, inputs=() if layer.path == "dense_3" else layer.inputs) for layer in facts.layers)
    assert branches(replace(facts, layers=unknown)) == branches(facts)


def test_layer_that_leads_nowhere_and_row_of_no_layer_are_of_all_outputs():
    facts = two_headed()
    cut = tuple(
        replace(layer, inputs=("dense_0",) if layer.path == "output" else layer.inputs) for layer in facts.layers
    )
    facts = replace(facts, layers=cut)
    assert branches(facts)["dense_3"] == (0, 1)
    assert branches_of(healthy(facts), ["dense_2/bias", "dense_2", "nothing"]) == [(0,), (0,), (0, 1)]


def test_order_of_depth_keeps_each_branch_together():
    own = [(0, 1), (1,), (0,), (1,), (0, 1)]
    order = sorted(range(5), key=lambda index: in_depth(own[index]))
    assert order == [0, 4, 2, 1, 3]
    assert ends([own[index] for index in order]) == [(0, 2), (0, 4)]
    assert ends([(0, 1), (0, 1)]) == [(0, 1)]
    assert ends([]) == []
