"""What is made to measure a model: its step functions, and what of the model they watch."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import rehearsal, twin
from tb_nnhealth.instrument.batch import input_names, output_names
from tb_nnhealth.instrument.compiled import losses
from tb_nnhealth.instrument.guard import Guard, from_sample
from tb_nnhealth.instrument.layers import Site, select, sites, variable_paths
from tb_nnhealth.instrument.modes import Modes
from tb_nnhealth.instrument.recorder import SCOPE, Recorder
from tb_nnhealth.instrument.replay import Replay, needs_replay
from tb_nnhealth.instrument.schedule import Schedule
from tb_nnhealth.instrument.settings import Settings
from tb_nnhealth.records import NonFinite

Failure = Callable[[str, Exception], None]

UNSEEN = (
    "expected the training step to call the model's layers and its optimizer where that can be seen. Received: some of "
    "it runs in a tf.function that is no method of the model, or that XLA compiles; leave out that @tf.function, "
    "for Keras compiles the whole step"
)


@dataclass
class Instruments:
    """The step functions of a model: its own, which is never touched, and those made beside it.

    They and their schedule serve every `fit` for which Keras keeps the model's own, so that nothing is
    compiled twice and no later `fit` begins as densely sampled as the first.
    """

    model: Any
    own: twin.StepFunction
    recorder: Recorder
    guard: Guard | None
    modes: Modes
    sampled: twin.StepFunction | None
    unsampled: twin.StepFunction
    has_layers: Callable[[], bool]
    schedule: Schedule
    make_ready: Callable[[Any], None]
    on_failure: Failure
    replay: Replay | None = None
    is_compiled: bool = False
    _met: Any = None

    def is_ready(self) -> bool:
        """Returns whether a step can be sampled: not the first one of a model that makes its layers in it."""
        return self.sampled is not None and (self.recorder.packing.layout is not None or self.has_layers())

    def meets_others(self, iterator: Any) -> bool:
        """Returns whether the batches to come are of another kind than those before: with other parts a step goes
        another way, through other variables and into another graph, and has to be made ready for them."""
        kind = getattr(iterator, "element_spec", None)
        if kind is self._met or not self.is_ready() or self.is_eager():
            return False
        before, self._met = self._met, kind
        return bool(kind != before)

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
            self.on_failure("where in the step the loss went bad", error)
            return found


def make_instruments(model: Any, settings: Settings, first_step: int, on_failure: Failure) -> Instruments:
    """Returns the instruments of a model that Keras has made the step function of.

    Args:
      model: the model.
      settings: what is measured, and how often.
      first_step: the next step's number.
      on_failure: told of what breaks in them; the training goes on.
    """

    def watched_sites() -> list[Site]:
        return selected_sites(model, settings)

    def on_unseen() -> None:
        modes.switch_off()  # What they trace would stay in the function that is out of sight.
        on_failure("all of the step", RuntimeError(UNSEEN))

    is_replayed = needs_replay(model)
    guard = Guard(model, first_step, on_failure) if settings.guard else None
    schedule = Schedule(settings.sampling, settings.overhead)
    modes = Modes(model, settings.modes, schedule.can_afford, on_failure)
    recorder = Recorder(
        lambda called: _measured_variables(model, watched_sites(), called),
        [loss["class_name"] for loss in losses(model)],
        (input_names(model), output_names(model)),
        None if is_replayed else guard,
        modes,
        take_activations=settings.activations,
        take_gradients=settings.gradients,
        take_histograms=settings.histograms,
        on_failure=on_failure,
    )

    sampled = twin.watched(model, watched_sites, recorder, on_unseen, is_replayed)
    replay = Replay(sampled) if is_replayed else None

    def make_ready(iterator: Any) -> None:
        if guard is not None:
            guard.unreadable = None
        try:
            shown = rehearsal.rehearse(model, watched_sites, recorder.begin_rehearsal(), on_unseen, iterator)
        except Exception as error:
            raise RuntimeError(f"the step could not be rehearsed: {error}") from error
        if replay is not None:
            return replay.prepare(shown.variables)
        recorder.unreadable = shown.unreadable
        if guard is not None:
            guard.unreadable = shown.unreadable.outputs

    own: twin.StepFunction = model.train_function

    def guarded() -> twin.StepFunction:
        if guard is None:
            return own
        if is_replayed:
            return twin.watched_from_outside(model, guard)
        return twin.watched(model, watched_sites, guard, on_unseen)

    return Instruments(
        model,
        own,
        recorder,
        guard,
        modes,
        sampled=sampled,
        unsampled=guarded(),
        has_layers=lambda: any(site.is_leaf for site in sites(model)),
        schedule=schedule,
        make_ready=make_ready,
        on_failure=on_failure,
        replay=replay,
    )


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
