"""`preflight`: the experiments on a model and its data that are made before the training starts."""

import contextlib
import logging
import math
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.configuration import perhaps
from tb_nnhealth.flight import first_steps
from tb_nnhealth.flight.clock import Clock, NothingToMeasure, NotMeasured
from tb_nnhealth.flight.ctrl_c import CtrlC
from tb_nnhealth.flight.keeping.custom_gradients import collectable_gradients
from tb_nnhealth.flight.keeping.kept import build, kept
from tb_nnhealth.flight.log import FlightLog, refusal
from tb_nnhealth.flight.penalty import pull
from tb_nnhealth.flight.probes import PROBES, Probe
from tb_nnhealth.flight.progress import Progress
from tb_nnhealth.flight.reading.arrays import SampleError
from tb_nnhealth.flight.reading.batches import source_of
from tb_nnhealth.flight.reading.sample import NOTHING, Sample, read
from tb_nnhealth.flight.report import PreflightReport
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.warned import warned_once
from tb_nnhealth.instrument.gallery import Vocabularies, unknown_names, vocabularies
from tb_nnhealth.reader import Datum, LogError, assemble, read_run
from tb_nnhealth.reader.setup import setup_of
from tb_nnhealth.records import INTERRUPTED, HealthRun
from tb_nnhealth.rules.first_steps import RULE as FIRST_STEPS
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import to_json
from tb_nnhealth.telling import told

LEAST_SECONDS = 0.05
"""A probe whose share is less is not begun."""

USUAL_SECONDS = 2.0
"""What a probe has in any case, as long as there is as much: a busy machine must not end the cheap ones."""

LEAST_OF_PROBES = 0.5
"""The share of the budget that is left to the probes, however long the first steps took to compile."""


MUCH_MORE = 1.5
"""So many times its first share is worth a second turn."""


@dataclass(frozen=True)
class _Plan:
    """The checked arguments of a preflight, and when it began, of `time.perf_counter`."""

    probes: Sequence[Probe]
    log_dir: str | None
    budget: float
    seed: int
    vocabulary: Vocabularies | None
    batch_size: int | None
    started: float


