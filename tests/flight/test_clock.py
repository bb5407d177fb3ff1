"""The time of a probe."""

import pytest

from tb_nnhealth.flight.clock import Clock, NotMeasured


def test_time_that_is_left_ends_at_zero():
    clock = Clock(100.0)
    assert 99 < clock.left() <= 100
    clock.check("anything")
    clock._started -= 101.0
    assert clock.left() == 0 and clock.spent() > 101


def test_no_time_is_told_with_what_would_have_been_done():
    with pytest.raises(NotMeasured, match=r"its share of the budget, 0 s, was spent before it could train it"):
        Clock(0.0).check("train it for 40 steps")


def test_a_part_that_is_short_of_time_makes_the_whole_short():
    whole = Clock(100.0)
    enough, short = whole.part(50.0), whole.part(0.0)
    enough.left()
    assert not whole.is_short
    short.left()
    assert short.is_short and whole.is_short and not enough.is_short


def test_whoever_looks_at_what_is_left_may_be_interrupted():
    looks = []
    clock = Clock(100.0, on_look=lambda: looks.append("look"))
    clock.left()
    clock.part(50.0).check("anything")
    assert len(looks) == 2
