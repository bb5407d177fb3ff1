"""Which layers stand against which."""

import itertools

import numpy as np

from tb_nnhealth.compare.aligning import _in_order, align
from tb_nnhealth.compare.record import Record

RNG = np.random.default_rng(0)


def record(outputs, weights=(), kinds=None):
    values = {("output", name): value for name, value in outputs.items()}
    values |= {("weights", name): np.zeros(shape, np.float32) for name, shape in weights}
    return Record(values, {name: name.rpartition("/")[0] for name, _ in weights}, kinds or {})


def noise(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def test_layers_are_paired_by_order_and_shape():
    ours = record({"a": noise(4, 8), "b": noise(4, 8), "c": noise(4, 3)})
    reference = record({"x": noise(4, 8), "y": noise(4, 8), "z": noise(4, 3)})
    assert align(ours, reference, {}).layers == (("a", "x"), ("b", "y"), ("c", "z"))


def test_equal_values_tell_which_of_two_shapes_is_meant():
    linear, active = noise(4, 8), noise(4, 8)
    ours = record({"a": active, "out": noise(4, 3)})
    reference = record({"dense": linear, "relu": active, "drop": active, "out": noise(4, 3)})
    assert align(ours, reference, {}).layers == (("a", "relu"), ("out", "out"))


def test_weights_tell_which_of_two_shapes_is_meant():
    weights, kinds = [("a/w", (2, 8)), ("b/w", (8, 8))], {"drop": "Dropout"}
    ours = record({"a": noise(4, 8), "drop": noise(4, 8), "b": noise(4, 8)}, weights, kinds)
    reference = record({"x": noise(4, 8), "y": noise(4, 8)}, [("x/w", (2, 8)), ("y/w", (8, 8))])
    alignment = align(ours, reference, {})
    assert alignment.layers == (("a", "x"), ("b", "y"))
    assert alignment.weights == (("a/w", "x/w"), ("b/w", "y/w"))


def test_near_values_tell_a_sum_from_its_activation():
    linear = noise(50, 8)
    active = np.maximum(linear, 0)
    reference = record({"dense": linear, "relu": active}, [("dense/w", (2, 8))])
    for value, expected in ((linear + 0.05, "dense"), (active + 0.05, "relu"), (noise(50, 8), "relu")):
        assert align(record({"a": value}, [("a/w", (2, 8))]), reference, {}).layers == (("a", expected),)


def test_branches_in_another_order_are_paired_by_their_values():
    one, two = noise(4, 8), noise(4, 5)
    alignment = align(record({"a": one, "b": two}), record({"y": two, "x": one}), {})
    assert alignment.layers == (("a", "x"), ("b", "y"))


def test_a_map_comes_first():
    weights = [("{}/w", (8, 8)), ("{}/v", (8, 8))]
    ours, reference = (
        record({name: noise(4, 8) for name in names}, [(w.format(names[0]), shape) for w, shape in weights])
        for names in ("ab", "xy")
    )
    assert align(ours, reference, {}).layers == (("a", "x"), ("b", "y"))
    alignment = align(ours, reference, {"a": "y", "a/w": "x/v"})
    assert ("a", "y") in alignment.layers and ("b", "y") not in alignment.layers
    assert alignment.weights == (("a/w", "x/v"), ("a/v", "x/w"))


def test_weights_of_one_large_layer_are_paired_by_order():
    ours = record({"all": noise(4, 3)}, [("all/w1", (2, 8)), ("all/b1", (8,)), ("all/w2", (8, 3)), ("all/b2", (3,))])
    shapes = [("one/w", (2, 8)), ("one/b", (8,)), ("two/w", (8, 3)), ("two/b", (3,))]
    reference = record({"one": noise(4, 8), "two": noise(4, 3)}, shapes)
    assert [pair[1] for pair in align(ours, reference, {}).weights] == [name for name, _ in shapes]


def test_the_best_pairs_are_those_of_trying_all():
    for _ in range(20):
        scores = RNG.choice([0.0, 0.0, 1.0, 2.5, 4.0], size=(4, 5))
        mine, others = [str(i) for i in range(4)], [str(i) for i in range(5)]
        found = _in_order(mine, others, lambda a, b, s=scores: s[int(a), int(b)])
        best = max(
            sum(scores[i, j] for i, j in zip(rows, columns, strict=True))
            for size in range(5)
            for rows in itertools.combinations(range(4), size)
            for columns in itertools.combinations(range(5), size)
        )
        assert sum(scores[int(a), int(b)] for a, b in found) == best
        assert all(scores[int(a), int(b)] > 0 for a, b in found)
