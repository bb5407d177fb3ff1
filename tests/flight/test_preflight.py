"""The flight: what it makes of its arguments, of probes that fail, of its budget, of Ctrl-C and of the disk."""

import contextlib
import gc
import itertools
import os
import signal
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.func_graph import FuncGraph

from tb_nnhealth import HealthCallback, Scorecard, preflight, read_run
from tb_nnhealth.flight import preflight as module
from tb_nnhealth.flight.clock import NothingToMeasure, NotMeasured
from tb_nnhealth.flight.keeping.iterators import copied
from tb_nnhealth.flight.probes import PROBES, Probe
from tb_nnhealth.instrument.proof import Proof
from tests.flight.models import classes, classifier
from tests.flown import rates

NAMES = [probe.name for probe in PROBES]


def fly(monkeypatch, *probes, model=None, data=None, **arguments):
    """Makes a preflight with probes of the test's own, which measure as those of the names do."""
    made = [Probe(name, 1.0, measure) for name, measure in zip(NAMES, probes, strict=False)]
    monkeypatch.setattr(module, "PROBES", tuple(made))
    return preflight(model or classifier(), classes() if data is None else data, **arguments)


def told(report, index=0):
    return report.run.probes[NAMES[index]]


def test_what_a_probe_measures_is_written_and_read(monkeypatch, tmp_path):
    report = fly(monkeypatch, lambda subject, clock: {"ratio": np.float32(0.5)}, log_dir=tmp_path)
    assert told(report).values == {"ratio": 0.5} and told(report).reason is None
    assert read_run(tmp_path).probes == report.run.probes
    assert Scorecard.from_logdir(tmp_path).to_json() == report.scorecard.to_json()


def test_of_the_first_steps_nothing_is_proven(monkeypatch):
    tried = []
    monkeypatch.setattr(Proof, "try_out", lambda self, step, batches: tried.append(step))
    assert fly(monkeypatch).run.variables.rows and not tried


def test_the_first_steps_are_measured_as_a_trainings(monkeypatch, tmp_path):
    report = fly(monkeypatch, log_dir=tmp_path)
    run = report.run
    assert run.steps == 3 and not run.finished and not run.epochs  # 96 examples, 32 a batch
    assert {"loss", "learning_rate"} <= set(run.step.columns) and run.variables.rows
    assert run.model.plan == {"epochs": None, "steps_per_epoch": 3}


def test_a_training_in_the_same_directory_takes_the_first_steps_place_and_keeps_the_probes(monkeypatch, tmp_path):
    model = classifier()
    fly(monkeypatch, lambda subject, clock: {"ratio": 0.5}, model=model, log_dir=tmp_path)
    model.fit(*classes(), epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path)])
    run = read_run(tmp_path)
    assert run.steps == 6 and run.finished and len(run.epochs) == 2
    assert run.probes[NAMES[0]].values == {"ratio": 0.5}


EXPLODES = Probe(
    "learning-rate-range", 1.0, lambda s, c: {**rates([10.0]), "start": 2.0, "own_loss": 9.0, "noise": 0.1}
)


@pytest.mark.parametrize("on_error", ["warn", "raise"])
@pytest.mark.filterwarnings("error::tb_nnhealth.instrument.judge.HealthWarning")
def test_what_a_preflight_found_of_another_optimizer_is_not_said_of_the_training_nor_ends_it(
    monkeypatch, tmp_path, on_error
):
    monkeypatch.setattr(module, "PROBES", (EXPLODES,))
    model = classifier()
    model.compile(keras.optimizers.Adam(10.0), model.loss)
    before = verdict_of(preflight(model, classes(), log_dir=tmp_path).scorecard, "learning-rate-range")
    assert (before.status, before.severity) == ("fail", "error")
    model.compile(keras.optimizers.Adam(1e-3), model.loss)
    model.fit(*classes(), epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path, on_error=on_error)])
    after = verdict_of(Scorecard.from_logdir(tmp_path), "learning-rate-range")
    told_of = "the training was made with a learning rate of 0.001 instead of 10: make the preflight again"
    assert (after.status, after.reason) == ("no_data", told_of)


def test_what_a_preflight_found_of_the_same_model_is_said_of_the_training_and_does_not_end_it(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PROBES", (EXPLODES,))
    preflight(classifier(), classes(), log_dir=tmp_path)
    classifier().fit(*classes(), epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path, on_error="raise")])
    assert verdict_of(Scorecard.from_logdir(tmp_path), "learning-rate-range").status == "fail"


