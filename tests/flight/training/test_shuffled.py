"""Batches take each example once before any comes again."""

from itertools import islice

import numpy as np

from tb_nnhealth.flight.training.shuffled import shuffled


def test_a_round_takes_each_example_once_in_another_order():
    batches = list(islice(shuffled(12, 4, np.random.default_rng(0)), 6))
    rounds = [np.concatenate(batches[start : start + 3]) for start in (0, 3)]
    assert all(sorted(each) == list(range(12)) for each in rounds) and (rounds[0] != rounds[1]).any()


def test_what_makes_no_whole_batch_waits_for_another_round():
    batches = list(islice(shuffled(11, 4, np.random.default_rng(0)), 4))
    assert [len(batch) for batch in batches] == [4] * 4 and len(set(np.concatenate(batches[:2]))) == 8
