"""The training step once more, naively: eager, with a tape of its own, and every statistic in NumPy.

It goes through a training that was measured, from the very weights and random states that stood before each step
there. It shares nothing with the callback: outputs are caught where Keras calls a layer, all gradients are those of one
persistent tape, and only the losses and the optimizers' updates are Keras' own.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.src.backend.common.stateless_scope import in_stateless_scope

from tb_nnhealth.vocabulary import DEAD_WINDOW
from tests.instrument.training import Outcome, state_variables, train
from tests.instrument.zoo import Objective, Trial
from tests.statistics import naive

Numbers = dict[str, float]
NAN = float("nan")

LOOPS = (layers.RNN, layers.TimeDistributed)
"""Layers that call others position by position: only what they return is a layer's output."""

OF_BATCH = ("input/", "target/", "prediction/")

FLAT = {"tanh": (-0.98, 0.98), "sigmoid": (0.01, 0.99), "softmax": (0.01, 0.99)}
"""Where the flat 1 % of an activation function's range begins, below and above."""


@dataclass
class Step:
    """What one step shows, by variable, by layer output (`flow` is the gradient into it), as a whole, and of its batch.

    A gradient is None where there is none; loss scales are taken out.
    """

    follows_compile: bool
    value: dict[str, np.ndarray] = field(default_factory=dict)
    gradient: dict[str, np.ndarray | None] = field(default_factory=dict)
    update: dict[str, np.ndarray] = field(default_factory=dict)
    output: dict[str, np.ndarray] = field(default_factory=dict)
    flow: dict[str, np.ndarray | None] = field(default_factory=dict)
    flat: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    scalars: Numbers = field(default_factory=dict)
    batch: dict[str, np.ndarray] = field(default_factory=dict)
    losses: dict[str, str] = field(default_factory=dict)
    weights: tuple[Any, Any, Any] = (None, None, None)
    """The sample weights, the mask, and by what both multiply the loss of each example or position."""


class Oracle(keras.callbacks.Callback):
    """Takes the place of the model's step function in a training that is to be the same as `measured`.

    `steps` are the steps it made, `ends` the numbers of those that end a call of the step function.
    """

    def __init__(self, trial: Trial, measured: Outcome) -> None:
        super().__init__()
        self.trial = trial
        self.measured = measured
        self.steps: list[Step] = []
        self.ends: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.follows_compile = self.model.train_function != self._run
        self.model.train_function = self._run
        self.model.__dict__["get_metrics_result"] = lambda: {"loss": NAN}  # Nothing here counts any.

    def _run(self, iterator: Any) -> dict[str, Any]:
        call = len(self.ends)
        batches = [next(iterator)]  # Ends the epoch where there is none; the rest may be missing.
        with contextlib.suppress(StopIteration, tf.errors.OutOfRangeError):
            while len(batches) < self.model.steps_per_execution:
                batches.append(next(iterator))
        for variable, value in zip(state_variables(self.model), self.measured.states[call], strict=True):
            variable.assign(value)
        for data in batches:
            self._step(data)
        self.ends.append(len(self.steps) - 1)
        last, after = self.steps[-1], self.measured.after[call]
        if self.model.jit_compile:  # What is measured is the replay, whose noise XLA does not draw.
            after = {variable.path: variable.numpy() for variable in self.model.trainable_variables}
        last.update = {path: np.float64(after[path]) - np.float64(value) for path, value in last.value.items()}
        return {}

    def _step(self, data: Any) -> None:
        step = Step(self.follows_compile)
        calls: Counter[str] = Counter()
        for objective in self.trial.objectives(self.model, data):
            _differentiate(step, objective, calls)
            _judge_step(step, objective.optimizer, len(self.steps))
        self.steps.append(step)
        self.follows_compile = False


def steps_by_hand(make: Callable[[], Trial], measured: Outcome) -> tuple[list[Step], list[int]]:
    """Returns all steps of a training that was measured, and the numbers of those that end a call.

    Where several steps run at once, the oracle makes those before the last by itself.
    """
    oracles: list[Oracle] = []

    def make_oracle() -> Trial:
        trial = make()
        oracles.append(Oracle(trial, measured))
        return trial

    train(make_oracle, lambda: oracles)
    return oracles[0].steps, oracles[0].ends


# A step.