def verdict_of(scorecard, rule):
    return next(verdict for verdict in scorecard.rules if verdict.rule.name == rule)


def earlier_training(model, data, log_dir):
    model.fit(*data, verbose=0, callbacks=[HealthCallback(log_dir)])


def earlier_preflight(model, data, log_dir):
    preflight(model, data, log_dir=log_dir, probes=["data-order"])


def of_uncompiled():
    return classifier(layers.Dense(4, "relu", name="new"), compiled=False), classes()


def of_missing_labels():
    return classifier(layers.Dense(4, "relu", name="new")), classes()[0]


def of_interrupted_data():
    return classifier(layers.Dense(4, "relu", name="new")), interrupted_batches()


def of_failing_step():
    model = classifier(layers.Dense(4, "relu", name="new"))
    model.compile("adam", lambda y_true, y_pred: keras.ops.no_such_loss(y_true))
    return model, classes()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("flown", [of_uncompiled, of_missing_labels, of_interrupted_data, of_failing_step])
@pytest.mark.parametrize("earlier", [earlier_training, earlier_preflight])
def test_without_a_step_of_its_own_a_preflight_does_not_judge_what_an_earlier_run_left(
    monkeypatch, tmp_path, earlier, flown
):
    x, y = classes()
    earlier(classifier(layers.Dense(16, "relu", name="old")), (1000 * x + 5000, y), tmp_path)
    assert any(finding.rule == "unnormalized-input" for finding in Scorecard.from_logdir(tmp_path).findings)
    model, data = flown()
    report = fly(monkeypatch, lambda s, c: {"x": 1}, model=model, data=data, log_dir=tmp_path)
    run = report.run
    assert "new" in run.model.layers[0].path and not run.steps and not run.finished and run.untrained
    assert {finding.rule for finding in report.findings} <= {"first-steps"}
    assert Scorecard.from_logdir(tmp_path).to_json() == report.scorecard.to_json()


def trained(log_dir, batches=100):
    """Returns a model that was trained on inputs out of scale, for two epochs or until Ctrl-C after some batches."""
    model = classifier()
    interrupts = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: raise_if(batch + 1 == batches))
    x, y = classes()
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(1000 * x + 5000, y, epochs=2, verbose=0, callbacks=[HealthCallback(log_dir, sampling=1), interrupts])
    return model


def raise_if(condition):
    if condition:
        raise KeyboardInterrupt


def of_training(log_dir):
    """Returns what a run's scorecard says of its training, and the facts of it."""
    card = Scorecard.from_logdir(log_dir)
    verdicts = {
        verdict.rule.name: (verdict.status, verdict.reason, [finding.message for finding in verdict.findings])
        for verdict in card.rules
        if verdict.rule.category != "preflight"
    }
    run = read_run(log_dir)
    return verdicts, (run.steps, run.samples, run.finished, run.untrained, len(run.epochs), run.model.plan, run.created)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("batches", [100, 2])
def test_in_the_directory_of_its_models_training_a_preflight_judges_its_own_steps_and_leaves_the_trainings(
    monkeypatch, tmp_path, batches
):
    model = trained(tmp_path / "run", batches)
    before, directory_before = of_training(tmp_path / "run"), sorted(os.listdir(tmp_path))
    assert before[0]["unnormalized-input"][0] == "fail" and before[1][0] == min(6, batches)
    report = fly(monkeypatch, lambda subject, clock: {"ratio": 0.5}, model=model, log_dir=tmp_path / "run")
    steps = report.run.step.steps
    assert report.run.name == "run" and list(steps - steps[0]) == [0, 1, 2] and not report.run.epochs
    assert report.run.untrained and not any(finding.rule == "unnormalized-input" for finding in report.findings)
    assert of_training(tmp_path / "run") == before and sorted(os.listdir(tmp_path)) == directory_before
    assert told(report).values == read_run(tmp_path / "run").probes[NAMES[0]].values == {"ratio": 0.5}


def test_a_training_goes_on_in_its_directory_after_a_preflight(monkeypatch, tmp_path):
    model = trained(tmp_path)
    fly(monkeypatch, lambda subject, clock: {"ratio": 0.5}, model=model, log_dir=tmp_path)
    model.fit(*classes(), epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path)])
    run = read_run(tmp_path)
    assert run.steps == 12 and len(run.epochs) == 4 and run.finished and run.probes[NAMES[0]].values == {"ratio": 0.5}


