"""What is made to measure a model: its step functions, and what of the model they watch."""

import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import twin
from tb_nnhealth.instrument.batch import input_names, output_names
from tb_nnhealth.instrument.compiled import losses
from tb_nnhealth.instrument.definition import Unreadable
from tb_nnhealth.instrument.gallery import Galleries
from tb_nnhealth.instrument.guard import Guard, from_sample
from tb_nnhealth.instrument.kinds import Kind
from tb_nnhealth.instrument.layers import Site, select, sites, variable_paths
from tb_nnhealth.instrument.modes import Modes
from tb_nnhealth.instrument.proof import Proof
from tb_nnhealth.instrument.recorder import SCOPE, Recorder
from tb_nnhealth.instrument.rehearsal import rehearse
from tb_nnhealth.instrument.replay import Replay, needs_replay
from tb_nnhealth.instrument.schedule import Schedule
from tb_nnhealth.instrument.settings import Settings
from tb_nnhealth.instrument.state import State
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.records import NonFinite

ANOTHER = (
    "expected the step function that the model makes, for another like it is made to measure. Received: one that was "
    "put in its place, or around it"
)
NOT_TAKEN_BACK = (
    "expected a step that can be run and taken back, for what is read in it changes the training. Received: one that "
    "does more than change variables that it takes, such as to print or to draw from TensorFlow's random generator"
)

NOT_THE_SAME = "expected a step that is guarded to train as the model's own, to the bit. Received: other variables"

CHANGED = (
    "expected a step that trains as the model's own, to the bit, as it did at first. Received: other variables. From "
    "now on nothing is read in the training"
)

MOST_KINDS = 8
"""Kinds of batches of which something is kept."""

UNSEEN = (
    "expected the training step to call the model's layers and its optimizer where that can be seen. Received: some of "
    "it runs in a tf.function that is no method of the model, or that XLA compiles; leave out that @tf.function, "
    "for Keras compiles the whole step"
)


