"""The guard: catches the first step whose loss is not finite, sampled or not, and keeps the evidence.

In every step one scalar is tested: is the sum of the loss and the inputs finite? (A fused ReLU
may turn NaN into zero and so hide a bad input from the loss, while its gradient spoils the weights.)
Only where it is not, a branch counts the NaN and Inf in the batch, the variables and the outputs of
all layers, which are still in memory then. A gradient that goes bad while the loss is finite leaves
its mark in the variables, so the next step's count names them, unless they hide from the loss as well:
tb_nnhealth.instrument.watch looks for these. What the guard costs stands in the README's table of figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument import taps
from tb_nnhealth.instrument.batch import input_names, named_values, output_names, scalars
from tb_nnhealth.instrument.evidence import Evidence
from tb_nnhealth.instrument.fusion import is_rewritten
from tb_nnhealth.instrument.layers import Site, sites, variable_paths
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.instrument.variables import made_beside
from tb_nnhealth.records import FloatArray, NonFinite, Place
from tb_nnhealth.statistics.branch import unless
from tb_nnhealth.statistics.numerics import attach, detach

OVERWRITING = ("Relu", "Relu6", "Elu")
"""Activation functions that need not keep their input, and that make no finite number NaN or infinite."""


@dataclass(frozen=True)
class _Test:
    """What a trace of the step tests and counts in: stages and paths, their counts, and what the step began with."""

    places: Sequence[tuple[str, str]]
    counts: tf.Variable
    evidence: Evidence | None


class Guard(taps.Observer):
    """An observer of every step. `counter` counts the steps, in the graph, sampled and unsampled alike.

    Args:
      model: the model.
      first_step: the next step's number.
      on_failure: told of what breaks in here; the step goes on.
    """

    def __init__(self, model: Any, first_step: int, on_failure: Failure) -> None:
        self._model = model
        self._first_step = first_step
        self._on_failure = on_failure
        self.counter = tf.Variable(first_step, dtype=tf.int64, trainable=False, name="nnhealth_step")
        self._caught_at = tf.Variable(-1, dtype=tf.int64, trainable=False, name="nnhealth_nonfinite_step")
        self._caught_in = tf.Variable(-1, trainable=False, name="nnhealth_nonfinite_trace")
        self._tests: list[_Test] = []
        self._evidence: Evidence | None = None
        self._outputs: list[tuple[str, tf.Tensor]] = []
        self._is_placed = False
        self.unreadable: frozenset[str] | None = None

    def restart(self, first_step: int) -> None:
        """Makes the guard ready for another `fit`."""
        self._first_step = first_step
        self.counter.assign(first_step)
        self._caught_at.assign(-1)

    def begin_trace(self) -> None:
        self._outputs, self._is_placed = [], False

    def begin_step(self, batch: Any) -> None:
        """Reads what a step begins with that nothing can be read in, for a test that is placed at its end."""
        self._evidence = Evidence(self._model, batch)

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        del site, inputs
        self._outputs.append((row, output))
        return output

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any, sample_weight: Any) -> None:
        """Places the test. Only the first loss of a step is tested, where a custom step computes several."""
        del y_pred
        if not self._is_placed and tf.is_tensor(loss):
            variables = [(path, v.value) for path, v in _floating(self._model)]
            self._try_to_place(x, y, sample_weight, loss, variables)

    def _try_to_place(
        self, x: Any, y: Any, sample_weight: Any, loss: tf.Tensor, variables: Sequence[tuple[str, tf.Tensor]]
    ) -> None:
        self._is_placed = True
        try:
            self._place(x, y, sample_weight, loss, variables)
        except Exception as error:
            self._on_failure("the guard against non-finite values", error)

    def _place(
        self, x: Any, y: Any, sample_weight: Any, loss: tf.Tensor, variables: Sequence[tuple[str, tf.Tensor]]
    ) -> None:
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        tensors = [("input", f"input/{n}", t) for n, t in named_values(x, input_names(self._model))]
        tensors += [("input", f"target/{n}", t) for n, t in named_values(y, output_names(self._model))]
        tensors += [("input", "sample_weight", t) for _, t in named_values(sample_weight, None)]
        tensors += [("variable", path, value) for path, value in variables]
        tensors += [("activation", r, _lasting(t)) for r, t in self._outputs if self._is_readable(r, t, graph)]
        tensors += [("loss", "", loss)]
        places = [(stage, path) for stage, path, _ in tensors]
        floats = [t for _, path, t in tensors if path.startswith("input/") and t.dtype.is_floating]
        sum_of_all = tf.add_n([_sum(tf.cast(t, tf.float32)) for t in [loss, *floats]])
        evidence = [] if self._evidence is None else self._evidence.tensors
        keep = partial(self._keep_first, self._test_of(places))
        unless(tf.math.is_finite(sum_of_all), [], keep, [*(t for _, _, t in tensors), *evidence])

    def _test_of(self, places: Sequence[tuple[str, str]]) -> int:
        """Returns the number of a test of these places: a batch with weights has others than one without."""
        known = (i for i, test in enumerate(self._tests) if test.places == places and test.evidence is self._evidence)
        number = next(known, len(self._tests))
        if number == len(self._tests):
            counts = made_beside(np.zeros(len(places), np.float32), "nnhealth_nonfinite")
            self._tests.append(_Test(places, counts, self._evidence))
        return number

    def _is_readable(self, row: str, output: tf.Tensor, graph: Any) -> bool:
        if tf.is_symbolic_tensor(output) and output.graph is not graph:
            return False
        return not is_rewritten(output) if self.unreadable is None else row not in self.unreadable

    def end_trace(self, data_batch: Any, logs: Any) -> None:
        """Places the test on the step's logs where no loss was seen: a custom step, or one in which nothing is read.

        The variables have changed by then: unless they were read before, there is no evidence in them.
        """
        numbers = scalars(logs)
        told = [numbers["loss"]] if "loss" in numbers else list(numbers.values())
        if not self._is_placed and told:
            parts = [*(data_batch if isinstance(data_batch, (tuple, list)) else (data_batch,)), None, None]
            loss = tf.stack([tf.cast(number, tf.float32) for number in told])
            self._try_to_place(parts[0], parts[1], parts[2], loss, self._read_before())
        given = tf.nest.flatten(data_batch, expand_composites=True)
        with tf.control_dependencies([t for t in given if tf.is_tensor(t)]):
            self.counter.assign_add(1)  # Not where the data has ended: without them the step is no step.
        self._outputs, self._evidence = [], None

    def _read_before(self) -> list[tuple[str, tf.Tensor]]:
        evidence = self._evidence
        if evidence is None:
            return []
        read = ((path, evidence.value(variable)) for path, variable in _floating(self._model))
        return [(path, value) for path, value in read if value is not None]

    def caught(self) -> NonFinite | None:
        """Returns what was caught so far; waits for the steps that are under way."""
        step = int(self._caught_at.numpy())
        if step < 0:
            return None
        test = self._tests[int(self._caught_in.numpy())]
        found = zip(test.places, test.counts.numpy(), strict=True)
        return _first_cause(step, self._first_step, [Place(*place, float(n)) for place, n in found if n > 0])

    def evidence(self) -> Evidence | None:
        """Returns what the step began with that was caught, None where the guard saw it all."""
        return self._tests[int(self._caught_in.numpy())].evidence

    def left_behind(self, last_step: int) -> NonFinite | None:
        """Returns what the steps up to the last one did to the variables, though no loss has told of it."""
        variables = _floating(self._model)
        sums = [tf.nn.l2_loss(tf.cast(v.value, tf.float32)) for _, v in variables]  # The sum that is one operation.
        if not sums or tf.math.is_finite(tf.add_n(sums)):
            return None
        counts = [(path, float(_nonfinite(tf.reshape(detach(v.value), [-1])))) for path, v in variables]
        places = [Place("variable", path, count) for path, count in counts if count > 0]
        return _by_update(last_step, places) if places else None

    def _keep_first(self, number: int, *tensors: tf.Tensor) -> None:
        tf.cond(self._caught_at < 0, lambda: self._keep(number, tensors), lambda: 0)

    def _keep(self, number: int, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        test = self._tests[number]
        counted = tensors[: len(test.places)]
        if test.evidence is not None:
            test.evidence.keep(tensors[len(counted) :])
        kept = test.counts.assign(tf.stack([_nonfinite(tf.reshape(detach(tensor), [-1])) for tensor in counted]))
        found = tf.reduce_sum(kept) > 0  # Else a sum of large finite numbers overflowed.
        self._caught_at.assign(tf.where(found, self.counter, -1))
        self._caught_in.assign(number)
        return tf.constant(0)


def _lasting(output: tf.Tensor) -> tf.Tensor:
    """Returns an output as it stays in memory anyway: behind the activation function that overwrites it, if one does.

    That writes its own output over its input, unless somebody else reads the input: new memory for each batch
    normalization before a ReLU took 2 to 4 % of a CNN's step. NaN is still there behind it, an infinity may be cut off.
    """
    readers = output.consumers() if tf.is_symbolic_tensor(output) else []
    return readers[0].outputs[0] if len(readers) == 1 and readers[0].type in OVERWRITING else output


def _sum(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the sum of a tensor, example by example first: a sum of everything at once makes TensorFlow wait for its
    threads, which took 2 % of a small MLP's step."""
    rank = tensor.shape.rank or 1
    return tf.reduce_sum(tf.reduce_sum(tensor, axis=list(range(1, rank))) if rank > 1 else tensor)