@pytest.mark.parametrize("earlier", ["none", "preflight"])
def test_of_a_model_that_was_trained_elsewhere_the_last_preflights_steps_are_kept(monkeypatch, tmp_path, earlier):
    model = trained(tmp_path / "before")
    for ratio in (0.5, 0.7) if earlier == "preflight" else (0.7,):
        report = fly(monkeypatch, lambda s, c, r=ratio: {"ratio": r}, model=model, log_dir=tmp_path / "after")
    run = read_run(tmp_path / "after")
    assert run.untrained and list(run.step.steps) == [6, 7, 8] and run.probes[NAMES[0]].values == {"ratio": 0.7}
    assert Scorecard.from_logdir(tmp_path / "after").to_json() == report.scorecard.to_json()


def test_a_preflight_without_a_step_leaves_the_steps_that_its_model_has_taken(monkeypatch, tmp_path):
    model = trained(tmp_path)
    report = fly(monkeypatch, model=model, data=classes()[0], log_dir=tmp_path)
    run = read_run(tmp_path)
    assert run.steps == 6 and len(run.epochs) == 2 and run.finished
    assert not len(report.run.step.steps) and not report.run.epochs


def test_a_later_preflight_replaces_the_one_before(monkeypatch, tmp_path):
    fly(monkeypatch, lambda subject, clock: {"ratio": 0.5}, lambda subject, clock: {}, log_dir=tmp_path)
    fly(monkeypatch, lambda subject, clock: {"ratio": 0.7}, log_dir=tmp_path)
    probes = read_run(tmp_path).probes
    assert list(probes) == NAMES[:1] and probes[NAMES[0]].values == {"ratio": 0.7}


def test_a_probe_that_cannot_measure_or_breaks_does_not_take_the_others_with_it(monkeypatch):
    def refuses(subject, clock):
        raise NotMeasured("there are no labels")

    def breaks(subject, clock):
        raise ZeroDivisionError("by zero")

    report = fly(monkeypatch, refuses, breaks, lambda subject, clock: {"fine": 1})
    assert told(report, 0).reason == "there are no labels"
    assert told(report, 1).reason == "the experiment failed (ZeroDivisionError: by zero)"
    assert told(report, 2).values == {"fine": 1}


def test_examples_that_hold_no_numbers_are_told_first_wherever_they_stand(monkeypatch):
    x, y = classes(400)
    x[300, 2] = np.nan
    for data in (x, y), tf.data.Dataset.from_tensor_slices((x, y)).batch(32):
        report = fly(monkeypatch, model=classifier(), data=data)
        first = report.findings[0]
        assert (first.rule, first.severity, first.first_step) == ("bad-input-values", "error", 3)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NothingToMeasure("there is no validation data"), False),
        (NotMeasured("the model is not compiled"), True),
        (ZeroDivisionError("by zero"), True),
    ],
)
def test_what_could_not_be_tried_is_kept_apart_from_what_does_not_concern_the_model(
    monkeypatch, tmp_path, error, expected
):
    def raises(subject, clock):
        raise error

    fly(monkeypatch, raises, lambda subject, clock: {"x": 1}, log_dir=tmp_path)
    probes = read_run(tmp_path).probes
    assert [probes[name].unfinished for name in NAMES[:2]] == [expected, False]


def test_an_experiment_whose_time_was_over_is_not_finished(monkeypatch):
    def short(subject, clock):
        clock._started -= 1000.0  # As if it had taken long.
        return {"left": clock.left()}

    assert told(fly(monkeypatch, short, budget=2.0)).unfinished
    assert told(fly(monkeypatch, lambda subject, clock: {}, budget=0.01)).unfinished


def test_the_budget_is_shared_out_and_what_does_not_fit_is_said(monkeypatch):
    given = []

    def spends(subject, clock):
        given.append(clock.seconds)
        clock._started -= 1000.0  # As if it had taken long.
        return {}

    report = fly(monkeypatch, spends, spends, budget=30.0)
    assert 0 < given[0] <= 15 and given[0] < given[1] <= 30
    report = fly(monkeypatch, spends, spends, budget=0.01)
    assert ["did not fit into the budget" in probed.reason for probed in report.run.probes.values()] == [True, True]


def test_what_others_leave_goes_to_those_that_had_too_little(monkeypatch):
    given = []

    def short(subject, clock):
        given.append(clock.seconds)
        if len(given) == 1:
            clock._started -= clock.seconds  # As if all were spent.
        clock.check("train it")
        return {"turn": len(given)}

    report = fly(monkeypatch, short, *[lambda subject, clock: {"turn": 1}] * 9, budget=60.0)
    assert len(given) == 2 and given[1] > 5 * given[0]
    assert told(report).values == {"turn": 2} and next(iter(report.run.probes)) == NAMES[0]
    assert told(report, 1).values == {"turn": 1}


