"""Short trainings of a model's own variables, with an optimizer beside its own.

The gradient of the loss is compiled once for all trainings of a kind, what an optimizer does with it separately, so
that trainings with another optimizer compile little. Gradients are not clipped, but by the copy of an optimizer that
does.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import Batch, as_batch, as_tensors
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.copied import copied, rates_of
from tb_nnhealth.flight.training.objective import has_own_step, needs_targets, objective_of
from tb_nnhealth.instrument.batch import named_tensors, output_names
from tb_nnhealth.telling import told

RATE = 1e-3
"""The learning rate of Adam, that of its paper and of Keras."""


class Trainer:
    """Trains the model of a preflight for a few steps.

    Args:
      subject: the model and its data.
      optimizer: "adam" for a fresh Adam of rate `RATE`; "own" for a fresh copy of the model's optimizer.
      quiet: whether to turn off what stands against fitting a few examples; see `Objective`.
      in_inference: whether the model is in inference mode but for its batch normalizations.

    Raises:
      NotMeasured: Keras does not train the model by a loss and an optimizer of `compile`.
    """

    def __init__(
        self,
        subject: Subject,
        optimizer: Literal["adam", "own"] = "adam",
        quiet: bool = False,
        in_inference: bool = False,
    ) -> None:
        _check(subject)
        self.model = subject.model
        self._objective = subject.shared(objective_of, quiet=quiet, in_inference=in_inference)
        own = subject.model.optimizer
        self.optimizer = copied(own) if optimizer == "own" else _adam(subject.model)
        self._rate: float | None = None
        self._start = subject.shared(_start)
        self._apply: Any = None
        self._rates: list[tuple[Any, str, float]] = []
        self._slots: list[Any] = []

    @property
    def rates(self) -> list[tuple[str, float]]:
        """What the optimizer is made of, each with the learning rate that it began with; known after the first step."""
        return [(name, rate) for _, name, rate in self._rates]

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate; of an optimizer made of several, that of the first, and the others in proportion."""
        self._rate = rate
        if self._rates:
            first = self._rates[0][2]
            for variable, _, own in self._rates:
                variable.assign(rate * (own / first if first else 1.0))

    def steps(self, batches: Iterable[Sample], clock: Clock) -> Iterator[float]:
        """Trains on one batch after another while the clock has time, and yields the loss of each before its update.

        Without regularizers and what layers add where it is quiet.

        Raises:
          NotMeasured: a step breaks; says how.
        """
        for sample in batches:
            if not clock.left():
                return
            try:
                loss = self._step(as_batch(sample))
            except Exception as error:
                raise NotMeasured(f"a step of training breaks: {told(error)}") from error
            yield loss

    def train(self, batches: Iterable[Sample], clock: Clock) -> NDArray[np.float64]:
        """Returns the losses `[steps]` of training on these batches, fewer than batches where time ran out."""
        return np.fromiter(self.steps(batches, clock), np.float64)

    def losses(self, sample: Sample) -> NDArray[np.float64]:
        """Returns the loss of each example `[n]` in inference mode, without regularizers and what layers add; the mean
        of its batch where it cannot be told of one example.

        Raises:
          NotMeasured: the model cannot be evaluated; says why.
        """
        found = []
        for batch in sample.in_batches():
            try:
                found.append(self._objective.losses(as_batch(batch)).numpy())
            except Exception as error:
                raise NotMeasured(f"an evaluation breaks: {told(error)}") from error
        return np.concatenate(found)[: sample.examples].astype(np.float64)

    def answers(self, sample: Sample) -> dict[str, NDArray[np.float64]]:
        """Returns what the model answers to the examples by output, in the mode in which it is trained.

        Raises:
          NotMeasured: the model cannot be called with them; says why.
        """
        try:
            answers = self._objective.answers(as_tensors(sample.x))
        except Exception as error:
            raise NotMeasured(f"the model breaks: {told(error)}") from error
        named = named_tensors(answers, output_names(self.model))
        return {name: tf.cast(leaf, tf.float64).numpy() for name, leaf in named}

    def reset(self) -> None:
        """Brings the variables back to where they were when the subject's first was made, and the optimizer to its
        beginning."""
        for variable, value in zip(self.model.variables, self._start, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables if self._apply else (), self._slots, strict=False):
            variable.assign(tf.zeros(variable.shape, variable.dtype) if value is None else value)

    def _step(self, batch: Batch) -> float:
        loss, gradients = self._objective(batch, _loss_scale(self.optimizer))
        if self._apply is None:
            self._prepare(self._objective.variables, gradients)
        if gradients:
            self._apply(gradients)
        return float(loss)

    def _prepare(self, variables: Sequence[Any], gradients: list[Any]) -> None:
        """Builds the optimizer on those variables that have a gradient."""
        if variables:
            self.optimizer.build(variables)
        self._slots = [_unless_zero(value) for value in _values(self.optimizer)]
        self._rates = rates_of(self.optimizer)
        if self._rate is not None:
            self.set_rate(self._rate)

        def apply(gradients: list[Any]) -> None:
            with self._objective.conditions():
                self.optimizer.apply(gradients, variables)

        if self.model.run_eagerly or not gradients:
            self._apply = apply
        else:
            compiled = tf.function(apply, autograph=False)
            # Traced here, not when called: TensorFlow warns of functions that are called once after each trace.
            concrete = compiled.get_concrete_function(gradients)
            is_dense = all(isinstance(gradient, tf.Tensor) for gradient in gradients)
            self._apply = concrete if is_dense else compiled  # Those of an embedding have as many rows as the batch.


def _start(subject: Subject) -> list[tf.Tensor]:
    return _values(subject.model)


def _values(owner: Any) -> list[tf.Tensor]:
    """Returns the values of variables, as tensors that share their memory until they change."""
    return [tf.convert_to_tensor(variable.value) for variable in owner.variables]


def _check(subject: Subject) -> None:
    model = subject.model
    if not subject.is_compiled:
        raise NotMeasured("the model is not compiled: call model.compile with a loss and an optimizer first")
    if has_own_step(model):
        raise NotMeasured("the model has a train_step of its own, of which nobody else knows what it minimizes")
    if subject.training.y is None and needs_targets(model):
        raise NotMeasured("there are no targets, which the compiled loss compares the predictions with")


def _adam(model: Any) -> Any:
    """Returns a fresh Adam, which scales the loss where the model computes with float16."""
    # With a name of its own it does not count in the names that Keras gives to later ones.
    adam = keras.optimizers.Adam(RATE, name="preflight_adam")
    is_half = any(layer.dtype_policy.compute_dtype == "float16" for layer in model._flatten_layers())
    return keras.optimizers.LossScaleOptimizer(adam, name="preflight_scale") if is_half else adam


def _loss_scale(optimizer: Any) -> Any:
    """Returns what the loss is multiplied with, and its gradient divided by in the optimizer."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale
    return optimizer.loss_scale_factor or 1.0


def _unless_zero(value: tf.Tensor) -> tf.Tensor | None:
    return value if np.any(value) else None
