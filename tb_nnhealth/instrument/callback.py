"""`HealthCallback`: what a user adds to `model.fit`. Whatever goes wrong in here, the training goes on."""

import os
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument import describe
from tb_nnhealth.instrument.instruments import Instruments, make_instruments, selected_sites
from tb_nnhealth.instrument.judge import HealthError, HealthWarning, Judge
from tb_nnhealth.instrument.layers import Site, check_patterns, sites
from tb_nnhealth.instrument.optimizers import steps_taken
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.session import Session
from tb_nnhealth.instrument.settings import checked
from tb_nnhealth.reader import LogError, read_run
from tb_nnhealth.records import FloatArray
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter

__all__ = ["HealthCallback", "HealthError", "HealthWarning"]


class HealthCallback(keras.callbacks.Callback):
    """Measures the training step, writes what it measured for TensorBoard, and judges it.

        health = HealthCallback("logs/run1")
        model.fit(x, y, validation_data=..., callbacks=[health])
        print(health.scorecard)

    The trained weights are bit for bit those of a training without the callback.

    Args:
      log_dir: directory of this run, as for Keras' `TensorBoard` callback; files go to `<log_dir>/health`.
      sampling: "auto" (densely at the start, once an epoch, then within `overhead`), or N for every N-th step.
      overhead: share of the training time that sampling may cost under "auto", from 0 to 1.
      activations: take statistics of the layers' outputs.
      gradients: take statistics of gradients, of variables and into layers' outputs.
      histograms: take histograms too, at a slower cadence.
      include: path pattern or patterns (`fnmatch`) of the layers to measure; None for all.
      exclude: path pattern or patterns of layers not to measure.
      on_error: what a finding of severity error does while training: "warn" (one message), "stop"
        (sets `model.stop_training`), or "raise" (`HealthError`).
      scorecard_path: where the scorecard's JSON is written when the training ends.
      guard: watch the loss of every step for NaN and Inf, and keep the evidence of where they began.
      limits: what to set of the rules, `{rule: {threshold: value, "enabled": bool, "ignore": patterns}}`, beside and
        above what `[tool.nnhealth]` in `pyproject.toml` does; it goes with the run.

    Raises:
      ValueError: an argument is not what is expected.
      RuntimeError: Keras runs on another backend than TensorFlow.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        sampling: str | int = "auto",
        overhead: float = 0.02,
        activations: bool = True,
        gradients: bool = True,
        histograms: bool = True,
        include: str | Iterable[str] | None = None,
        exclude: str | Iterable[str] | None = None,
        on_error: str = "warn",
        scorecard_path: str | os.PathLike[str] | None = None,
        guard: bool = True,
        limits: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__()
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(
                "HealthCallback measures Keras on the TensorFlow backend: set KERAS_BACKEND=tensorflow before Keras "
                f"is imported. Received: KERAS_BACKEND={keras.backend.backend()}"
            )
        self.settings = checked(
            log_dir,
            sampling,
            overhead,
            include,
            exclude,
            on_error,
            scorecard_path,
            limits,
            activations=activations,
            gradients=gradients,
            histograms=histograms,
            guard=guard,
        )
        self._instruments: Instruments | None = None
        self._session: Session | None = None  # that of the `fit` that runs
        self._resting: Session | None = None  # that of the last `fit`
        self._manifest: dict[str, Any] = {}
        self._writer: HealthWriter | None = None
        self._is_to_start = False
        self._next_step = 0
        self._has_measured = False
        self._judge = self._make_judge(0)
        self._reset()

    def _reset(self) -> None:
        self._told: set[str] = set()
        self._has_failed = False

    @property
    def log_dir(self) -> str:
        return self.settings.log_dir

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard of this run as its files show it, during training and after.

        What an earlier run left in `log_dir` is not this callback's to judge, for a training from the start
        will replace it: `Scorecard.from_logdir` reads it.

        Raises:
          LogError: this callback has measured nothing yet, or nothing of it could be written.
        """
        self._has_measured |= self._writer is not None and self._writer.has_written
        if not self._has_measured:
            raise LogError(
                "Expected a training that was measured: model.fit(..., callbacks=[health]) does it. "
                f"Received: HealthCallback(log_dir={self.log_dir!r}), which has measured nothing yet"
            )
        if self._session is not None and self._writer is not None:
            self._writer.flush()
        return Scorecard.from_run(read_run(os.path.join(self.log_dir, metadata.RUN_DIRECTORY)))

    # Keras calls these.

    def on_train_begin(self, logs: Any = None) -> None:
        model = self.model
        self._is_to_start = False
        self._end_session(finished=False)  # One that is left over from a `fit` that died.
        self._reset()
        if model.distribute_strategy.num_replicas_in_sync > 1:
            return self._warn(
                "replicas",
                "HealthCallback expects one replica; this training is not measured. "
                f"Received: {model.distribute_strategy.num_replicas_in_sync} replicas",
            )
        try:
            found = sites(model)
        except Exception as error:
            return self._fail("the start of the training", error)
        if all(site.layer.built for site in found) and found:
            self._check_patterns(found)  # Else once the layers are there.
        self._is_to_start = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._is_to_start:  # Only now, for another callback may restore the model when the training begins.
            self._is_to_start = False
            self._start()
            self._judge.begin_fit()
        elif self._session is not None and self._session.is_displaced():
            self._end_session(finished=False)
            self._start()
        if self._session is not None:
            self._session.begin_epoch(self.params.get("steps"))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        session = self._session
        if session is None:
            return
        if session.is_displaced():
            self._tell_displaced(session, epoch)
        try:
            session.end_epoch(epoch, logs or {})
        except HealthError:
            raise
        except Exception as error:
            self._fail("the end of an epoch", error)
        if self._judge.is_due_at_epoch_end(session.step):
            self._judge_now(session)

    def on_train_end(self, logs: Any = None) -> None:
        session = self._session
        if session is None:
            return
        try:
            session.ask_guard(is_last=True)
        finally:
            self._end_session(finished=True)
            self._write_scorecard()
        if self._judge.is_due_at_end(session.step):
            self._judge_now(session)
        self._judge.end_fit()

    # The session.

    def _start(self) -> None:
        current = self.model.train_function
        if current is None:
            return  # A loop of one's own, in which Keras has not made it: not measured.
        if isinstance(current, Session):
            if current.is_alive():
                return self._warn(
                    "two",
                    "HealthCallback expects to be the only one in a `fit`; the first one measures this training. "
                    f"Received: a second one, log_dir={self.log_dir!r}",
                )
            current.detach()
        try:
            self._session = self._begin()
        except Exception as error:
            self._fail("the start of the training", error)

    def _end_session(self, finished: bool) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._next_step = session.step
            session.end_fit(finished)
            self._resting = session

    def _write_scorecard(self) -> None:
        if self.settings.scorecard_path is None:
            return
        try:
            _write_text(self.settings.scorecard_path, self.scorecard.to_json())
        except Exception as error:
            if not self._has_failed:
                self._fail("writing the scorecard", error)

    def _begin(self) -> Session:
        model = self.model
        is_another = self._instruments is None or self._instruments.model is not model
        if is_another:
            self._next_step = 0
            self._has_measured = False
            self._writer = None
        first_step = max(self._next_step, self._iterations())
        if is_another:
            self._judge = self._make_judge(first_step)
        initial = describe.initial_facts(selected_sites(model, self.settings)) if first_step == 0 else {}
        instruments = self._instruments_for(model, first_step)
        created = time.time()
        plan = {"epochs": self.params.get("epochs"), "steps_per_epoch": self.params.get("steps")}

        def describe_session(layout: Layout | None, first_sample: Mapping[str, FloatArray]) -> dict[str, Any]:
            found = sites(model)
            facts = describe.initial_from_sample(found, layout, first_sample) | initial
            return describe.manifest(model, self.settings, found, layout, facts, plan, first_step, created)

        def make_writer(layout: Layout | None, first_sample: Mapping[str, FloatArray]) -> HealthWriter:
            try:
                self._check_patterns(sites(model))
            except ValueError as error:
                self._fail("layers", error)
            self._manifest = describe_session(layout, first_sample)
            self._has_measured |= self._writer is not None and self._writer.has_written
            self._writer = HealthWriter(self.log_dir, self._manifest)
            return self._writer

        resting, self._resting = self._resting, None
        if resting is not None:
            now = describe_session(instruments.recorder.packing.layout, {})
            if resting.can_go_on(instruments) and describe.tell_the_same(self._manifest, now):
                resting.begin_fit(first_step)
                return resting
            resting.close()
        return Session(
            instruments,
            first_step,
            make_writer,
            self._fail,
            on_nonfinite=self._judge_now,
            on_sample=self._judge_if_due,
        )

    def _iterations(self) -> int:
        """Returns how many steps the optimizer has taken."""
        optimizer = self.model.optimizer
        return int(keras.ops.convert_to_numpy(steps_taken(optimizer))) if optimizer else 0

    def _instruments_for(self, model: Any, first_step: int) -> Instruments:
        made = self._instruments
        serves = made is not None and made.model is model and made.own is model.train_function
        if made is None or not serves or made.sampled is None:  # What broke in one `fit` may work in the next.
            made = self._instruments = make_instruments(model, self.settings, first_step, self._fail)
        elif made.guard is not None:
            made.guard.restart(first_step)
        return made

    def _check_patterns(self, found: list[Site]) -> None:
        check_patterns(found, self.settings.include, self.settings.exclude)

    # Judging.

    def _make_judge(self, first_step: int) -> Judge:
        return Judge(self.settings.on_error, first_step, self._read_scorecard, self._stop_training, self._leave)

    def _judge_if_due(self, session: Session) -> None:
        if self._judge.is_due_at_sample(session.step):
            self._judge_now(session)

    def _judge_now(self, session: Session) -> None:
        try:
            session.schedule.add_work(self._judge.judge(session.step))
        except HealthError:
            raise
        except Exception as error:
            if not self._has_failed:
                self._fail("judging the run", error)

    def _read_scorecard(self) -> Scorecard:
        return self.scorecard

    def _stop_training(self) -> bool:
        if self._session is None:
            return False
        self.model.stop_training = True
        return True

    def _leave(self) -> None:
        self._end_session(finished=False)
        self._write_scorecard()

    # Trouble.

    def _fail(self, where: str, error: Exception) -> None:
        """Says once what broke in here; the training goes on."""
        if isinstance(error, HealthError):
            raise error
        self._has_failed = True
        cause = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        self._warn(cause, f"HealthCallback could not measure {where}, and the training goes on without it: {cause}")

    def _tell_displaced(self, session: Session, epoch: int) -> None:
        received = "another one, as make_train_function(force=True) or a `fit` within the `fit` makes it"
        message = (
            "HealthCallback expects the step function to stay during an epoch; a part of epoch "
            f"{epoch} from step {session.step} on is not measured. Received: {received}"
        )
        session.skip(self._iterations(), message)
        self._warn("displaced", message)

    def _warn(self, cause: str, message: str) -> None:
        if cause not in self._told:
            self._told.add(cause)
            warnings.warn(message, HealthWarning, stacklevel=3)


def _write_text(path: str, text: str) -> None:
    parent = os.path.dirname(path)
    if parent:
        tf.io.gfile.makedirs(parent)
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(text)