def test_a_second_turn_that_is_interrupted_leaves_what_the_first_one_found(monkeypatch):
    turns = []

    def short(subject, clock):
        turns.append(clock)
        if len(turns) == 2:
            raise KeyboardInterrupt
        clock._started -= clock.seconds
        return {"left": clock.left()}

    report = fly(monkeypatch, short, *[lambda subject, clock: {}] * 9, budget=60.0)
    assert len(turns) == 2 and told(report).values == {"left": 0}


def test_ctrl_c_gives_what_is_there(monkeypatch, tmp_path):
    def interrupted(subject, clock):
        raise KeyboardInterrupt

    model = classifier()
    before = model.get_weights()
    report = fly(monkeypatch, lambda s, c: {"x": 1}, interrupted, lambda s, c: {"x": 2}, model=model, log_dir=tmp_path)
    assert told(report).values == {"x": 1}
    assert told(report, 1).reason == told(report, 2).reason == "the preflight was interrupted"
    assert report.run.is_interrupted and not report.passed
    assert all(map(np.array_equal, before, model.get_weights()))
    assert len(read_run(tmp_path).probes) == 3


def test_a_model_that_is_not_compiled_is_probed_as_far_as_that_goes(monkeypatch, tmp_path):
    report = fly(monkeypatch, lambda s, c: {"x": 1}, model=classifier(compiled=False), log_dir=tmp_path)
    assert told(report).values == {"x": 1} and not report.run.steps
    assert any("not compiled" in problem for problem in report.run.problems)
    assert [layer.class_name for layer in report.run.model.layers] == ["Dense", "Dense"]


def test_first_steps_that_fail_are_told_and_the_probes_go_on(monkeypatch):
    def broken(y_true, y_pred):
        raise RuntimeError("no such loss")

    model = classifier()
    model.compile("adam", broken)
    report = fly(monkeypatch, lambda s, c: {"x": 1}, model=model)
    (finding,) = (finding for finding in report.findings if finding.rule == "first-steps")
    assert "no such loss" in finding.message and not report.passed
    assert told(report).values == {"x": 1}


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_log_directory_that_cannot_be_written_leaves_the_report(monkeypatch, tmp_path, place):
    (tmp_path / "file").write_text("")
    report = fly(monkeypatch, lambda s, c: {"x": 1}, log_dir=tmp_path / place)
    assert told(report).values == {"x": 1} and report.run.steps == 3 and report.run.variables.rows
    (problem,) = report.run.problems
    assert problem.startswith("This preflight is not kept. Expected a log directory that can be written. Received: ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk")
def test_a_disk_that_becomes_full_leaves_the_report(monkeypatch, tmp_path):
    def fills(subject, clock):
        monkeypatch.setattr("tb_nnhealth.summary.event_file.EventFile.write", refuses)
        return {"x": 1}

    def refuses(file, record):
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(record)

    report = fly(monkeypatch, fills, log_dir=tmp_path)
    assert told(report).values == {"x": 1}
    assert any("Expected a log directory that can be written" in problem for problem in report.run.problems)


def test_nothing_stays_where_no_directory_is_given(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fly(monkeypatch, lambda s, c: {"x": 1})
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_kept_is_called_by_its_model_and_not_by_a_directory_that_is_gone(monkeypatch, tmp_path):
    model = classifier()
    report = fly(monkeypatch, lambda s, c: {"x": 1}, model=model)
    assert report.run.name == report.scorecard.run == model.name
    assert repr(report).startswith(f"<PreflightReport of {model.name!r}: ")
    assert fly(monkeypatch, lambda s, c: {"x": 1}, log_dir=tmp_path / "run1").run.name == "run1"


def test_validation_data_that_cannot_be_read_is_told(monkeypatch):
    seen = []
    report = fly(monkeypatch, lambda s, c: seen.append(s.validation) or {}, validation_data=("no", "data"))
    assert seen == [None] and any("validation data cannot be read" in problem for problem in report.run.problems)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"probes": "gradient_check"}, "perhaps gradient-check"),
        ({"probes": ["no-such"]}, "Received: probes="),
        ({"probes": None}, "Received: probes=None"),
        ({"probes": ""}, "Received: probes=''"),
        ({"probes": "first-steps"}, "names of probes, and the first steps are always taken; there are "),
        ({"budget": 0}, "`budget` should be a number of seconds above 0"),
        ({"budget": float("nan")}, "Received: budget=nan"),
        ({"batch_size": 0}, "`batch_size` should be a whole number, 1 or more. Received: batch_size=0"),
        ({"batch_size": True}, "`batch_size` should be a whole number"),
        ({"batch_size": 4.0}, "`batch_size` should be a whole number"),
        ({"seed": -1}, "`seed` should be a whole number"),
        ({"log_dir": 3}, "`log_dir` should be a path"),
        ({"vocabulary": 3}, "`vocabulary` should be the words .* Received: vocabulary=3"),
        ({"train_data": ()}, "Received"),
    ],
)
def test_wrong_arguments_are_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        preflight(**{"model": classifier(), "train_data": classes(), **arguments})