def _differentiate(step: Step, objective: Objective, calls: Counter[str]) -> None:
    """Goes forward, backward, and lets the optimizer change the variables; notes what there was to see."""
    rows: list[tuple[str, keras.Layer]] = []
    optimizer, variables = objective.optimizer, objective.variables()

    def look() -> tuple[Any, ...]:
        with tf.GradientTape(persistent=True) as tape, _captured() as captured:
            loss, seen = objective.loss()
            scaled = optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [v.value for v in variables])
        flows = []
        for layer, output in captured:
            path = layer.path or layer.name
            calls[path] += 1
            rows.append((path if calls[path] == 1 else f"{path}#{calls[path]}", layer))
            flows.append(_flow(tape, scaled, output) if variables else None)
        return seen, gradients, [output for _, output in captured], flows

    seen, gradients, outputs, flows = look()
    scale = _loss_scale(optimizer)
    step.losses |= seen.pop("losses", {})
    step.weights = seen.pop("weights", (None, None, None))
    step.scalars |= {name: float(value) for name, value in seen.items() if not name.startswith(OF_BATCH)}
    step.batch |= {row: np.float64(tensor) for row, tensor in seen.items() if row.startswith(OF_BATCH)}
    if variables:
        step.scalars |= {"loss_scale": scale, "learning_rate": float(optimizer.learning_rate)}
    for variable, gradient in zip(variables, gradients, strict=True):
        step.value[variable.path] = np.array(variable)
        step.gradient[variable.path] = _unscaled(gradient, scale)
    for (row, layer), output, flow in zip(rows, outputs, flows, strict=True):
        step.output[row] = np.float64(output)
        step.flow[row] = _unscaled(flow, scale)
        step.flat[row] = FLAT.get(_activation(layer))
    if variables:
        optimizer.apply_gradients(zip(gradients, variables, strict=True))