@warned_once()
def preflight(
    model: Any,
    train_data: Any,
    validation_data: Any = None,
    log_dir: str | os.PathLike[str] | None = None,
    probes: str | Iterable[str] = "default",
    budget: float = 60.0,
    seed: int = 0,
    vocabulary: Any = None,
    batch_size: int | None = None,
) -> PreflightReport:
    """Makes experiments on a model and its data before the training starts, and judges what they show.

        report = preflight(model, (x, y), log_dir="logs/run1")
        print(report)

    A few steps of the training are measured as `HealthCallback` measures them, then each probe makes its experiment.
    Whatever they change of the model, its optimizer, its metrics and the random generators is brought back: a training
    after it goes bit for bit as if it had never happened. Ctrl-C ends it with what there is.

    Args:
      model: the Keras model; of one that is not compiled, less can be probed.
      train_data: what `fit` takes: `(x, y)` or `(x, y, sample_weight)` as arrays, a `tf.data.Dataset`, a `PyDataset`,
        or a generator of batches, of which `report.train_data` then gives those that were taken, too.
      validation_data: the same, for the probes that want it, with `report.validation_data`.
      log_dir: directory of the run, as for `HealthCallback`; None keeps no files.
      probes: names of probes, or "default" for all.
      budget: seconds for all, reading included, of which the probes share half at least; what TensorFlow compiles may
        take longer.
      seed: of the choice of examples and of the probes' own random numbers.
      vocabulary: what ids stand for where the examples are shown: words in the order of their ids, a file with one a
        line, a mapping, or a lookup layer; or a dict with one of these for each input or output by its name. None for
        that of a lookup layer in the model, if any.

    Raises:
      ValueError: an argument is not what is expected.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"`model` should be a Keras model. Received: {type(model).__name__}")
    started = time.perf_counter()
    plan = _Plan(
        _probes(probes),
        _log_dir(log_dir),
        _budget(budget),
        _seed(seed),
        _vocabulary(vocabulary),
        _batch_size(batch_size, train_data),
        started,
    )
    training = read(train_data, model, seed=plan.seed, batch_size=plan.batch_size)
    validation = NOTHING if training.is_interrupted else _validation(validation_data, model, plan)
    held = validation if validation.examples and not validation.whole else None
    subject = Subject(model, training, held, plan.seed, plan.vocabulary)
    noted = [
        *training.problems,
        *_once("training", "train on report.train_data", training),
        *validation.problems,
        *_once("validation", "validate on report.validation_data", validation),
    ]
    with CtrlC(waits=training.is_interrupted or validation.is_interrupted) as ctrl_c:
        with (
            _directories(plan.log_dir, model) as (directories, unkept),
            _without_advice(),
            collectable_gradients(),
            kept(model) as movable,
        ):
            moved = [f"The model holds {name}, which cannot be copied: it may have moved on." for name in movable]
            run = _fly(subject, plan, directories, [*unkept, *noted, *moved], ctrl_c)
        if plan.log_dir not in directories:
            run = replace(run, name=model.name)
        again = _again(train_data, training), _again(validation_data, validation)
        return PreflightReport(Scorecard.from_run(run), run, time.perf_counter() - started, *again)


def _fly(subject: Subject, plan: _Plan, log_dirs: Sequence[str], problems: list[str], ctrl_c: CtrlC) -> HealthRun:
    """Returns what the first steps and the probes measured, which is nothing where reading was interrupted.

    The steps are written into the first of the log directories, what the probes measure into all.
    """
    log_dir = log_dirs[0]
    with Progress(1 + len(plan.probes)) as progress:
        progress.begin("first steps")
        failed, is_interrupted, pulled = subject.training.broken, False, math.nan
        try:
            with ctrl_c.heard():
                problems += _built(subject)
        except KeyboardInterrupt:
            is_interrupted = True
        problems += _unknown_words(subject)
        manifest = first_steps.begin(subject.model, log_dir)
        try:
            if not is_interrupted:
                with ctrl_c.heard():
                    noted, pulled = _first_steps(subject, log_dir)
                    problems += noted
        except KeyboardInterrupt:
            is_interrupted = True
        except NotMeasured as reason:
            failed = str(reason)
        except Exception as error:
            failed = told(error)
        taken, created = time.perf_counter() - plan.started, time.time()
        ends = time.perf_counter() + max(plan.budget - taken, LEAST_OF_PROBES * plan.budget)
        log = FlightLog(*log_dirs)
        facts = {"budget": plan.budget, "created": created, "seconds": taken, "problems": problems, "failed": failed}
        log.write({**facts, "setup": setup_of(manifest), "pull": pulled})
        spent: dict[Probe, float] = {}
        for probe, clock in _turns(plan.probes, ends, progress, ctrl_c):
            measured = _unfinished(INTERRUPTED) if is_interrupted else _flown(subject, probe, clock, ctrl_c)
            is_interrupted = measured.get("reason") == INTERRUPTED
            if is_interrupted and probe in spent:
                break
            spent[probe] = spent.get(probe, 0.0) + clock.spent()
            log.write({"probe": probe.name, "seconds": spent[probe], "values": {}, **measured})
        log.close()
    return _read(log_dir, manifest, log)


def _turns(probes: Sequence[Probe], ends: float, progress: Progress, ctrl_c: CtrlC) -> Iterator[tuple[Probe, Clock]]:
    """Yields each probe with its share of the time until `ends`, and then those again that were short of time where
    the others left more than they had."""
    short: list[Probe] = []
    had: dict[Probe, float] = {}
    for turn in (probes, short):
        for index, probe in enumerate(tuple(turn)):
            left = max(0.0, ends - time.perf_counter())
            share = probe.share / sum(each.share for each in turn[index:])
            clock = Clock(max(share * left, min(left, USUAL_SECONDS)), progress.done, on_look=ctrl_c.answer)
            if turn is short and clock.seconds < MUCH_MORE * had[probe]:
                continue
            progress.begin(probe.name)
            yield probe, clock
            if turn is probes and (clock.is_short or clock.seconds < LEAST_SECONDS):
                short.append(probe)
                had[probe] = clock.seconds


def _built(subject: Subject) -> list[str]:
    """Builds a model that is not built yet, and returns a sentence where it cannot be."""
    if not subject.training.examples:
        return []
    try:
        build(subject.model, subject.training.x)
    except Exception as error:
        return [f"The model cannot be called with the training data ({told(error)})."]
    return []


def _unknown_words(subject: Subject) -> list[str]:
    """Returns sentences on vocabularies of what the model does not have."""
    if not subject.training.examples or not subject.vocabulary:
        return []
    names = unknown_names(subject.model, subject.training.x, subject.training.y, subject.vocabulary)
    return [f"No input or output is called {name}: its vocabulary is not used." for name in names]


def _first_steps(subject: Subject, log_dir: str) -> tuple[list[str], float]:
    """Takes the first steps, and returns sentences on what could not be measured of them, and how hard penalties pull
    at the weights after them."""
    if not subject.is_compiled:
        unmeasured = "no step of it was measured, and probes that need its loss cannot be made"
        return [f"The model is not compiled: {unmeasured}."], math.nan
    if not subject.training.examples:
        return [], math.nan
    with kept(subject.model):
        return first_steps.take(subject, log_dir), _pull(subject)


def _pull(subject: Subject) -> float:
    """Returns how hard penalties pull at the weights, NaN where that cannot be told."""
    try:
        return pull(subject)
    except Exception:  # Steps were taken: what a layer of a user's own does here is no fault of the training.
        return math.nan


def _flown(subject: Subject, probe: Probe, clock: Clock, ctrl_c: CtrlC) -> dict[str, Any]:
    """Returns what a probe measured, or the reason why it did not, and whether it is unfinished."""
    if not subject.training.examples:
        return _unfinished("there is no example")
    if subject.training.whole:
        return _unfinished("the arrays of a batch have no axis of examples in common")
    if clock.seconds < LEAST_SECONDS:
        return _unfinished("it did not fit into the budget: give preflight more seconds with budget=")
    try:
        with kept(subject.model), ctrl_c.heard():
            values = probe.measure(subject, clock)
        return {"values": values, "unfinished": clock.is_short}
    except NothingToMeasure as reason:
        return {"reason": str(reason)}
    except NotMeasured as reason:
        return _unfinished(str(reason))
    except KeyboardInterrupt:
        return _unfinished(INTERRUPTED)
    except Exception as error:  # What a user's model does with odd data must not take the other probes with it.
        return _unfinished(f"the experiment failed ({told(error)})")


def _unfinished(reason: str) -> dict[str, Any]:
    return {"reason": reason, "unfinished": True}


def _read(log_dir: str, manifest: Mapping[str, Any], log: FlightLog) -> HealthRun:
    """Returns the run as its files hold it, or with what was not written where the disk is full."""
    events = {metadata.PREFLIGHT: log.events}
    if log.problem is None:
        with contextlib.suppress(LogError):
            return read_run(log_dir)
    problems = () if log.problem is None else (log.problem,)
    return assemble({metadata.MANIFEST: [Datum(0, 0.0, to_json(manifest))], **events}, problems)


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Keeps TensorFlow's advice on functions that are traced often from the user, who traces none here."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _directories(given: str | None, model: Any) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Gives the log directory, one that goes where there is none or it cannot be written, and a sentence on that.

    Where the log holds earlier steps of the model's training, these are not judged with those of the preflight, nor
    replaced: the log directory is the second of two.
    """
    refused = None if given is None else refusal(given)
    if given is not None and refused is None and not first_steps.follow_others(model, given):
        yield (given,), ()
        return
    with tempfile.TemporaryDirectory(prefix="nnhealth") as made:
        if given is None or refused is not None:
            yield (made,), () if refused is None else (f"This preflight is not kept. {refused}.",)
        else:
            yield (os.path.join(made, os.path.basename(os.path.abspath(given))), given), ()