def test_a_vocabulary_of_what_the_model_does_not_have_is_told():
    model = classifier()
    given = {"nokey": ["a", "b"], model.layers[-1].name: ["a", "b"]}
    told = preflight(model, classes(), vocabulary=given, probes="data-order").run.problems
    assert [sentence for sentence in told if "vocabulary" in sentence] == [
        "No input or output is called nokey: its vocabulary is not used."
    ]


@pytest.mark.parametrize("wrong", [3, "/no/such/file", {"a": 1.5}, {1: "a", -4: "b"}, {"ids": 7.5}])
def test_what_is_no_vocabulary_is_told_as_the_callback_tells_it_before_the_data_are_read(tmp_path, wrong):
    def batches():
        pytest.fail("the data were read")
        yield

    with pytest.raises(ValueError) as of_callback:
        HealthCallback(tmp_path, vocabulary=wrong)
    with pytest.raises(ValueError) as of_preflight:
        preflight(classifier(), batches(), vocabulary=wrong)
    assert str(of_preflight.value) == str(of_callback.value)


def test_a_wrong_log_directory_is_told_before_a_batch_is_taken():
    batches = iter([classes()])
    with pytest.raises(ValueError, match="`log_dir` should be a path"):
        preflight(classifier(), batches, log_dir=3)
    assert len(list(batches)) == 1


def test_reading_counts_in_the_seconds(monkeypatch):
    def slow():
        time.sleep(2)
        yield classes()

    monkeypatch.setattr(module, "LEAST_OF_PROBES", 0.0)
    model = classifier(compiled=False)  # No step of it is taken.
    report = fly(monkeypatch, lambda s, c: {}, model=model, data=slow(), budget=2)
    assert report.seconds > report.run.flight.first_steps > 2
    assert "did not fit into the budget" in told(report).reason


def test_what_is_read_but_once_is_given_again_and_a_note_says_so(monkeypatch):
    data, held = classes(), [classes(), classes()]
    report = fly(monkeypatch, data=data, validation_data=iter(held))
    assert report.train_data is data
    (note,) = report.run.problems
    assert note.startswith("The validation data can be read but once: validate on report.validation_data")
    assert [y.tolist() for _, y in report.validation_data] == [y.tolist() for _, y in held]
    report = fly(monkeypatch, data=iter(held))
    (note,) = report.run.problems
    assert note.startswith("The training data can be read but once: train on report.train_data")
    assert len(list(report.train_data)) == 2 and report.validation_data is None


def test_validation_batches_that_cannot_be_used_are_given_again_too(monkeypatch):
    report = fly(monkeypatch, validation_data=iter(["no", "data"]))
    assert list(report.validation_data) == ["no", "data"]


@pytest.mark.parametrize("given, expected", [(None, 32), (4, 4)])
def test_arrays_are_taken_in_batches_of_the_size_that_fit_is_told(monkeypatch, given, expected):
    def sizes(subject, clock):
        return {"training": subject.training.batch_size, "validation": subject.validation.batch_size}

    report = fly(monkeypatch, sizes, validation_data=classes(), batch_size=given)
    assert told(report).values == {"training": expected, "validation": expected}


def test_data_that_comes_in_batches_is_told_no_other_size():
    with pytest.raises(ValueError, match=r"it is for arrays\. Received: batch_size=4 with generator"):
        preflight(classifier(), interrupted_batches(), batch_size=4)


def interrupts(*_):
    signal.raise_signal(signal.SIGINT)


def interrupted_batches():
    yield classes()
    interrupts()
    yield classes()
    yield classes()