@contextlib.contextmanager
def _captured() -> Iterator[list[tuple[keras.Layer, tf.Tensor]]]:
    """Catches the output of each layer that calls no other one, in order."""
    caught: list[tuple[keras.Layer, tf.Tensor]] = []
    within: list[keras.Layer] = []
    callers: set[int] = set()
    original = keras.Layer.__call__

    def call(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        callers.update(map(id, within))
        within.append(layer)
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            within.pop()
        is_leaf = id(layer) not in callers or isinstance(layer, LOOPS)
        is_in_loop = any(isinstance(outer, LOOPS) for outer in within)
        if not is_leaf or is_in_loop or in_stateless_scope():  # Keras may only ask for a shape.
            return outputs
        if any(outputs is given for given in args):  # What flows into it is not what flows out of the layer.
            outputs = tf.identity(outputs)
        caught.append((layer, outputs))
        return outputs

    keras.Layer.__call__ = call
    try:
        yield caught
    finally:
        keras.Layer.__call__ = original


def _flow(tape: tf.GradientTape, loss: tf.Tensor, output: tf.Tensor) -> tf.Tensor | None:
    """Returns the gradient into an output; Keras' cross-entropies take the logits that it carries, and not itself."""
    flow = tape.gradient(loss, output)
    logits = getattr(output, "_keras_logits", None)
    return tape.gradient(loss, logits) if flow is None and logits is not None else flow


def _loss_scale(optimizer: Any) -> float:
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return float(optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale)
    return NAN if optimizer.loss_scale_factor is None else optimizer.loss_scale_factor


def _unscaled(gradient: Any, scale: float) -> np.ndarray | None:
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        dense = np.zeros(tuple(gradient.dense_shape), np.float64)
        np.add.at(dense, gradient.indices.numpy(), np.float64(gradient.values))
    else:
        dense = np.float64(tf.cast(gradient, tf.float64))
    return dense if np.isnan(scale) else dense / scale


def _activation(layer: keras.Layer) -> str | None:
    if isinstance(layer, layers.Softmax):
        return "softmax"
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _judge_step(step: Step, optimizer: Any, number: int) -> None:
    """Says what the optimizer makes of the gradients: how much it clips, and whether it updates at all."""
    gradients = [g for g in step.gradient.values() if g is not None]
    if not gradients:
        return
    norm = global_norm(gradients)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    every = inner.gradient_accumulation_steps
    clipped = _clipped(inner, gradients)
    step.scalars |= {
        "gradient_global_norm": norm,
        "clipped_fraction": NAN if clipped is None or every else 1 - global_norm(clipped) / norm,
        "step_skipped": float(inner is not optimizer and not all(np.isfinite(g).all() for g in gradients)),
        "update_applied": float(not every or (number + 1) % every == 0),
    }


def _clipped(optimizer: Any, gradients: list[np.ndarray]) -> list[np.ndarray] | None:
    if optimizer.global_clipnorm is not None:
        return [g * min(1.0, optimizer.global_clipnorm / global_norm(gradients)) for g in gradients]
    if optimizer.clipnorm is not None:
        return [g * min(1.0, optimizer.clipnorm / max(global_norm([g]), 1e-30)) for g in gradients]
    if optimizer.clipvalue is not None:
        return [np.clip(g, -optimizer.clipvalue, optimizer.clipvalue) for g in gradients]
    return None


def global_norm(arrays: list[np.ndarray]) -> float:
    """Returns the Euclidean norm of all finite elements together."""
    return float(np.sqrt(sum((g[np.isfinite(g)] ** 2).sum() for g in map(np.float64, arrays))))


# Its statistics.


def variable_statistics(step: Step, path: str) -> Numbers:
    value, gradient = naive.moments(step.value[path]), step.gradient[path]
    update = naive.moments(step.update[path])
    of_gradient = naive.moments(np.zeros(0) if gradient is None else gradient)
    norm = value["norm"] or NAN
    kinds = {"value": value, "gradient": of_gradient, "update": update}
    return {
        **{f"{kind}_{k}": v for kind, numbers in kinds.items() for k, v in numbers.items()},
        "update_ratio": update["norm"] / norm,
        "gradient_ratio": of_gradient["norm"] / norm,
        "gradient_missing": float(gradient is None),
    }


def activation_statistics(steps: list[Step], number: int, row: str) -> Numbers:
    output, flow, flat = steps[number].output[row], steps[number].flow[row], steps[number].flat[row]
    start = max(i for i in range(number + 1) if i == 0 or steps[i].follows_compile)
    window = [step.output[row] for step in steps[max(start, number - DEAD_WINDOW + 1) : number + 1]]
    forward = naive.forward(output)
    backward = {} if flow is None else naive.moments(flow)
    return {
        **{f"activation_{k}": v for k, v in forward.items() if k != "silent"},
        "silent_unit_fraction": forward["silent"],
        "dead_unit_fraction": np.mean([all((o[..., u] == 0).all() for o in window) for u in range(output.shape[-1])]),
        "saturated_fraction": ((output <= flat[0]) | (output >= flat[1])).mean() if flat else NAN,
        **{f"output_gradient_{k}": backward.get(k, NAN) for k in ("norm", "rms", "zero_fraction", "nonfinite")},
    }


def class_counts(step: Step, name: str) -> dict[str, np.ndarray]:
    """Returns how often each class stands in the target and in the prediction of an output, and its share, by row."""
    target, prediction = step.batch[f"target/{name}"], step.batch[f"prediction/{name}"]
    classes = prediction.shape[-1]
    if classes == 1:
        found = target.ravel() > 0.5, prediction.ravel() > 0.5
    elif target.shape == prediction.shape:
        found = target.argmax(-1).ravel(), prediction.argmax(-1).ravel()
    else:
        found = target.ravel(), prediction.argmax(-1).ravel()
    _, mask, weights = step.weights
    counted = np.ones(len(found[0])) if mask is None else np.float64(mask).ravel()
    counts = {
        row: np.bincount(np.int64(ids), counted, minlength=max(classes, 2))
        for row, ids in zip((f"target/{name}", f"prediction/{name}"), found, strict=True)
    }
    labels = target.reshape(-1, 1) if classes == 1 else np.eye(classes)[found[0].astype(int)]
    weights = np.ones(len(labels)) if weights is None else weights.ravel()
    return counts | {f"share/{name}": (weights[:, None] * labels).mean(axis=0)}


def constant_statistics(step: Step) -> Numbers:
    """Returns what tells how well a constant could answer: the mean weight, and the variance under a squared error."""
    told: Numbers = {}
    for name, loss in step.losses.items():
        target, prediction = (step.batch.get(f"{kind}/{name}") for kind in ("target", "prediction"))
        if target is None or prediction is None:
            continue
        given, _, weights = step.weights
        if given is not None:
            told[f"weight/{name}"] = weights.mean()
        if "squared" in loss.lower() or "mse" in loss.lower():
            target = target.reshape(-1, prediction.shape[-1])
            weights = np.ones(len(target)) if weights is None else weights.ravel()
            examples = weights.sum() ** 2 / (weights**2).sum()
            centre = np.average(target, axis=0, weights=weights)
            biased = (weights * ((target - centre) ** 2).mean(axis=1)).mean()
            told[f"target_variance/{name}"] = biased * examples / (examples - 1) if examples > 1.5 else NAN
    return told
