"""`nnhealth preflight`: what it shows, what it leaves, and its exit codes."""

import re

import pytest

from tb_nnhealth import cli, commands
from tb_nnhealth.flight import preflight
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.probes import PROBES, Probe, data_order
from tb_nnhealth.reader import read_run

SOURCE = """
from keras import layers
from tests.flight.models import classes, classifier

def make():
    return classifier(), classes()

def raw():
    x, y = classes()
    return classifier(), (1000 * x + 5000, y)

def unequal():
    x, y = classes()
    return classifier(), (x, y[1:])

def linear():
    return classifier(layers.Dense(16), layers.Dense(8, "relu")), classes()

def ending():
    def batches():
        yield classes()
        raise SystemExit(0)
    return classifier(), batches()

def alone():
    return classifier()

def small():
    return {"model": classifier(), "train_data": classes(), "batch_size": 4}

def four():
    x, y = classes()
    return classifier(), (x, y, y, y)
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A file with functions that make models, and a probe that always passes."""
    (tmp_path / "making.py").write_text(SOURCE)
    monkeypatch.setattr("sys.path", ["/nowhere", *__import__("sys").path])
    monkeypatch.setattr(preflight, "PROBES", (Probe("data-order", 1.0, lambda subject, clock: {}),))
    return tmp_path / "making.py"


def run(*arguments):
    return cli.main(["preflight", *map(str, arguments)])


def test_it_shows_the_verdict_on_stderr_and_writes_the_run(made, tmp_path, capsys):
    assert (
        run(f"{made}:make", "--log-dir", tmp_path / "run", "--budget", "20", "--seed", "3") == 2
    )  # No probe is judged by nothing.
    out, err = capsys.readouterr()
    assert out == "" and "preflight" in err and "data-order" in err
    assert list(read_run(tmp_path / "run").probes) == ["data-order"]


def test_show_says_of_a_preflight_what_it_said_itself(made, tmp_path, capsys):
    def shown(*arguments):
        cli.main([str(argument) for argument in arguments])
        return " ".join(capsys.readouterr().err.split())

    own = shown("preflight", f"{made}:make", "--log-dir", tmp_path / "run")
    later = shown("show", tmp_path / "run")
    for words in ("preflight not judged", "Not trained yet: nothing wrong was found in the "):
        assert words in own and words in later
    assert "no_data score unknown" not in later
    assert later.count("not trained yet") == 0 and re.search(r"no_data \d\d checks wait for the training", later)
    assert "too-few-updates" not in later


def test_findings_end_it_with_one(made, capsys):
    assert run(f"{made}:raw", "--fail-on", "warning") == 1
    assert "unnormalized-input" in capsys.readouterr().err


def passed(subject, clock):
    return data_order.measure(subject, clock)


def unmeasured(subject, clock):
    raise NotMeasured("there is nothing to measure")


def interrupted(subject, clock):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "function, probes, of_warnings, of_errors",
    [
        ("make", [passed], 0, 0),
        ("make", [unmeasured], 2, 2),
        ("make", [interrupted], 2, 2),
        ("make", [passed, interrupted], 2, 2),
        ("linear", [passed], 1, 0),
        ("linear", [unmeasured], 1, 2),
        ("linear", [interrupted], 1, 2),
        ("linear", [passed, interrupted], 1, 2),
        ("raw", [passed], 1, 1),
        ("raw", [unmeasured], 1, 1),
        ("raw", [interrupted], 1, 1),
    ],
)
def test_the_exit_code_tells_what_was_found_and_whether_all_was_judged(
    made, monkeypatch, function, probes, of_warnings, of_errors
):
    names = ("data-order", "label-noise")
    flown = tuple(Probe(name, 1.0, measure) for name, measure in zip(names, probes, strict=False))
    monkeypatch.setattr(preflight, "PROBES", flown)
    codes = [run(f"{made}:{function}", "--fail-on", least) for least in ("warning", "error")]
    assert codes == [of_warnings, of_errors]


def test_the_function_may_tell_the_size_of_a_batch(made, monkeypatch):
    sizes = []
    flown = Probe("data-order", 1.0, lambda subject, clock: sizes.append(subject.training.batch_size) or {})
    monkeypatch.setattr(preflight, "PROBES", (flown,))
    run(f"{made}:small")
    assert sizes == [4]


def test_help_and_the_error_name_what_the_function_may_return(made, capsys):
    with pytest.raises(SystemExit):
        run("--help")
    helped = " ".join(capsys.readouterr().out.split())
    assert run(f"{made}:alone") == 2
    told = " ".join(capsys.readouterr().err.split())
    named = (
        "a dict with the keys model, train_data and, where there are any, validation_data, vocabulary and batch_size"
    )
    assert named in helped and named in told


def test_data_that_cannot_be_trained_on_are_a_finding(made, capsys):
    assert run(f"{made}:unequal") == 1
    assert "96 in x, 95 in y" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["{}:four"], "Expected"),
        (["{}:nothing"], "which has make"),
        (["{}:ending"], "making.py:ending, which gives SystemExit: 0"),
        (["{}:make", "--probes", "no-such"], "`probes` should be"),
        (["{}:make", "--budget", "-1"], "`budget` should be"),
        (["nowhere:make"], "No module named 'nowhere'"),
    ],
)
def test_bad_use_is_one_sentence_and_two(made, capsys, arguments, told):
    assert run(*(argument.format(made) for argument in arguments)) == 2
    err = capsys.readouterr().err
    assert told in err and "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_a_log_directory_that_cannot_be_written_is_refused_before_anything_is_made(made, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "making.py").write_text("def make(): raise AssertionError('it was made')")
    assert run(f"{made}:make", "--log-dir", tmp_path / "file" / "run") == 2
    err = capsys.readouterr().err
    assert "Expected a log directory that can be written" in err and "it was made" not in err


@pytest.mark.parametrize("given, told", [("", "Received: probes=['']"), ("data-order, none", "'none'")])
def test_names_of_probes_may_stand_apart_and_none_is_not_all(made, capsys, given, told):
    assert run(f"{made}:make", "--probes", given) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_spaces_beside_a_probe_are_no_part_of_its_name(made, capsys):
    run(f"{made}:make", "--probes", " data-order ", "--budget", "20")
    assert "preflight not judged" in capsys.readouterr().err


def test_help_tells_the_probes_the_exit_codes_and_where_the_verdict_goes(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    told = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    assert all(probe.name in told for probe in PROBES)
    assert "2 not judged, interrupted or bad use" in told and "shown on stderr" in told


def test_names_of_the_help_are_those_of_the_probes():
    assert tuple(probe.name for probe in PROBES) == commands.PROBES