@pytest.mark.parametrize(
    "place, arguments",
    [
        (None, {"data": interrupted_batches}),
        (None, {"validation_data": interrupted_batches}),
        ("build", {}),
        ("first_steps.take", {}),
    ],
    ids=["reading", "validation", "building", "first steps"],
)
def test_ctrl_c_before_the_probes_gives_a_report_and_the_model_as_it_was(monkeypatch, tmp_path, place, arguments):
    if place is not None:
        monkeypatch.setattr(f"{module.__name__}.{place}", interrupts)
    model, made = classifier(), {name: batches() for name, batches in arguments.items()}
    before = model.get_weights()
    report = fly(monkeypatch, lambda s, c: {"x": 1}, model=model, log_dir=tmp_path, **made)
    assert told(report).reason == "the preflight was interrupted" and report.run.is_interrupted
    assert not report.findings and not report.run.steps
    assert all(map(np.array_equal, before, model.get_weights()))
    given = report.train_data if "data" in arguments else report.validation_data
    assert len(list(given or ())) == 3 * len(made)


@pytest.mark.parametrize("name", ["data", "validation_data"])
def test_a_generator_that_a_second_ctrl_c_ends_is_to_be_made_anew(monkeypatch, name):
    def batches():
        yield classes()
        interrupts()
        interrupts()
        yield classes()

    report = fly(monkeypatch, lambda s, c: {"x": 1}, **{name: batches()})
    assert report.run.is_interrupted
    (note,) = report.run.problems
    assert "ended it: make it anew" in note
    given = report.train_data if name == "data" else report.validation_data
    assert not list(given)


@pytest.mark.parametrize(
    "owner, name, steps",
    [
        (module.first_steps, "begin", 0),
        (module.FlightLog, "write", 3),
    ],
    ids=["manifest", "log"],
)
def test_ctrl_c_while_something_is_written_waits_until_it_is(monkeypatch, tmp_path, owner, name, steps):
    pressed = press_once(monkeypatch, owner, name)
    report = fly(monkeypatch, lambda s, c: {"x": 1}, lambda s, c: {"x": 2}, log_dir=tmp_path)
    assert pressed and report.run.is_interrupted
    assert [told(report, index).reason is not None for index in range(2)] == [True, True]
    assert read_run(tmp_path).probes == report.run.probes and report.run.steps == steps


@pytest.mark.parametrize(
    "owner, name",
    [(module.FlightLog, "close"), (module, "_read"), (module.Scorecard, "from_run")],
    ids=["end of log", "reading the run", "judging"],
)
def test_ctrl_c_when_all_is_measured_comes_when_it_is_written(monkeypatch, tmp_path, owner, name):
    press_once(monkeypatch, owner, name)
    with pytest.raises(KeyboardInterrupt):
        fly(monkeypatch, lambda s, c: {"x": 1}, lambda s, c: {"x": 2}, log_dir=tmp_path)
    assert [probed.values for probed in read_run(tmp_path).probes.values()] == [{"x": 1}, {"x": 2}]


def press_once(monkeypatch, owner, name):
    """Lets Ctrl-C come into a function when it is first called; returns what is not empty any more when it did."""
    own, pressed = getattr(owner, name), []

    def interrupted(*args):
        if not pressed:
            pressed.append(signal.raise_signal(signal.SIGINT))
        return own(*args)

    monkeypatch.setattr(owner, name, interrupted)
    return pressed


class Swallows:
    """Is pressed where Python ignores what is raised."""

    def __del__(self):
        interrupts()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_python_swallows_ends_the_probe_when_it_looks_at_the_clock(monkeypatch):
    looked = []

    def swallowing(subject, clock):
        Swallows()
        looked.append("before")
        clock.left()
        looked.append("after")

    report = fly(monkeypatch, swallowing, lambda s, c: {"x": 2})
    assert looked == ["before"] and report.run.is_interrupted
    assert told(report).reason == told(report, 1).reason == "the preflight was interrupted"


def test_probes_are_chosen_by_name():
    report = preflight(classifier(), classes(), probes=["data-order"])
    assert list(report.run.probes) == ["data-order"]


def test_what_the_first_steps_find_is_a_finding_and_no_note(monkeypatch):
    x, y = classes()
    report = fly(monkeypatch, data=(x * np.nan, y))
    assert any(finding.rule == "nonfinite-values" for finding in report.findings) and not report.run.problems


class Forgetful(keras.Model):
    """Has a layer that its answers do not come through."""

    def __init__(self):
        super().__init__()
        self.used, self.forgotten = layers.Dense(3), layers.Dense(4, name="forgotten")

    def build(self, shape):
        self.used.build(shape)
        self.forgotten.build(shape)

    def call(self, x):
        return self.used(x)


