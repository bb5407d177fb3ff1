"""What a training minimizes: a model's loss on a batch, with its gradient, and the losses of single examples."""

import contextlib
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras.src import backend

from tb_nnhealth.flight.reading.tensors import Batch
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.quiet import following, normalizing, silenced, unrestrained
from tb_nnhealth.instrument.batch import mean_loss
from tb_nnhealth.instrument.forward import forward
from tb_nnhealth.instrument.scopes import closed_on_failure


def has_own_loss(model: Any) -> bool:
    """Returns whether the model computes its loss in a way of its own."""
    return type(model).compute_loss is not keras.Model.compute_loss


def has_own_step(model: Any) -> bool:
    """Returns whether the model has a training step of its own, of its class or set on itself."""
    return type(model).train_step is not keras.Model.train_step or "train_step" in vars(model)


def has_data_loss(model: Any) -> bool:
    """Returns whether the model has a compiled loss, and nothing of its own in its place."""
    return model._compile_loss is not None and not has_own_loss(model)


def needs_targets(model: Any) -> bool:
    """Returns whether Keras' own step compares the predictions with targets, by the compiled loss."""
    return has_data_loss(model) and not has_own_step(model)


class Objective:
    """The loss of a model on a batch and its gradient, compiled once for batches of any size.

    Args:
      model: the model, compiled.
      quiet: whether noise, regularizers, constraints and what layers add to the loss are left out; see `silenced`.
      in_inference: whether the model is in inference mode but for its batch normalizations, so that nothing random is
        left, not even of a user's own layers.
    """

    def __init__(self, model: Any, quiet: bool = False, in_inference: bool = False) -> None:
        self._model, self._quiet, self._in_inference = model, quiet, in_inference
        self.variables: list[Any] = []
        """The variables that have a gradient, known once it was computed."""
        self._functions: dict[Any, Any] = {}
        self._alive: list[Any] = []

    @contextlib.contextmanager
    def conditions(self) -> Any:
        """Changes the model within the block as it is changed while a step is traced."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(following(self._model))
            if self._quiet:
                stack.enter_context(unrestrained(self._model))
                stack.enter_context(silenced(self._model))
            if self._in_inference:
                stack.enter_context(normalizing(self._model))
            yield

    def __call__(self, batch: Batch, scale: Any) -> tuple[tf.Tensor, list[Any]]:
        """Returns the loss, float32 `[]`, and the gradients of the scaled loss to `variables`."""
        loss, gradients = self._run("gradients", self._gradients, batch, scale)
        return loss, gradients

    def losses(self, batch: Batch) -> tf.Tensor:
        """Returns the loss of each example in inference mode, float32 `[n]`, without what regularizers and layers add;
        the mean of the batch for each where it cannot be told of one."""
        return self._run("losses", self._losses, batch, 1.0)

    def answers(self, x: Any) -> Any:
        """Returns what the model answers to inputs as the loss sees it."""
        with self.conditions():
            return forward(self._model, x, training=not self._in_inference)

    def _run(self, name: str, function: Any, batch: Batch, scale: Any) -> Any:
        leaves = [leaf for leaf in tf.nest.flatten(batch) if leaf is not None]
        structure = tf.nest.map_structure(lambda leaf: leaf is not None, batch)
        scale = tf.convert_to_tensor(scale, tf.float32)
        if self._model.run_eagerly:
            return function(_packed(structure, leaves), scale)
        for specs in (_specs(leaves, is_of_any_size=True), _specs(leaves, is_of_any_size=False)):
            key = (name, repr(structure), tuple(specs))
            if key not in self._functions:
                self._functions[key] = self._traced(function, structure, specs)
            if self._functions[key] is not None:
                return self._functions[key](leaves, scale)
        return function(_packed(structure, leaves), scale)

    def _traced(self, function: Any, structure: Any, specs: Sequence[tf.TensorSpec]) -> Any:
        """Returns the function compiled for such batches; None where it cannot be: some models are made for batches of
        one size."""
        compiled: Any = tf.function(
            lambda leaves, scale: function(_packed(structure, leaves), scale),
            input_signature=(list(specs), tf.TensorSpec([], tf.float32)),
            autograph=False,
        )
        try:
            with closed_on_failure():
                # Called as it was traced: a `tf.function` would look at each call for the trace that fits.
                concrete = compiled.get_concrete_function()
        except Exception:
            return None
        # The metrics of a loss go when the model is brought back; what is compiled still adds to them.
        self._alive += concrete.graph.variables
        return concrete

    def _gradients(self, batch: Batch, scale: tf.Tensor) -> tuple[tf.Tensor, list[Any]]:
        variables = list(self._model.trainable_variables)
        with self.conditions(), tf.GradientTape() as tape:
            loss = self._loss(batch)
            scaled = tf.cast(loss, tf.float32) * scale
        found = tape.gradient(scaled, variables)
        self.variables = [variable for variable, gradient in zip(variables, found, strict=True) if gradient is not None]
        return mean_loss(loss), [gradient for gradient in found if gradient is not None]

    def _loss(self, batch: Batch) -> Any:
        x, y, weights = batch
        predictions = forward(self._model, x, training=not self._in_inference)
        if self._quiet and has_data_loss(self._model):
            return self._model._compile_loss(y, predictions, weights)
        return self._model._compute_loss(x, y, predictions, weights, training=True)

    def _losses(self, batch: Batch, scale: tf.Tensor) -> tf.Tensor:
        x, y, weights = batch
        predictions = forward(self._model, x, training=False)
        examples = tf.shape(tf.nest.flatten(x)[0])[0]
        if not has_data_loss(self._model):
            loss = mean_loss(self._model._compute_loss(x, y, predictions, weights, training=False))
            return tf.repeat(loss, examples)
        masks = [getattr(leaf, "_keras_mask", None) for leaf in tf.nest.flatten(predictions)]

        def of_one(index: tf.Tensor) -> tf.Tensor:
            answer, truth, weight = (_one(part, index) for part in (predictions, y, weights))
            for leaf, mask in zip(tf.nest.flatten(answer), masks, strict=True):
                if mask is not None:
                    backend.set_keras_mask(leaf, mask[index : index + 1])
            with keras.StatelessScope():  # It drops what a loss adds to its metrics.
                return mean_loss(self._model._compile_loss(truth, answer, weight))

        return tf.map_fn(of_one, tf.range(examples), fn_output_signature=tf.float32)


def objective_of(subject: Subject, quiet: bool, in_inference: bool) -> Objective:
    """Returns the objective of a subject's model, to be shared."""
    return Objective(subject.model, quiet, in_inference)


def _one(part: Any, index: tf.Tensor) -> Any:
    return tf.nest.map_structure(lambda leaf: None if leaf is None else leaf[index : index + 1], part)


def _specs(leaves: Sequence[tf.Tensor], is_of_any_size: bool) -> list[tf.TensorSpec]:
    return [tf.TensorSpec([None, *leaf.shape[1:]] if is_of_any_size else leaf.shape, leaf.dtype) for leaf in leaves]


def _packed(structure: Any, leaves: Sequence[tf.Tensor]) -> Any:
    remaining = iter(leaves)
    return tf.nest.map_structure(lambda is_there: next(remaining) if is_there else None, structure)
