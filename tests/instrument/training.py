"""Trains a case of the zoo, with or without the callback, and says what became of it."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tb_nnhealth import HealthCallback, HealthWarning
from tests.instrument.zoo import Trial

Weights = dict[str, np.ndarray]


@dataclass
class Outcome:
    """`state` are the model's and the optimizers' variables after training, `states` those before each call of
    the step function, `before` and `after` the model's trainable variables around it, `steps` the number of the
    call's last step."""

    model: keras.Model
    state: list[np.ndarray] = field(default_factory=list)
    history: list[dict[str, list[float]]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    states: list[list[np.ndarray]] = field(default_factory=list)
    before: list[Weights] = field(default_factory=list)
    after: list[Weights] = field(default_factory=list)


class Watch(keras.callbacks.Callback):
    """Keeps the trainable variables as they are around each call of the step function."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch_start = self.outcome.steps[-1] + 1 if self.outcome.steps else 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.now = self._weights()
        self.state = arrays(state_variables(self.model))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.outcome.states.append(self.state)
        self.outcome.before.append(self.now)  # Keras begins one batch more where the data ends unforeseen.
        self.outcome.after.append(self._weights())
        last = self.epoch_start + batch
        if self.params["steps"] is not None:
            last = min(last, self.epoch_start + self.params["steps"] - 1)
        elif self.model.steps_per_execution > 1:  # `batch` counts batches that were not there.
            last = int(self.model.optimizer.iterations) - 1
        self.outcome.steps.append(last)

    def _weights(self) -> Weights:
        return {v.path: np.array(v) for v in self.model.trainable_variables}


def train(make: Callable[[], Trial], ours: Callable[[], Sequence[keras.callbacks.Callback]] = list) -> Outcome:
    """Returns what became of a training; `ours` makes the callbacks under test, the same for all of its fits."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    trial = make()
    outcome = Outcome(trial.model)
    callbacks = [*trial.callbacks(), Watch(outcome), *ours()]
    for step in trial.steps:
        if callable(step):
            step(trial.model)
        else:
            outcome.history.append(trial.model.fit(**step, callbacks=list(callbacks)).history)
    outcome.state = arrays(state_variables(trial.model))
    return outcome


@contextlib.contextmanager
def unwarned(beginning: str = "") -> Iterator[None]:
    """Fails where the callback gives a warning that begins so. (A filter cannot: it makes no error of them.)"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said = [str(w.message) for w in caught if issubclass(w.category, HealthWarning)]
    assert not [message for message in said if message.startswith(beginning)]


def is_measured_beside(callback: HealthCallback) -> bool:
    """Returns whether no step that counted was read in, at the end of a training."""
    instruments = callback._training and callback._training._instruments
    return instruments is not None and instruments.replay is not None


def state_variables(model: keras.Model) -> list[Any]:
    optimizers = [model.optimizer, *vars(model).values()]
    unique = {id(o): o for o in optimizers if isinstance(o, keras.optimizers.Optimizer)}
    return [*model.variables, *(v for optimizer in unique.values() for v in optimizer.variables)]


def arrays(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(v) for v in variables]


def assert_same_bits(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> None:
    assert len(left) == len(right)
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes(), f"variable {index} of shape {a.shape} differs by {np.abs(a - b).max()}"
