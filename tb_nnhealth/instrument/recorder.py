"""Takes the statistics of a sampled step while it is traced."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import tensorflow as tf

from tb_nnhealth.instrument import functions, optimizers, passing, taps, trivial, updates
from tb_nnhealth.instrument.batch import batch_size, counted_classes, mean_loss, named_tensors, pairs, scalars
from tb_nnhealth.instrument.definition import Definition, Names, Unreadable
from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.layers import Site, activation_name, unit_axis
from tb_nnhealth.instrument.packing import Packing
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.trace import Key, Trace
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.statistics import activations, data, histograms
from tb_nnhealth.vocabulary import HISTOGRAM_BINS

SCOPE = "nnhealth"
"""Name scope of every operation that measures: an error in one of them is ours."""


class Keeper(Protocol):
    """What keeps something of a sampled step's batch."""

    def keep(self, data: Any) -> None:
        """Keeps it, in the graph of the step."""
        ...


class Recorder(taps.Observer):
    """An observer of sampled steps. Its `guard`, where it is given one, is told of everything too.

    Args:
      measured: returns the variables to measure with their row names, in forward order; given the
        layers' paths in the order of their first call.
      losses: the losses by output, as the manifest describes them.
      names: names of the model's inputs and outputs, where it has them.
      keepers: are given the batch.
      on_failure: told of an exception in here; the step goes on without that statistic.
    """

    def __init__(
        self,
        measured: Callable[[Sequence[str]], dict[str, Any]],
        losses: Mapping[str, Mapping[str, Any]],
        names: Names,
        keepers: Sequence[Keeper],
        *,
        take_activations: bool,
        take_gradients: bool,
        take_histograms: bool,
        on_failure: Failure,
    ) -> None:
        self._measured = measured
        self._losses = losses
        self._names = self._input_names, self._output_names = names
        self.guard: Guard | None = None
        self._keepers = keepers
        self._take_activations = take_activations
        self._take_gradients = take_gradients
        self._on_failure = on_failure
        self._cells: dict[Key, tf.Variable] = {}
        self._trace = Trace(None, None, self._cells)
        self.packing = Packing(take_histograms)
        self._histograms_due = (
            tf.Variable(False, trainable=False, name="nnhealth_histograms_due") if take_histograms else None
        )
        self._histograms_wanted = False
        self.variables: dict[str, Any] = {}
        self.definition = Definition(names)
        self.unreadable = Unreadable()
        self.was_traced = False

    # The host's side.

    def request_histograms(self, wanted: bool) -> None:
        """Says whether the next sampled step also takes histograms."""
        if self._histograms_due is not None and wanted is not self._histograms_wanted:
            self._histograms_wanted = wanted
            self._histograms_due.assign(wanted)

    def begin_rehearsal(self) -> Definition:
        """Returns what is to be told of a rehearsal."""
        self.definition = Definition(self._names)
        return self.definition

    @property
    def layout(self) -> Layout | None:
        """What is measured; where no step could be, what the attempt has shown of the model and the batch, if any."""
        if self.packing.layout is None and self.definition.tensors:
            return Layout({}, {}, {}, {}, self.definition.inputs, self.definition.tensors)
        return self.packing.layout

    # The step's side.

    def begin_trace(self) -> None:
        self._trace = Trace.begin(self._histograms_due, self._cells)
        self.definition = Definition(self._names)
        self.was_traced = True
        if self.guard is not None:
            self.guard.begin_trace()

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        if self.guard is not None:
            self.guard.on_output(row, site, inputs, output)
        self._trace.layer_rows.setdefault(site.path, [])
        if not self._take_activations or row in self.unreadable.outputs:
            return self.definition.on_output(row, site, inputs, output)
        try:
            with tf.name_scope(SCOPE):
                output = self._observe_output(row, site, output)
        except Exception as error:
            self._on_failure(f"the output of {row}", error)
        return self.definition.on_output(row, site, inputs, output)

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any, sample_weight: Any) -> None:
        try:
            with tf.name_scope(SCOPE):
                if self.guard is not None:
                    self.guard.on_batch(x, y, y_pred, loss, sample_weight)
                self._observe_batch(x, y, y_pred, loss, sample_weight)
                self.definition.on_batch(x, y, y_pred, loss, sample_weight)
        except Exception as error:
            self._on_failure("the batch", error)

    def on_failed_loss(self, x: Any, y: Any, y_pred: Any) -> None:
        self.definition.on_failed_loss(x, y, y_pred)

    def on_data_loss(self, loss: Any) -> None:
        self._observe_loss("data_loss", loss)

    def on_output_loss(self, name: str, loss: Any) -> None:
        self._observe_loss(f"output_loss/{name}", loss)

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
                self.packing.pack(self._trace, list(self.variables), self.definition)
                self._trace.forget_inner()
        except Exception as error:
            self.packing.empty()
            self._on_failure("the step", error)
        for keeper in self._keepers:
            keeper.keep(data_batch)
        if self.guard is not None:
            self.guard.end_trace(data_batch, logs)

    # What is taken.

    def _observe_output(self, row: str, site: Site, output: tf.Tensor) -> tf.Tensor:
        trace = self._trace
        trace.layer_rows[site.path].append(row)
        statistics, silent = activations.forward(output, unit_axis(site.layer))
        trace.keep("forward", row, statistics)
        if not trace.is_inner():
            if silent.shape[0] is not None:
                trace.silent[row] = silent
            if trace.histograms_due is not None:
                trace.keep("histogram", row, trace.if_due(lambda: histograms.histogram(output), [HISTOGRAM_BINS]))
        activation = activation_name(site.layer)
        if activation in activations.ACTIVATION_RANGES:
            trace.keep("saturated", row, activations.saturated_fraction(output, activation))
        reads_flow = self._take_gradients and row not in self.unreadable.flows
        return self._watch(row, output) if reads_flow else output

    def _watch(self, row: str, output: tf.Tensor) -> tf.Tensor:
        """Returns `output` behind an identity that sees the gradient flow back, where that can be told.

        TensorFlow makes the gradient of a loop or a branch a graph of its own, out of which nothing can be carried.
        """
        graph = functions.current_graph()

        def identity(tensor: tf.Tensor) -> tf.Tensor:
            return passing.watched(tensor, lambda gradient: self._observe_flow(row, gradient, graph))

        logits = getattr(output, "_keras_logits", None)
        if logits is None and tf.is_symbolic_tensor(output) and output.op.type in ("Softmax", "Sigmoid"):
            return output  # Keras' cross-entropies look for this very operation and use its input.
        watched = identity(output)
        mask = getattr(output, "_keras_mask", None)
        if mask is not None:
            watched._keras_mask = mask
        if logits is not None:
            watched._keras_logits = identity(logits)
        return watched

    def _observe_flow(self, row: str, gradient: Any, graph: Any) -> Any:
        if not functions.is_within(graph):
            return gradient
        try:
            with tf.name_scope(SCOPE):
                self._trace.keep("backward", row, activations.backward(tf.convert_to_tensor(gradient)))
        except Exception as error:
            self._on_failure(f"the gradient into {row}", error)
        return gradient

    def _observe_inputs(self, x: Any) -> None:
        self._observe_data("input", named_tensors(x, self._input_names))
        self._trace.keep_scalar("batch_size", batch_size(x))

    def _observe_data(self, prefix: str, tensors: Sequence[tuple[str, tf.Tensor]]) -> None:
        for name, tensor in tensors:
            self._trace.keep("data", f"{prefix}/{name}", data.batch_statistics(tensor))

    def _observe_batch(self, x: Any, y: Any, y_pred: Any, loss: Any, sample_weight: Any) -> None:
        self._observe_inputs(x)
        targets = named_tensors(y, self._output_names)
        predictions = named_tensors(y_pred, self._output_names)
        self._observe_data("target", targets)
        self._observe_data("prediction", predictions)
        given = dict(named_tensors(sample_weight, self._output_names))
        answers = pairs(targets, predictions, self._losses)
        is_for_all = len(answers) == 1 or not tf.nest.is_nested(sample_weight)
        shared = next(iter(given.values())) if len(given) == 1 and is_for_all else None
        for name, target, prediction, described in answers:
            self._observe_answer(name, target, prediction, described or {}, given.get(name, shared))
        self._observe_loss("loss", loss)

    def _observe_answer(
        self, name: str, target: tf.Tensor, prediction: tf.Tensor, loss: Mapping[str, Any], weight: tf.Tensor | None
    ) -> None:
        """Keeps the classes of an output and of its target, and what tells how well a constant could answer."""
        counts = counted_classes(target, prediction, loss)
        if counts is not None:
            self._trace.keep("classes", f"target/{name}", counts[0])
            self._trace.keep("classes", f"prediction/{name}", counts[1])
        try:
            self._observe_constant(name, target, prediction, str(loss.get("class_name")), weight)
        except Exception as error:  # A loss of one's own may take weights of any shape.
            self._on_failure(f"the loss of a constant answer of {name}", error)

    def _observe_constant(
        self, name: str, target: tf.Tensor, prediction: tf.Tensor, loss: str, weight: tf.Tensor | None
    ) -> None:
        weights = trivial.example_weights(prediction, weight)
        if weight is not None and weights is not None:
            self._trace.keep_scalar(f"weight/{name}", tf.reduce_mean(weights))
        self._trace.keep_scalar(f"target_variance/{name}", trivial.variance(target, prediction, loss, weights))
        shares = trivial.shares(target, prediction, loss, weights)
        if shares is not None:
            self._trace.keep("classes", f"share/{name}", shares)

    def _observe_loss(self, name: str, loss: Any) -> None:
        """Keeps a loss; of one for each example, the mean, which Keras shows as well."""
        try:
            with tf.name_scope(SCOPE):
                self._trace.keep_scalar(name, None if loss is None else mean_loss(loss))
        except Exception as error:
            self._on_failure(name, error)

    def _observe_update(self, optimizer: Any, variables: Sequence[Any], gradients: Sequence[Any], before: Any) -> None:
        trace = self._trace
        update = updates.measure(
            optimizer, before, variables, gradients, self.unreadable.gradients, with_gradients=self._take_gradients
        )
        statistics = dict(update.statistics)
        if trace.has("step", "gradient_global_norm"):  # Of an optimizer that came before this one.
            norms = [trace.kept("step", "gradient_global_norm", 1)[0], statistics["gradient_global_norm"]]
            statistics["gradient_global_norm"] = optimizers.norm_together(norms)
        for name, statistic in statistics.items():
            trace.keep_scalar(name, statistic)
        if self.packing.layout is None:
            self.variables = self._measured(list(trace.layer_rows))
        index = {id(variable): i for i, variable in enumerate(variables)}
        rows = {row: index[id(v)] for row, v in self.variables.items() if id(v) in index}
        for row, i in rows.items():
            trace.keep("variable", row, update.columns[i])
        if trace.histograms_due is not None and not trace.is_inner() and rows:
            for kind, tensors in update.tensors.items():
                chosen = [tensors[i] for i in rows.values()]
                counts = trace.if_due(_histograms_of(chosen), [len(chosen), HISTOGRAM_BINS])
                for row, count in zip(rows, tf.unstack(counts, num=len(chosen)), strict=True):
                    trace.keep(f"{kind}_histogram", row, count)

    def _observe_end(self, data_batch: Any, logs: Any) -> None:
        """Takes what a custom `train_step` that never calls `compute_loss`, or not with the inputs, still shows."""
        metrics = scalars(logs)
        parts = data_batch if isinstance(data_batch, (tuple, list)) else (data_batch,)
        if not self._trace.has("step", "loss"):
            shown = parts[0], parts[1] if len(parts) > 1 else None, None, metrics.get("loss")
            self._observe_batch(*shown, None)
            self.definition.on_batch(*shown, None)
        elif not self._trace.has("step", "batch_size"):
            self._observe_inputs(parts[0])
        total, of_data = (self._trace.kept("step", name, 1) for name in ("loss", "data_loss"))
        self._trace.keep_scalar("regularization_loss", total - of_data)
        for name, value in metrics.items():
            if name != "loss":
                self._trace.keep_scalar(f"metric/{name}", value)


def _histograms_of(tensors: Sequence[tf.Tensor]) -> Callable[[], tf.Tensor]:
    return lambda: tf.stack([histograms.histogram(tensor) for tensor in tensors])