def _validation(data: Any, model: Any, plan: _Plan) -> Sample:
    """Returns examples of the validation data, none where there are none, with sentences on what could not be read."""
    if data is None:
        return NOTHING
    try:
        sample = read(data, model, seed=plan.seed, batch_size=plan.batch_size)
    except SampleError as error:
        return replace(NOTHING, problems=(f"The validation data cannot be read. {error}",))
    if not sample.broken:
        return sample
    told = (
        "Only a part of the validation data can be used." if sample.examples else "The validation data cannot be read."
    )
    return replace(sample, problems=(f"{told} {sample.broken}", *sample.problems))


def _once(name: str, what_to_do: str, sample: Sample) -> list[str]:
    """Returns a sentence on data that can be read but once."""
    if sample.rest is None:
        return []
    return [f"The {name} data can be read but once: {what_to_do}, which gives the batches that were taken, too."]


def _again(data: Any, sample: Sample) -> Any:
    """Returns data from their start, of which a sample was taken."""
    return data if sample.rest is None else sample.rest


def _probes(given: str | Iterable[str]) -> Sequence[Probe]:
    known: Mapping[str, Probe] = {probe.name: probe for probe in PROBES}
    every = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    names = [str(name) for name in every]
    if names == ["default"]:
        return PROBES
    for name in names:
        if name not in known:
            beside = ", and the first steps are always taken" if name == FIRST_STEPS.name else perhaps(name, known)
            raise ValueError(
                f'`probes` should be "default" or names of probes{beside}; there are {", ".join(known)}. '
                f"Received: probes={given!r}"
            )
    return [probe for probe in PROBES if probe.name in names]


def _log_dir(given: Any) -> str | None:
    return None if given is None else first_steps.settings(given).log_dir


def _budget(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, Real) or not 0 < float(given) < math.inf:
        raise ValueError(f"`budget` should be a number of seconds above 0. Received: budget={given!r}")
    return float(given)


def _seed(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise ValueError(f"`seed` should be a whole number, 0 or more. Received: seed={given!r}")
    return given


def _vocabulary(given: Any) -> Vocabularies | None:
    return None if given is None else vocabularies(given)


def _batch_size(given: Any, data: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError(f"`batch_size` should be a whole number, 1 or more. Received: batch_size={given!r}")
    if source_of(data) is not None:
        raise ValueError(
            "`batch_size` should be None where the data comes in batches already: it is for arrays. "
            f"Received: batch_size={given!r} with {type(data).__name__}"
        )
    return given
