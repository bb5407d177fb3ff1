"""Takes the statistics of a sampled step while it is traced, and keeps them for the host to read.

All numbers of a sample are packed into one flat variable (histograms into a second), which the host
reads once after the step. What a layer inside a loop or a branch shows cannot be carried out of its
inner graph: it is assigned to a small variable of its own right there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument import optimizers
from tb_nnhealth.instrument.batch import counted_classes, named_tensors
from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.layers import Site, activation_name, unit_axis
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.records import FloatArray
from tb_nnhealth.statistics import activations, data, histograms, moments
from tb_nnhealth.vocabulary import (
    ACTIVATION_STATISTICS,
    DEAD_WINDOW,
    HISTOGRAM_BINS,
    STEP_STATISTICS,
    VARIABLE_STATISTICS,
)

HOST_COLUMNS = ("examples_per_second", "sample_index", "row_index")
"""Columns of the step's table that the host fills in."""

NAN = float("nan")
SCOPE = "nnhealth"
"""Name scope of every operation that measures: an error in one of them is ours."""


@dataclass
class Trace:
    """What one trace of the step has met so far.

    `parts` are statistics by kind and row; those assigned from an inner graph are listed in `inner`.
    """

    graph: Any
    histograms_due: tf.Tensor | None
    parts: dict[tuple[str, str], tf.Tensor] = field(default_factory=dict)
    inner: dict[tuple[str, str], int] = field(default_factory=dict)
    silent: dict[str, tf.Tensor] = field(default_factory=dict)
    layer_rows: dict[str, list[str]] = field(default_factory=dict)
    outputs: list[tuple[str, tf.Tensor]] = field(default_factory=list)
    output_rows: set[str] = field(default_factory=set)

    def is_inner(self) -> bool:
        return not tf.executing_eagerly() and tf.compat.v1.get_default_graph() is not self.graph

    def rows(self, kind: str) -> list[str]:
        return [row for k, row in [*self.parts, *self.inner] if k == kind]


