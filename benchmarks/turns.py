"""Two trainings in turns of a few steps, each in a thread of its own: so the machine's moods meet both alike.

Beside the wall time the processor time of the turns is taken, which does not count what other
machines on the same host take away.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import keras


class Turns:
    """Hands one turn to and fro between two trainings, until each has ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turn = 0
        self._ended = [False, False]

    def wait(self, who: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._turn == who or self._ended[1 - who])

    def pass_on(self, who: int, ended: bool = False) -> None:
        with self._changed:
            self._turn, self._ended[who] = 1 - who, self._ended[who] or ended
            self._changed.notify_all()


class Clock(keras.callbacks.Callback):
    """Times one of the two trainings while it has its turn; first in its list of callbacks."""

    async_safe = True

    def __init__(self, turns: Turns, who: int, steps: int) -> None:
        super().__init__()
        self.seconds = self.cpu_seconds = 0.0
        self._turns, self.who, self._steps = turns, who, steps
        self._done = 0
        self._started = self._cpu_started = 0.0

    def start(self) -> None:
        self._turns.wait(self.who)
        self._started, self._cpu_started = time.perf_counter(), time.process_time()

    def stop(self, ended: bool = False) -> None:
        self.seconds += time.perf_counter() - self._started
        self.cpu_seconds += time.process_time() - self._cpu_started
        self._turns.pass_on(self.who, ended)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._done += 1
        if self._done % self._steps == 0:
            self.stop()
            self.start()


class End(keras.callbacks.Callback):
    """Stops a clock when the training ends, last in its list of callbacks: what comes after is not the training's."""

    async_safe = True

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def on_train_end(self, logs: Any = None) -> None:
        self._clock.stop(ended=True)


def race(first: Callable[[Clock], None], second: Callable[[Clock], None], steps: int) -> tuple[Clock, Clock]:
    """Returns the clocks of two trainings, run in turns of so many steps.

    Args:
      first: trains with the clock as its first callback and its `End` as the last.
      second: the other.
      steps: length of a turn.
    """
    turns = Turns()
    clocks = [Clock(turns, who, steps) for who in (0, 1)]

    def run(train: Callable[[Clock], None], clock: Clock) -> None:
        clock.start()
        try:
            train(clock)
        finally:
            turns.pass_on(clock.who, ended=True)  # Also where it broke: the other must not wait for ever.

    threads = [threading.Thread(target=run, args=pair) for pair in zip((first, second), clocks, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clocks[0], clocks[1]