class Instruments:
    """The step functions of a model: its own, which is never touched, and those made beside it.

    They and their schedule serve every `fit` for which Keras keeps the model's own, so that nothing is
    compiled twice and no later `fit` begins as densely sampled as the first.

    Attributes:
      own: the model's own step function, as Keras has made it.
      unsampled: the one to train with where nothing is measured: guarded, or the model's own.
      sampled: the one that measures, None where that has failed.
      replay: runs it beside the training, None where it is what trains.

    Args:
      model: the model.
      settings: what is measured, and how often.
      first_step: the next step's number.
      on_failure: told of what breaks in them; the training goes on.
    """

    def __init__(self, model: Any, settings: Settings, first_step: int, on_failure: Failure) -> None:
        self.model = model
        self.own: twin.StepFunction = model.train_function
        self.schedule = Schedule(settings.sampling, settings.overhead)
        self.modes = Modes(model, settings.modes, self.schedule.can_afford, on_failure)
        self.galleries = Galleries(model, settings.gallery, settings.vocabularies, on_failure)
        self.guard = Guard(model, first_step, on_failure) if settings.guard else None
        self._settings = settings
        self._on_failure = on_failure
        self._kinds: list[Kind] = []
        self._kind: Kind | None = None
        self.recorder = Recorder(
            lambda called: _measured_variables(model, self._sites(), called),
            {loss["output"]: loss for loss in losses(model)},
            (input_names(model), output_names(model)),
            (self.modes, self.galleries),
            take_activations=settings.activations,
            take_gradients=settings.gradients,
            take_histograms=settings.histograms,
            on_failure=on_failure,
        )
        self._make_functions(is_beside=needs_replay(model))
        if self.sampled is not None and not twin.are_alike(self.own, self.sampled):
            raise RuntimeError(ANOTHER)

    def _make_functions(self, is_beside: bool) -> None:
        self.recorder.guard = None if is_beside else self.guard
        self.recorder.unreadable = Unreadable()
        measured = twin.watched(self.model, self._sites, self.recorder, self._note_unseen, is_beside)
        self.sampled: twin.StepFunction | None = measured
        self.replay = Replay(measured) if is_beside else None
        self.is_compiled = False
        if self.replay is not None and self._kind is not None:
            self.replay.prepare(self._kind.state)
        if self.guard is None:
            self.unsampled = self.own
        elif is_beside:
            self.unsampled = twin.watched_from_outside(self.model, self.guard)
        else:
            self.unsampled = twin.watched(self.model, self._sites, self.guard, self._note_unseen)

    def _sites(self) -> list[Site]:
        return selected_sites(self.model, self._settings)

    def _note_unseen(self) -> None:
        self.modes.switch_off()  # What they trace would stay in the function that is out of sight.
        self._on_failure("all of the step", RuntimeError(UNSEEN))

    def is_ready(self) -> bool:
        """Returns whether a step can be sampled: not the first one of a model that makes its layers in it."""
        if self.sampled is None:
            return False
        if self.recorder.packing.layout is not None or any(site.is_leaf for site in sites(self.model)):
            return True
        return bool(self.model.built and self.model.trainable_variables)  # Weights of its own, and no layers.

    def meets_others(self, iterator: Any) -> bool:
        """Returns whether the batches to come are of another kind than those before, for which to make ready."""
        spec = getattr(iterator, "element_spec", None)
        is_same = self._kind is not None and spec == self._kind.spec
        return spec is not None and not is_same and self.is_ready() and not self.is_eager()

    def make_ready(self, iterator: Any) -> None:
        """Goes on with what is known of batches such as those to come, or rehearses the step for them."""
        known = next((kind for kind in self._kinds if kind.spec == iterator.element_spec), None)
        self._kind = None
        self._kind = known or self._rehearsed(iterator)
        if self.replay is not None:
            return self.replay.prepare(self._kind.state)
        self.recorder.unreadable = self._kind.unreadable
        if self.guard is not None:
            self.guard.unreadable = self._kind.unreadable.outputs

    def _rehearsed(self, iterator: Any) -> Kind:
        if self.guard is not None:
            self.guard.unreadable = None
        try:
            definition = self.recorder.begin_rehearsal()
            shown = rehearse(self.model, self._sites, definition, self._note_unseen, iterator)
        except Exception as error:
            raise RuntimeError(f"the step could not be rehearsed: {error}") from error
        by_xla = needs_replay(self.model)
        can_be_taken_back = shown.variables is not None and (by_xla or not shown.has_effects)
        if self.replay is not None and not can_be_taken_back:
            raise RuntimeError(NOT_TAKEN_BACK)
        state = State(shown.variables or ())
        kind = Kind(iterator.element_spec, state, shown.unreadable, by_xla or not can_be_taken_back)
        self._kinds = [*self._kinds, kind][-MOST_KINDS:]
        return kind

    def is_unproven(self, iterator: Any) -> bool:
        """Returns whether it is not settled yet that the next steps train as the model's own do."""
        return self._kind is not None and not self._kind.is_proven and self._can_be_proven(iterator)

    def proof(self, iterator: Any, step: int) -> Proof | None:
        """Returns what is to show whether the next steps train as the model's own do, None where that is settled."""
        if self._kind is None or not self._kind.wants_proof(step) or not self._can_be_proven(iterator):
            return None
        return Proof(self.own, self._kind.state, [variable.value for variable in self.model.trainable_variables])

    def _can_be_proven(self, iterator: Any) -> bool:
        is_left_alone = self.replay is not None and self.unsampled is self.own
        return self._settings.proves and not is_left_alone and isinstance(iterator, tf.data.Iterator)

    def measure(self, batches: tf.data.Dataset, proof: Proof | None) -> None:
        """Runs the step that measures on the batches and takes it back, and tries out what a proof is to be of."""
        if proof is None or self.guard is None:
            return self._measure(batches, proof)
        begun = self.guard.counter.read_value()
        try:
            self._measure(batches, proof)
            self.guard.counter.assign(begun)
            proof.try_out(self.unsampled, batches)
        except BaseException:
            self.guard.counter.assign(begun)
            raise

    def _measure(self, batches: tf.data.Dataset, proof: Proof | None) -> None:
        assert self.sampled is not None
        if self.replay is not None:
            self.replay.run(batches)
        elif proof is not None:
            proof.try_out(self.sampled, batches)

    def settle(self, holds: bool, has_moved: bool, step: int) -> None:
        """Takes note of a proof made at a step, in which a weight moved or none did.

        Where it has failed, nothing is read in the training any more; the guard, which still sees what goes in and out,
        is to be proven once more.
        """
        assert self._kind is not None
        if holds:
            return self._kind.note_proof(step, has_moved)
        if self._kind.is_proven:
            self._on_failure(f"the steps up to {step} without changing their last bits", RuntimeError(CHANGED))
        self._kind.note_failure(is_settled=self.guard is None or self.replay is not None)
        self._kinds = [self._kind]
        if self.replay is not None:
            self.unsampled = self.own
            return self._on_failure("the guard against non-finite values", RuntimeError(NOT_THE_SAME))
        self.sampled = None  # Unless another can be made.
        self._make_functions(is_beside=True)

    def give_up(self) -> None:
        """Measures nothing from now on, and guards nothing that is not known to train as the model's own step does.

        Where the first proof holds and a second one broke, all goes on without it, unless steps are measured beside.
        """
        is_proven = self._kind is not None and self._kind.is_proven
        if self._kind is not None and is_proven and self.replay is None:
            return self._kind.note_failure(is_settled=True)
        self.sampled = None
        if not is_proven:
            self.unsampled = self.own

    def is_eager(self) -> bool:
        return bool(self.model.run_eagerly or tf.config.functions_run_eagerly())

    def are_at_fault(self, error: Exception) -> bool:
        """Returns whether the training can go on without the instruments: the error came up while they were
        traced (then no batch is lost), or in an operation that measures."""
        if self.is_eager():
            return False
        if isinstance(error, (StopIteration, tf.errors.OutOfRangeError)):
            return False
        return not isinstance(error, tf.errors.OpError) or _is_in_scope(str(error))

    def look_again(self, found: NonFinite | None, first_step: int) -> NonFinite | None:
        """Returns where the loss went bad in a step in which nothing could be read: it is run again, and taken back.

        Args:
          found: what the guard caught.
          first_step: the first step of the `fit`.
        """
        evidence = None if found is None or self.guard is None else self.guard.evidence()
        layout, replay = self.recorder.packing.layout, self.replay
        if found is None or evidence is None or replay is None or layout is None or found.places[0].stage != "loss":
            return found
        self.recorder.request_histograms(False)
        try:
            replay.run_again(evidence)
            return from_sample(found.step, first_step, self.recorder.packing.sample(), layout) or found
        except Exception as error:
            self._on_failure("where in the step the loss went bad", error)
            return found


def selected_sites(model: Any, settings: Settings) -> list[Site]:
    """Returns the model's layers that are to be measured."""
    return select(sites(model), settings.include, settings.exclude)


def _measured_variables(model: Any, chosen: Sequence[Site], called: Sequence[str]) -> dict[str, Any]:
    """Returns the trainable variables of the chosen layers by path, in the order the layers were called."""
    order = {path: i for i, path in enumerate(called)}
    in_order = sorted(chosen, key=lambda site: order.get(site.path, len(order)))
    trainable = {id(v) for v in model.trainable_variables}
    unique = {id(v): v for site in in_order for v in site.variables if id(v) in trainable}
    paths = variable_paths(chosen)
    return {paths[key]: v for key, v in unique.items()}


def _is_in_scope(message: str) -> bool:
    """Returns whether TensorFlow's message of an error names an operation that measures; its traceback says nothing."""
    nodes = re.findall(r"\{\{node ([^}]+)\}\}|\[\[([^\]{]+)\]\]|Detected at node (\S+)", message)
    return any(SCOPE in name.split("/") for node in nodes for name in node)
