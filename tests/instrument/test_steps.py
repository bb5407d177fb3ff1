"""The count of steps, where several run as one and the data end among them."""

from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from tb_nnhealth.instrument.steps import StepCount


def count_of(together: int, done: int = 0, counter: int | None = None) -> StepCount:
    """Returns the count of a model whose optimizer has taken `done` steps, the guard having counted `counter`."""
    optimizer = SimpleNamespace(iterations=tf.Variable(done))
    model = SimpleNamespace(steps_per_execution=together, optimizer=optimizer)
    guard: Any = None if counter is None else SimpleNamespace(counter=tf.Variable(counter))
    return StepCount(model, guard, 0)


def test_as_many_steps_run_as_one_wherever_the_epoch_ends() -> None:
    steps = count_of(together=4)
    steps.begin_epoch()
    steps.next = 8
    assert steps.length() == 4


@pytest.mark.parametrize("counter", [None, 9])
def test_it_is_put_right_where_the_data_ended_unforeseen(counter: int | None) -> None:
    steps = count_of(together=4, counter=counter)
    steps.begin_epoch()
    steps._model.optimizer.iterations.assign(9)
    steps.next = 12
    steps.recount(4)
    assert steps.next == 9


@pytest.mark.parametrize("counted", [8, 12, 40])
def test_it_is_left_alone_where_another_count_cannot_be_of_the_last_steps(counted: int) -> None:
    steps = count_of(together=4, counter=counted)
    steps.next = 12
    steps.recount(4)
    assert steps.next == 12


def test_a_fit_has_moved_once_it_had_a_step() -> None:
    steps = count_of(together=1)
    steps.begin_fit(5)
    assert not steps.has_moved()
    steps.next += 1
    assert steps.has_moved()


@pytest.mark.parametrize(("done", "expected"), [(3, 5), (8, 8)])
def test_it_catches_up_with_the_optimizer_and_never_falls_back(done: int, expected: int) -> None:
    steps = count_of(together=1, done=done)
    steps.begin_fit(5)
    steps.catch_up()
    assert steps.next == expected