class Recorder:
    """An observer of sampled steps.

    Args:
      measured: returns the variables to measure with their row names, in forward order; given the
        layers' paths in the order of their first call.
      losses: class names of the losses, by output.
      names: names of the model's inputs and outputs, where it has them.
      guard: told of everything too, None where it is switched off.
      on_failure: told of an exception in here; the step goes on without that statistic.
    """

    def __init__(
        self,
        measured: Callable[[Sequence[str]], dict[str, Any]],
        losses: Sequence[str],
        names: tuple[Sequence[str] | None, Sequence[str] | None],
        guard: Guard | None,
        *,
        take_activations: bool,
        take_gradients: bool,
        take_histograms: bool,
        on_failure: Callable[[str, Exception], None],
    ) -> None:
        self._measured = measured
        self._losses = losses
        self._input_names, self._output_names = names
        self._guard = guard
        self._take_activations = take_activations
        self._take_gradients = take_gradients
        self._on_failure = on_failure
        self._cells: dict[tuple[str, str], tf.Variable] = {}
        self._trace = Trace(None, None)
        self._flat: tf.Variable | None = None
        self._histograms: tf.Variable | None = None
        self._silent_samples: tf.Variable | None = None
        self._samples = tf.Variable(0, dtype=tf.int32, trainable=False, name="nnhealth_samples")
        self._histograms_due = (
            tf.Variable(False, trainable=False, name="nnhealth_histograms_due") if take_histograms else None
        )
        self._histograms_wanted = False
        self.layout: Layout | None = None
        self.variables: dict[str, Any] = {}
        self.was_traced = False

    # The host's side.

    def request_histograms(self, wanted: bool) -> None:
        """Says whether the next sampled step also takes histograms."""
        if self._histograms_due is not None and wanted is not self._histograms_wanted:
            self._histograms_wanted = wanted
            self._histograms_due.assign(wanted)

    def sample(self) -> dict[str, FloatArray]:
        """Returns the tables of the last sampled step; waits for it."""
        assert self.layout is not None and self._flat is not None
        return self.layout.unpack(self._flat.numpy())

    def histograms(self) -> dict[str, FloatArray]:
        """Returns the last histograms, float32 `[rows, HISTOGRAM_BINS]` each."""
        if self._histograms is None or self.layout is None:
            return {}
        counts = self._histograms.numpy()
        variables = len(self.layout.rows["variables"])
        kinds = ("value", "gradient", "update")
        tables = {kind: counts[i * variables : (i + 1) * variables] for i, kind in enumerate(kinds)}
        return tables | {"activation": counts[3 * variables :]}

    # The step's side.

    def begin_trace(self) -> None:
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self._trace = Trace(graph, None if self._histograms_due is None else tf.identity(self._histograms_due))
        self.was_traced = True
        if self._guard is not None:
            self._guard.begin_trace()

    def on_output(self, row: str, site: Site, output: tf.Tensor) -> tf.Tensor:
        if self._guard is not None:
            self._guard.on_output(row, site, output)
        if not self._take_activations:
            return output
        try:
            with tf.name_scope(SCOPE):
                return self._observe_output(row, site, output)
        except Exception as error:
            self._on_failure(f"the output of {row}", error)
            return output

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any) -> None:
        try:
            with tf.name_scope(SCOPE):
                if self._guard is not None:
                    self._guard.on_batch(x, y, y_pred, loss)
                self._observe_batch(x, y, y_pred, loss)
        except Exception as error:
            self._on_failure("the batch", error)

    def on_data_loss(self, loss: Any) -> None:
        self._keep_scalar("data_loss", loss)

    def on_output_loss(self, name: str, loss: Any) -> None:
        self._keep_scalar(f"output_loss/{name}", loss)

    def before_apply(self, optimizer: Any, variables: Sequence[Any]) -> Any:
        try:
            with tf.name_scope(SCOPE):
                return optimizers.read_before(optimizer, variables)
        except Exception as error:
            self._on_failure("the variables before the step", error)
            return None

    def after_apply(self, optimizer: Any, variables: Sequence[Any], gradients: Sequence[Any], before: Any) -> None:
        if before is None:
            return
        try:
            with tf.name_scope(SCOPE):
                self._observe_update(optimizer, variables, gradients, before)
        except Exception as error:
            self._on_failure("the update", error)

    def end_trace(self, data_batch: Any, logs: Any) -> None:
        try:
            with tf.name_scope(SCOPE):
                self._observe_end(data_batch, logs)
                self._pack()
        except Exception as error:
            self._on_failure("the step", error)
        if self._guard is not None:
            self._guard.end_trace(data_batch, logs)

    # What is taken.

    def _observe_output(self, row: str, site: Site, output: tf.Tensor) -> tf.Tensor:
        trace = self._trace
        trace.layer_rows.setdefault(site.path, []).append(row)
        statistics, silent = activations.forward(output, unit_axis(site.layer))
        self._keep("forward", row, statistics)
        if not trace.is_inner():
            if silent.shape[0] is not None:
                trace.silent[row] = silent
            if trace.histograms_due is not None:
                self._keep("histogram", row, self._if_due(lambda: histograms.histogram(output), [HISTOGRAM_BINS]))
        activation = activation_name(site.layer)
        if activation in activations.ACTIVATION_RANGES:
            self._keep("saturated", row, activations.saturated_fraction(output, activation))
        watched = self._watch(row, output) if self._take_gradients else output
        trace.outputs.append((row, watched))
        return watched

    def _watch(self, row: str, output: tf.Tensor) -> tf.Tensor:
        """Returns `output` behind an identity that sees the gradient flow back."""

        @tf.custom_gradient
        def identity(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            return tf.identity(x), lambda gradient: self._observe_flow(row, gradient)

        logits = getattr(output, "_keras_logits", None)
        if logits is None and not tf.executing_eagerly() and output.op.type in ("Softmax", "Sigmoid"):
            return output  # Keras' cross-entropies look for this very operation and use its input.
        watched = identity(output)
        mask = getattr(output, "_keras_mask", None)
        if mask is not None:
            watched._keras_mask = mask
        if logits is not None:
            watched._keras_logits = identity(logits)
        return watched

    def _observe_flow(self, row: str, gradient: Any) -> Any:
        try:
            with tf.name_scope(SCOPE):
                self._keep("backward", row, activations.backward(tf.convert_to_tensor(gradient)))
        except Exception as error:
            self._on_failure(f"the gradient into {row}", error)
        return gradient

    def _observe_batch(self, x: Any, y: Any, y_pred: Any, loss: Any) -> None:
        inputs = named_tensors(x, self._input_names)
        targets = named_tensors(y, self._output_names)
        predictions = named_tensors(y_pred, self._output_names)
        for prefix, tensors in (("input", inputs), ("target", targets), ("prediction", predictions)):
            for name, tensor in tensors:
                self._keep("data", f"{prefix}/{name}", data.batch_statistics(tensor))
        for index, ((name, target), (_, prediction)) in enumerate(zip(targets, predictions, strict=False)):
            counts = counted_classes(target, prediction, self._loss_name(index))
            if counts is not None:
                self._keep("classes", f"target/{name}", counts[0])
                self._keep("classes", f"prediction/{name}", counts[1])
        rows = {id(tensor): row for row, tensor in self._trace.outputs}
        self._trace.output_rows |= {rows[id(tensor)] for _, tensor in predictions if id(tensor) in rows}
        if inputs:
            self._keep_scalar("batch_size", tf.shape(inputs[0][1])[0])
        if loss is not None:
            self._keep_scalar("loss", loss)

    def _loss_name(self, output: int) -> str:
        if not self._losses:
            return ""
        return self._losses[output] if output < len(self._losses) else self._losses[-1]

    def _observe_update(self, optimizer: Any, variables: Sequence[Any], gradients: Sequence[Any], before: Any) -> None:
        dense = [optimizers.unscaled(g, before) for g in gradients]
        after = optimizers.read(variables)
        updates = [
            tf.cast(new, tf.float32) - tf.cast(old, tf.float32) for new, old in zip(after, before.values, strict=True)
        ]
        zeros = [tf.zeros([0]) if g is None or not self._take_gradients else g for g in dense]
        extremes = [True] * 2 * len(variables) + [False] * len(variables)
        value, gradient, update = tf.split(moments.moments([*before.values, *zeros, *updates], extremes), 3)
        if not self._take_gradients:
            gradient = tf.fill(gradient.shape, NAN)
        for name, statistic in optimizers.step_statistics(optimizer, before, dense, gradient[:, 0]).items():
            self._keep_scalar(name, statistic)
        missing = tf.constant([float(g is None) for g in dense])
        block = _variable_columns(value, gradient, update, missing)
        index = {id(variable): i for i, variable in enumerate(variables)}
        self.variables = self._measured(list(self._trace.layer_rows)) if self.layout is None else self.variables
        rows = {row: index[id(v)] for row, v in self.variables.items() if id(v) in index}
        for row, i in rows.items():
            self._keep("variable", row, block[i])
        if self._trace.histograms_due is not None and not self._trace.is_inner():
            for kind, tensors in (("value", before.values), ("gradient", zeros), ("update", updates)):
                chosen = [tensors[i] for i in rows.values()]
                counts = self._if_due(_histograms_of(chosen), [len(chosen), HISTOGRAM_BINS])
                for row, count in zip(rows, tf.unstack(counts, num=len(chosen)) if chosen else [], strict=True):
                    self._keep(f"{kind}_histogram", row, count)

    def _observe_end(self, data_batch: Any, logs: Any) -> None:
        """Takes what a custom `train_step` that never calls `compute_loss` still shows."""
        metrics = logs if isinstance(logs, dict) else {}
        if ("step", "loss") not in [*self._trace.parts, *self._trace.inner]:
            parts = data_batch if isinstance(data_batch, (tuple, list)) else (data_batch,)
            self._observe_batch(parts[0], parts[1] if len(parts) > 1 else None, None, metrics.get("loss"))
        total, of_data = (self._kept("step", name, 1) for name in ("loss", "data_loss"))
        self._keep_scalar("regularization_loss", total - of_data)
        for name, value in metrics.items():
            if name != "loss" and tf.is_tensor(value) and value.shape.rank == 0:
                self._keep_scalar(f"metric/{name}", value)

    def _if_due(self, take: Callable[[], tf.Tensor], shape: list[int]) -> tf.Tensor:
        return tf.cond(self._trace.histograms_due, take, lambda: tf.zeros(shape))

    # Keeping and packing.

    def _keep_scalar(self, name: str, value: Any) -> None:
        if value is not None:
            self._keep("step", name, tf.reshape(tf.cast(value, tf.float32), []))

    def _keep(self, kind: str, row: str, value: tf.Tensor) -> None:
        key = (kind, row)
        if not self._trace.is_inner():
            self._trace.parts[key] = value
            return
        if key not in self._cells:
            with tf.init_scope():
                self._cells[key] = tf.Variable(tf.fill(value.shape, NAN), trainable=False, name="nnhealth_cell")
        self._cells[key].assign(value)
        self._trace.inner[key] = 1

    def _kept(self, kind: str, row: str, size: int) -> tf.Tensor:
        """Returns what was kept, float32 `[size]`; NaN where this trace did not meet it."""
        key = (kind, row)
        value = self._trace.parts.get(key)
        if value is None and key in self._trace.inner:
            value = tf.identity(self._cells[key])
        if value is None:
            return tf.fill([size], NAN)
        value = tf.reshape(value, [-1])
        return value if value.shape[0] == size else tf.concat([value, tf.fill([size - value.shape[0]], NAN)], 0)

    def _stacked(self, kind: str, rows: Sequence[str], size: int) -> tf.Tensor:
        return tf.stack([self._kept(kind, row, size) for row in rows]) if rows else tf.zeros([0, size])

    def _pack(self) -> None:
        if self.layout is None:
            self._lay_out()
        layout = self.layout
        assert layout is not None and self._flat is not None
        tables = {
            "variables": self._stacked("variable", layout.rows["variables"], len(VARIABLE_STATISTICS)),
            "activations": self._activation_columns(layout),
            "data": self._stacked("data", layout.rows["data"], len(data.COLUMNS)),
            "steps": self._stacked("step", layout.columns["steps"], 1),
            "classes": self._stacked("classes", layout.rows["classes"], len(layout.columns["classes"])),
        }
        self._flat.assign(tf.concat([tf.reshape(tables[name], [-1]) for name in layout.rows], 0))
        if self._histograms is not None:
            variables, outputs = layout.rows["variables"], layout.rows["activations"]
            kinds = [(f"{kind}_histogram", variables) for kind in ("value", "gradient", "update")]
            counts = [self._stacked(kind, rows, HISTOGRAM_BINS) for kind, rows in [*kinds, ("histogram", outputs)]]
            self._histograms.assign(tf.concat(counts, 0))

    def _lay_out(self) -> None:
        trace = self._trace
        outputs = trace.rows("forward")
        widths = [int(value.shape[0]) for (kind, _), value in trace.parts.items() if kind == "classes"]
        extra = [name for name in trace.rows("step") if name not in {s.name for s in STEP_STATISTICS}]
        self.layout = Layout(
            rows={
                "variables": tuple(self.variables),
                "activations": tuple(outputs),
                "data": tuple(trace.rows("data")),
                "steps": ("step",),
                "classes": tuple(trace.rows("classes")),
            },
            columns={
                "variables": tuple(s.name for s in VARIABLE_STATISTICS),
                "activations": tuple(s.name for s in ACTIVATION_STATISTICS),
                "data": data.COLUMNS,
                "steps": (*(s.name for s in STEP_STATISTICS), *extra),
                "classes": tuple(str(i) for i in range(max(widths, default=0))),
            },
            layer_rows={path: tuple(rows) for path, rows in trace.layer_rows.items()},
            units={row: int(silent.shape[0]) for row, silent in trace.silent.items()},
            output_rows=frozenset(trace.output_rows),
        )
        with tf.init_scope():
            self._flat = tf.Variable(tf.fill([self.layout.size], NAN), trainable=False, name="nnhealth_sample")
            units = sum(self.layout.units.values())
            self._silent_samples = tf.Variable(tf.zeros([units], tf.int32), trainable=False, name="nnhealth_silent")
            if self._histograms_due is not None:
                shape = [3 * len(self.variables) + len(outputs), HISTOGRAM_BINS]
                self._histograms = tf.Variable(tf.zeros(shape), trainable=False, name="nnhealth_histograms")

    def _activation_columns(self, layout: Layout) -> tf.Tensor:
        rows = layout.rows["activations"]
        forward = self._stacked("forward", rows, len(activations.FORWARD))
        backward = self._stacked("backward", rows, len(activations.BACKWARD))
        saturated = self._stacked("saturated", rows, 1)
        scale = self._kept("step", "loss_scale", 1)
        backward /= tf.concat([tf.fill([2], tf.where(tf.math.is_nan(scale), 1.0, scale)[0]), [1.0, 1.0]], 0)
        silent, dead = self._unit_fractions(layout)
        return tf.concat([forward[:, :6], silent, dead, saturated, forward[:, 6:], backward], 1)

    def _unit_fractions(self, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the silent and the dead fraction of each activation row's units, `[rows, 1]` each."""
        rows = layout.rows["activations"]
        counted = [row for row in layout.units if row in self._trace.silent]
        if len(counted) < len(layout.units) or not counted or self._silent_samples is None:
            return tf.fill([len(rows), 1], NAN), tf.fill([len(rows), 1], NAN)
        silent = tf.concat([self._trace.silent[row] for row in counted], 0)
        with tf.control_dependencies([silent]):  # Not counted where the data has ended.
            samples = self._samples.assign_add(1)
        lasting = self._silent_samples.assign(tf.where(silent, self._silent_samples + 1, 0))
        dead = tf.identity(lasting) >= tf.minimum(tf.identity(samples), DEAD_WINDOW)
        position = {row: i for i, row in enumerate(rows)}
        segments = np.repeat([position[row] for row in counted], [layout.units[row] for row in counted])
        units = np.bincount(segments, minlength=len(rows)).astype(np.float32)
        units[units == 0] = NAN

        def fraction(flags: tf.Tensor) -> tf.Tensor:
            counts = tf.math.unsorted_segment_sum(tf.cast(flags, tf.float32), segments, len(rows))
            return tf.reshape(counts / units, [-1, 1])

        return fraction(silent), fraction(dead)


def _histograms_of(tensors: Sequence[tf.Tensor]) -> Callable[[], tf.Tensor]:
    return lambda: tf.stack([histograms.histogram(t) for t in tensors]) if tensors else tf.zeros([0, HISTOGRAM_BINS])


def _variable_columns(value: tf.Tensor, gradient: tf.Tensor, update: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Returns the variables table's columns `[N, 25]` from the moments `[N, 9]` of value, gradient and update.

    A ratio to a variable that is zero means nothing: NaN.
    """
    norm = value[:, 0]
    usable = tf.where(norm > 0, norm, tf.fill(tf.shape(norm), NAN))
    picked = tf.gather(update, [0, 1, 6, 7], axis=1)
    ratios = tf.stack([update[:, 0] / usable, gradient[:, 0] / usable, missing], 1)
    return tf.concat([value, gradient, picked, ratios], 1)
