"""`HealthCallback`: what a user adds to `model.fit`. Whatever goes wrong in here, the training goes on."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf
from packaging.version import Version

from tb_nnhealth.instrument.judge import HealthError, HealthWarning, Judge
from tb_nnhealth.instrument.layers import check_patterns, sites
from tb_nnhealth.instrument.obstacles import obstacle
from tb_nnhealth.instrument.session import Session
from tb_nnhealth.instrument.settings import checked
from tb_nnhealth.instrument.training import Training
from tb_nnhealth.instrument.trouble import NotWritten, Trouble
from tb_nnhealth.reader import LogError, read_run
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary import metadata

__all__ = ["HealthCallback", "HealthError", "HealthWarning"]

LEAST_KERAS = "3.7"
"""Before it, a step of Keras was made another way."""

OWN_LOOP = (
    "HealthCallback expects the step function that model.fit makes; this training is not measured. "
    "Received: a model that has none, as in a loop of one's own"
)

_OF_A_TRAINING = ("_model", "params", "_training", "_session", "_is_to_start", "_trouble", "_judge")


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
      modes: compare training and inference mode on one batch at the ends of epochs (the 1st, 2nd, 4th, 8th … and last,
        others within `overhead`), where layers differ in them.
      gallery: how many examples of the first sampled batch to show at the ends of epochs (the 1st, 2nd, 4th, 8th … and
        last): what the first layers really get, targets and predictions. None for no gallery.
      vocabulary: what ids stand for in the gallery: words in the order of their ids, a file with one a line, a mapping,
        or a lookup layer; or a dict with one of these for each input or output by its name.
      limits: what to set of the rules, `{rule: {threshold: value, "enabled": bool, "ignore": patterns}}`, beside and
        above what `[tool.nnhealth]` in `pyproject.toml` does; it goes with the run.

    Raises:
      ValueError: an argument is not what is expected.
      RuntimeError: Keras runs on another backend than TensorFlow, or is older than 3.7.
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
        modes: bool = True,
        gallery: int | None = None,
        vocabulary: Any = None,
    ) -> None:
        super().__init__()
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(
                "HealthCallback measures Keras on the TensorFlow backend: set KERAS_BACKEND=tensorflow before Keras "
                f"is imported. Received: KERAS_BACKEND={keras.backend.backend()}"
            )
        if Version(keras.__version__) < Version(LEAST_KERAS):
            raise RuntimeError(f"HealthCallback expects Keras {LEAST_KERAS} or later. Received: {keras.__version__}")
        self.settings = checked(
            log_dir,
            sampling,
            overhead,
            include,
            exclude,
            on_error,
            scorecard_path,
            limits,
            gallery,
            vocabulary,
            activations=activations,
            gradients=gradients,
            histograms=histograms,
            guard=guard,
            modes=modes,
        )
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Sets what `_OF_A_TRAINING` names to what it is before the first `fit`."""
        self._model: Any = None  # This and `params` are Keras' own.
        self.params: Any = {}
        self._training: Training | None = None
        self._session: Session | None = None  # that of the `fit` that runs
        self._is_to_start = False
        self._trouble = Trouble()
        self._judge = self._make_judge(0)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what goes into a copy or a pickle, which has measured nothing: all but the training and its model."""
        return {name: value for name, value in self.__dict__.items() if name not in _OF_A_TRAINING}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin_anew()

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
        if self._training is None or not self._training.has_written():
            raise LogError(
                "Expected a training that was measured: model.fit(..., callbacks=[health]) does it. "
                f"Received: HealthCallback(log_dir={self.log_dir!r}), which has measured nothing yet"
            )
        if self._session is not None:
            self._session.flush()
        return Scorecard.from_run(read_run(os.path.join(self.log_dir, metadata.RUN_DIRECTORY)))

    # Keras calls these.

    def on_train_begin(self, logs: Any = None) -> None:
        model = self.model
        self._is_to_start = False
        self._end_session(finished=False)  # One that is left over from a `fit` that died.
        self._trouble.begin_fit()
        try:
            found_obstacle, found = obstacle(model), sites(model)
        except Exception as error:
            return self._trouble.fail("the start of the training", error)
        if found_obstacle is not None:
            return self._trouble.warn(*found_obstacle)
        if all(site.layer.built for site in found) and found:
            check_patterns(found, self.settings.include, self.settings.exclude)  # Else once the layers are there.
        self._is_to_start = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._is_to_start:  # Only now, for another callback may restore the model when the training begins.
            self._is_to_start = False
            self._start()
            self._judge.begin_fit()
            if self.model.train_function is None:
                self._trouble.warn("loop", OWN_LOOP)
        elif self._session is not None and self._session.is_displaced():
            self._is_to_start = self.model.train_function is None  # Another callback may make it, behind this one.
            if self._is_to_start:
                self._tell_displaced(self._session, epoch)
            self._end_session(finished=False)
            self._start()
        if self._session is not None:
            try:
                self._session.begin_epoch(self.params.get("steps"))
            except Exception as error:
                self._trouble.fail("the start of an epoch", error)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        session = self._session
        if session is None:
            return
        try:
            if session.is_displaced():
                self._tell_displaced(session, epoch)
            session.end_epoch(epoch, logs or {}, self._is_last(epoch))
        except Exception as error:
            self._trouble.fail("the end of an epoch", error)
        if self._judge.is_due_at_epoch_end(session.step):
            self._judge_now(session)

    def _is_last(self, epoch: int) -> bool:
        return epoch > 0 and bool(self.model.stop_training or epoch + 1 == self.params.get("epochs"))

    def on_train_end(self, logs: Any = None) -> None:
        session = self._session
        if session is None:
            if self._training is not None and self._training.has_written():
                self._write_scorecard()
            return
        try:
            session.alarm.ask(is_last=True)
        except Exception as error:
            self._trouble.fail("what the guard saw", error)
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
            return
        if isinstance(current, Session):
            if current.is_alive():
                return self._trouble.warn(
                    "two",
                    "HealthCallback expects to be the only one in a `fit`; the first one measures this training. "
                    f"Received: a second one, log_dir={self.log_dir!r}",
                )
            current.detach()
        try:
            self._session = self._begin()
        except Exception as error:
            self._trouble.fail("the start of the training", error)

    def _begin(self) -> Session:
        model = self.model
        if self._training is None or not self._training.is_of(model):
            if self._training is not None:
                self._training.close()
            self._training = Training(model, self.settings, self._trouble.fail, self._judge_now, self._judge_if_due)
            self._judge = self._make_judge(self._training.next_step())
        return self._training.begin_fit(
            {"epochs": self.params.get("epochs"), "steps_per_epoch": self.params.get("steps")}
        )

    def _end_session(self, finished: bool) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end_fit(finished)

    def _tell_displaced(self, session: Session, epoch: int) -> None:
        received = "another one, as make_train_function(force=True) or a `fit` within the `fit` makes it"
        message = (
            "HealthCallback expects the step function to stay during an epoch; a part of epoch "
            f"{epoch} from step {session.step} on is not measured. Received: {received}"
        )
        session.skip(message)
        self._trouble.warn("displaced", message)

    def _write_scorecard(self) -> None:
        if self.settings.scorecard_path is None:
            return
        try:
            text = self.scorecard.to_json()
        except Exception as error:
            return self._trouble.fail_in_consequence("the scorecard", error)
        try:
            _write_text(self.settings.scorecard_path, text)
        except Exception as error:
            reason = str(error).split(";")[-1].strip()
            received = f"{self.settings.scorecard_path}: {reason}"
            message = f"Expected a scorecard_path that can be written. Received: {received}"
            self._trouble.fail("the scorecard", NotWritten(message))

    # Judging.

    def _make_judge(self, first_step: int) -> Judge:
        return Judge(self.settings.on_error, first_step, self._read_scorecard, self._stop_training, self._leave)

    def _judge_if_due(self, session: Session) -> None:
        if self._judge.is_due_at_sample(session.step):
            self._judge_now(session)

    def _judge_now(self, session: Session) -> None:
        try:
            session.schedule.add_work(self._judge.judge(session.step))
        except Exception as error:
            session.report_problem()  # What cannot be written cannot be read.
            self._trouble.fail_in_consequence("judging the run", error)

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


def _write_text(path: str, text: str) -> None:
    """Writes a file whole, or leaves the one that was there as it is. A device or a link it writes to as it stands."""
    parent = os.path.dirname(path)
    if parent:
        tf.io.gfile.makedirs(parent)
    is_special = os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path))
    unfinished = path if is_special else f"{path}.unfinished"
    try:
        with tf.io.gfile.GFile(unfinished, "w") as file:
            file.write(text)
        if not is_special:
            tf.io.gfile.rename(unfinished, path, overwrite=True)
    except Exception:
        if not is_special and tf.io.gfile.exists(unfinished):
            tf.io.gfile.remove(unfinished)
        raise