def from_sample(step: int, first_step: int, tables: Mapping[str, FloatArray], layout: Layout) -> NonFinite | None:
    """Returns the non-finite places that a sample shows, in forward order, then in backward order.

    Variables that were bad before the step were made so by an earlier one. Gradients that a loss-scale
    optimizer met and skipped are no fault: it looks for them.

    Args:
      step: the sampled step.
      first_step: the first step of the `fit`.
      tables: the sample's tables, `[rows, columns]` each.
      layout: their rows and columns.
    """

    def places(stage: str, table: str, statistic: str) -> list[Place]:
        if table not in tables:
            return []
        counts = tables[table][:, layout.columns[table].index(statistic)]
        return [Place(stage, layout.rows[table][i], float(counts[i])) for i in np.flatnonzero(counts > 0)]

    of_step = dict(zip(layout.columns["steps"], tables["steps"][0], strict=True))
    batch = [p for p in places("input", "data", "data_nonfinite") if not p.path.startswith("prediction/")]
    variables = places("variable", "variables", "value_nonfinite")
    if variables and step > first_step:
        return _by_update(step - 1, variables)
    forward = [*batch, *variables, *places("activation", "activations", "activation_nonfinite")]
    if np.isinf(of_step["loss"]) or (np.isnan(of_step["loss"]) and forward):
        forward.append(Place("loss", "", 1.0))
    flow = reversed(places("gradient", "activations", "output_gradient_nonfinite"))
    backward = [*flow, *reversed(places("gradient", "variables", "gradient_nonfinite"))]
    found = forward if of_step["step_skipped"] > 0 else [*forward, *backward]
    return NonFinite(step, tuple(found)) if found else None


def _first_cause(step: int, first_step: int, places: list[Place]) -> NonFinite:
    """Puts the cause first: variables that were bad before the step were made so by the update before it."""
    variables = [p for p in places if p.stage == "variable"]
    inputs = [p for p in places if p.stage == "input"]
    rest = [p for p in places if p.stage not in ("variable", "input")]
    if inputs or not variables:
        return NonFinite(step, (*inputs, *rest))
    if step == first_step:
        return NonFinite(step, (*variables, *rest))
    return _by_update(step - 1, variables)


def _by_update(step: int, variables: Sequence[Place]) -> NonFinite:
    """Returns what a step did to variables; the one nearest to the loss comes first, for gradients flow backwards."""
    return NonFinite(step, tuple(Place("update", p.path, p.count) for p in reversed(variables)))


def _floating(model: Any) -> list[tuple[str, Any]]:
    """Returns the model's floating-point variables with their paths."""
    paths = variable_paths(sites(model))
    floats = [v for v in model.variables if keras.backend.is_float_dtype(keras.backend.standardize_dtype(v.dtype))]
    return [(paths.get(id(v), v.path), v) for v in floats]


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _nonfinite(bits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(tf.logical_not(tf.math.is_finite(attach(bits))), tf.float32))