def test_a_layer_that_the_answers_do_not_come_through_is_told(monkeypatch):
    model = Forgetful()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    report = fly(monkeypatch, model=model, data=classes(128))
    (finding,) = (each for each in report.findings if each.rule == "missing-gradient")
    assert (finding.severity, finding.layer) == ("warning", "forgetful/forgotten")


def test_labels_that_the_output_does_not_have_are_an_error(monkeypatch):
    x, y = classes()
    report = fly(monkeypatch, data=(x, y + 1))
    (finding,) = (finding for finding in report.findings if finding.rule == "first-steps")
    assert finding.severity == "error" and "label value of 3" in finding.message and "\n" not in finding.message


def test_a_generator_that_breaks_off_is_an_error(monkeypatch):
    def batches():
        x, y = classes()
        yield x[:32], y[:32]
        raise OSError("the disk is gone")

    report = fly(monkeypatch, data=batches())
    assert any(f.rule == "first-steps" and "the disk is gone" in f.message for f in report.findings)


@pytest.mark.parametrize("data", [(np.zeros((0, 8)), np.zeros(0)), iter([])])
def test_data_without_an_example_are_an_error_and_no_probe_is_made(monkeypatch, tmp_path, data):
    report = fly(monkeypatch, lambda s, c: {"x": 1}, data=data, log_dir=tmp_path)
    assert any(f.rule == "first-steps" and "Received: none" in f.message for f in report.findings)
    assert told(report).reason == "there is no example" and not report.passed
    assert read_run(tmp_path).probes == report.run.probes and "There is no example." in str(report)


def test_of_arrays_of_unequal_length_the_whole_examples_are_probed(monkeypatch):
    x, y = classes()
    report = fly(monkeypatch, lambda s, c: {"examples": s.training.examples}, data=(x, y[:50]))
    (finding,) = (finding for finding in report.findings if finding.rule == "first-steps")
    assert finding.severity == "error" and "Received: 96 in x, 50 in y" in finding.message
    assert told(report).values == {"examples": 50}


@pytest.mark.parametrize(
    "rows, read, sentence",
    [(0, None, "cannot be read. Expected at least one example"), (50, 50, "Only a part of the validation data")],
)
def test_validation_data_that_are_not_whole_are_told(monkeypatch, rows, read, sentence):
    (x, y), seen = classes(), []
    validation = (x[: 96 if rows else 0], y[:rows])
    report = fly(monkeypatch, lambda s, c: seen.append(s.validation) or {}, validation_data=validation)
    assert [None if held is None else held.examples for held in seen] == [read]
    assert any(sentence in problem for problem in report.run.problems)


def test_missing_labels_are_told_as_such(monkeypatch):
    report = fly(monkeypatch, data=classes()[0])
    assert any(f.rule == "first-steps" and "There are no targets" in f.message for f in report.findings)


class OwnStep(keras.Sequential):
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(self.loss(data, self(data, training=True)))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


class OwnLoss(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, x, y_pred, sample_weight, training)


@pytest.mark.parametrize("kind", [OwnStep, OwnLoss])
@pytest.mark.parametrize("form", [np.asarray, lambda x: tf.data.Dataset.from_tensor_slices(x).batch(32)])
def test_what_needs_no_targets_though_a_loss_is_compiled_is_trained_without(monkeypatch, kind, form):
    model = kind([keras.Input((8,)), layers.Dense(4, "relu"), layers.Dense(8)])
    model.compile("adam", keras.losses.mean_squared_error)
    report = fly(monkeypatch, model=model, data=form(classes()[0]))
    assert not [finding.message for finding in report.findings if finding.rule == "first-steps"]
    assert report.run.steps == 3


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, "softmax")

    def call(self, inputs):
        return self.dense(inputs)


def test_a_model_that_is_not_built_is_trained_after_it_also_where_another_one_was_before(monkeypatch):
    for _ in range(2):
        model = Unbuilt()
        model.compile("adam", "sparse_categorical_crossentropy")
        fly(monkeypatch, model=model)
        assert np.isfinite(model.fit(*classes(), verbose=0).history["loss"]).all()


class Noisy(layers.Layer):
    """Takes noise from a generator, and counts."""

    def __init__(self):
        super().__init__()
        self.noise, self.count = (0.01 * number for number in itertools.count()), itertools.count()

    def call(self, x):
        return x + next(self.noise) + 0.0 * next(self.count)


def test_what_a_model_holds_that_cannot_be_brought_back_is_told(monkeypatch):
    noisy = Noisy()
    model = classifier(noisy)
    count = next(copied(noisy.count))
    report = fly(monkeypatch, model=model)
    assert "The model holds `noise` (generator), which cannot be copied: it may have moved on." in report.run.problems
    assert next(noisy.count) == count


