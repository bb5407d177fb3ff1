"""The schedule alone, in simulated time."""

import pytest

from tb_nnhealth.instrument.schedule import DENSE_STEPS, RECENT_STEPS, SAMPLES_AT_ONCE, TIMED, Schedule

PLAIN, SAMPLE = 0.01, 0.05
"""Seconds of an unsampled and of a sampled step."""


def simulate(
    schedule: Schedule, epochs: int, steps: int, known: bool = True, length: int = 1, first_step: int = 0
) -> list[int]:
    """Returns the last step of each sampled call of a training."""
    sampled, step = [], first_step
    for _ in range(epochs):
        schedule.begin_epoch(step, steps if known else None)
        done = 0
        while done < steps:
            here = min(length, steps - done)
            if schedule.is_due(step, here):
                schedule.add_sample(step + here - 1, SAMPLE)
                sampled.append(step + here - 1)
            else:
                schedule.add_step(PLAIN)
            step, done = step + here, done + here
    return sampled


def test_dense_at_the_start() -> None:
    assert simulate(Schedule(overhead=0.0), 1, DENSE_STEPS + 1)[:8] == [0, 1, 2, 4, 8, 12, 16, 20]


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 16, 64, 1000])
@pytest.mark.parametrize("known", [True, False])
def test_sixteen_samples_in_the_first_64_steps_whatever_the_budget(steps: int, known: bool) -> None:
    sampled = simulate(Schedule(overhead=0.0), max(1, 64 // steps + 1), steps, known)
    assert len([s for s in sampled if s < 64]) >= 16


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("steps", [2, 7, 100])
def test_a_sample_in_each_epoch(steps: int, known: bool) -> None:
    sampled = simulate(Schedule(overhead=0.0), 30, steps, known)
    assert {s // steps for s in sampled} == set(range(30))


def test_an_epochs_sample_moves_through_the_epoch() -> None:
    sampled = [s for s in simulate(Schedule(overhead=0.0), 40, 100) if s >= 100]
    positions = [s % 100 for s in sampled]
    assert min(positions) < 20 and max(positions) > 80 and len(set(positions)) > 20


@pytest.mark.parametrize("steps", [2, 3, 10, 77])
def test_never_the_last_batch_of_an_epoch(steps: int) -> None:
    sampled = simulate(Schedule(overhead=1.0), 400, steps)
    assert all(s % steps != steps - 1 for s in sampled)


def test_the_last_batch_where_an_epoch_has_no_other() -> None:
    assert len(simulate(Schedule(), 20, 1)) >= 5


@pytest.mark.slow
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1_000_000), (1000, 1000), (100_000, 10)])
@pytest.mark.parametrize("overhead", [0.02, 1.0])
def test_samples_of_a_long_run_are_bounded(epochs: int, steps: int, overhead: float) -> None:
    assert SAMPLES_AT_ONCE < len(simulate(Schedule(overhead=overhead), epochs, steps)) < 7000


@pytest.mark.parametrize("overhead", [0.0, 0.001, 0.02, 0.2])
def test_share_of_the_time_keeps_to_the_budget(overhead: float) -> None:
    schedule = Schedule(overhead=overhead)
    simulate(schedule, 4, 25_000)
    free = 22 * (SAMPLE - PLAIN)  # the dense start, and one each epoch
    assert schedule.sampling_seconds <= TIMED * overhead * schedule.training_seconds + free
    if overhead == 0.02:
        assert schedule.sampling_seconds > 0.2 * overhead * schedule.training_seconds


@pytest.mark.parametrize("steps", [9, 20, 100])
@pytest.mark.parametrize("overhead", [0.0, 0.02])
def test_fits_in_a_loop_are_sampled_like_one_fit_of_as_many_epochs(steps: int, overhead: float) -> None:
    schedule, sampled = Schedule(overhead=overhead), []
    for epoch in range(20):
        sampled += simulate(schedule, 1, steps, first_step=epoch * steps)
        schedule.end_fit()
    assert sampled == simulate(Schedule(overhead=overhead), 20, steps)


def test_histograms_are_taken_ever_more_rarely() -> None:
    schedule, taken = Schedule(), []
    for step in range(50):
        taken += [step] if schedule.takes_histograms() else []
        schedule.add_sample(step, SAMPLE)
    assert taken == [0, 1, 2, 4, 8, 16, 32, 48]


@pytest.mark.parametrize("slow", range(4))
def test_one_slow_step_is_not_what_a_step_takes(slow: int) -> None:
    schedule = Schedule()
    for step in range(4):
        schedule.add_step(100 * PLAIN if step == slow else PLAIN)
    assert schedule.plain_seconds == pytest.approx(PLAIN)


def test_steps_that_stay_slow_are_what_a_step_takes() -> None:
    """As where the first batches were fetched while the step was compiled, and all others are waited for."""
    schedule = Schedule()
    for seconds in [PLAIN] * 3 + [100 * PLAIN] * RECENT_STEPS:
        schedule.add_step(seconds)
    assert schedule.plain_seconds == pytest.approx(100 * PLAIN)
    schedule.add_sample(20, 100 * PLAIN + SAMPLE)
    assert schedule.sampling_seconds == pytest.approx(SAMPLE)


def test_without_a_budget_not_even_a_sample_that_seems_to_cost_nothing_is_taken() -> None:
    schedule, sampled = Schedule(overhead=0.0), []
    schedule.begin_epoch(0, 9)
    for step in range(9):
        if schedule.is_due(step):
            schedule.add_sample(step, PLAIN)
            sampled.append(step)
        else:
            schedule.add_step(2 * PLAIN)
    assert sampled == [0, 1, 2, 4]


def test_other_work_counts_against_the_budget() -> None:
    idle, busy = Schedule(overhead=0.02), Schedule(overhead=0.02)
    busy.add_work(10.0)
    assert len(simulate(idle, 1, 20_000)) > len(simulate(busy, 1, 20_000)) >= 18


@pytest.mark.parametrize("every", [1, 2, 5, 100])
def test_every_nth_step(every: int) -> None:
    assert simulate(Schedule(sampling=every, overhead=0.0), 7, 31) == list(range(0, 7 * 31, every))


@pytest.mark.parametrize("every", [1, 3, 4, 10])
def test_every_nth_step_when_several_run_as_one(every: int) -> None:
    sampled = simulate(Schedule(sampling=every), 3, 10, length=4)
    calls = [(0, 3), (4, 7), (8, 9), (10, 13), (14, 17), (18, 19), (20, 23), (24, 27), (28, 29)]
    assert sampled == [last for first, last in calls if any(s % every == 0 for s in range(first, last + 1))]


@pytest.mark.parametrize("length", [4, 16, 100])
def test_auto_when_several_run_as_one(length: int) -> None:
    sampled = simulate(Schedule(overhead=0.0), 3, 1000, length=length)
    assert sampled == sorted(set(sampled))
    assert len(sampled) >= min(16, 64 // length)
    assert {s // 1000 for s in sampled} == {0, 1, 2}