class GraphNetwork(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, "softmax")

    def call(self, inputs):
        hidden, edges = self.dense(inputs["nodes"]), inputs["edges"]
        sent = tf.gather(hidden, edges[:, 0])
        return hidden + tf.math.unsorted_segment_sum(sent, edges[:, 1], tf.shape(hidden)[0])


def graphs(targets=20):
    (x, y), random = classes(20), np.random.default_rng(0)
    for _ in range(6):
        yield {"nodes": x, "edges": random.integers(0, 20, (50, 2)).astype("int32")}, y[:targets]


def test_batches_whose_arrays_differ_in_length_are_trained_on_and_not_taken_apart(monkeypatch):
    model = GraphNetwork()
    model.compile("adam", "sparse_categorical_crossentropy")
    report = fly(monkeypatch, lambda s, c: {"ratio": 1}, model=model, data=graphs(), validation_data=graphs())
    assert report.run.steps == 4 and not [each.message for each in report.findings if each.rule == "first-steps"]
    assert told(report).reason == "the arrays of a batch have no axis of examples in common"
    assert len([problem for problem in report.run.problems if "differ in length" in problem]) == 1
    assert np.isfinite(model.fit(report.train_data, verbose=0).history["loss"]).all()


def test_batches_that_cannot_be_trained_on_as_they_are_are_an_error(monkeypatch):
    model = GraphNetwork()
    model.compile("adam", "sparse_categorical_crossentropy")
    report = fly(monkeypatch, model=model, data=graphs(targets=19))
    (finding,) = (finding for finding in report.findings if finding.rule == "first-steps")
    assert finding.severity == "error" and "19" in finding.message


def test_something_else_than_a_model_is_told():
    with pytest.raises(ValueError, match="`model` should be a Keras model"):
        preflight(object(), classes())


@pytest.mark.parametrize("form", [tf.constant, np.array])
def test_texts_are_taken_as_fit_takes_them(monkeypatch, form):
    texts, labels = form([["good film"], ["bad film"]] * 24), np.array([0, 1] * 24)
    lookup = keras.layers.TextVectorization(10, output_sequence_length=3)
    lookup.adapt([["good film"], ["bad film"]])
    pooled = [keras.layers.Embedding(10, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((1,), dtype="string"), lookup, *pooled])
    model.compile("adam", "sparse_categorical_crossentropy")
    report = fly(monkeypatch, model=model, data=(texts, labels))
    failed = [finding.message for finding in report.findings if finding.rule == "first-steps"]
    if form is tf.constant:
        assert not failed and report.run.steps == 2
    else:
        assert "fit takes no NumPy array of texts. Received: one in x" in failed[0]


def test_the_seed_chooses_the_examples_and_what_the_probes_draw(monkeypatch):
    def draws(subject, clock):
        return {"examples": subject.training.places.tolist(), "drawn": subject.random("data-order").normal()}

    one, same, other = (told(fly(monkeypatch, draws, seed=seed)).values for seed in (3, 3, 4))
    assert one == same and one["examples"] != other["examples"] and one["drawn"] != other["drawn"]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["NaN", "one example", "unequal batches", "not compiled"])
def test_of_odd_data_each_probe_says_what_keeps_it_from_judging(case):
    x, y = classes()
    data = {
        "NaN": (np.where(x > 2, np.nan, x), y),
        "one example": (x[:1], y[:1]),
        "unequal batches": [(x[:40], y[:40]), (x[40:45], y[40:45]), (x[45:], y[45:])],
    }.get(case, (x, y))
    batches = iter(data) if isinstance(data, list) else data
    report = preflight(classifier(compiled=case != "not compiled"), batches)
    reasons = [probed.reason for probed in report.run.probes.values() if probed.reason is not None]
    assert len(report.run.probes) == len(PROBES) and len(reasons) < len(PROBES)
    assert not any("the experiment failed" in reason or "\n" in reason for reason in reasons)


@pytest.mark.slow
def test_no_graph_is_left_in_memory():
    def graphs():
        preflight(model, classes(), probes=["overfit-tiny-batch"])
        gc.collect()
        return sum(isinstance(item, FuncGraph) for item in gc.get_objects())

    model = classifier(layers.Dense(16, "silu"))
    model.compile(keras.optimizers.Adam(clipnorm=1.0), "sparse_categorical_crossentropy")
    assert graphs() == graphs()
