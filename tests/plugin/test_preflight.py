"""What the server tells of a preflight, with each of TensorBoard's loaders."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug import test

from tb_nnhealth.faces.rates import PROBE
from tests.flown import UNMEASURED, rates, write_preflight
from tests.plugin.conftest import served
from tests.plugin.test_plugin import get
from tests.synthetic import write_synthetic_run

RUN = "flown/health"


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log directory with a preflight, and with one after which a training came."""
    directory = tmp_path_factory.mktemp("flown")
    for name in ("flown", "trained"):
        write_synthetic_run(directory / name, steps=4, finished=False)
        write_preflight(directory / name, {"train-validation-shift": UNMEASURED, PROBE: rates()})
    write_synthetic_run(directory / "trained", steps=20)
    return directory


@pytest.fixture(scope="module", params=["fast", "slow"])
def client(request: pytest.FixtureRequest, flown: Path) -> Iterator[test.Client]:
    with served(request.param, flown) as client:
        yield client


def test_run_tells_that_there_is_one_and_little_of_it(client):
    told = get(client, "/run", run=RUN).json
    assert told["training"]["untrained"] and not told["training"]["finished"]
    assert (told["preflight"]["trained"], told["preflight"]["rates"], told["preflight"]["took"]) == (
        False,
        True,
        "7.5 s",
    )
    assert "rates" not in str(told["preflight"]["told"])


def test_a_training_after_it_keeps_the_probes(client):
    told = get(client, "/run", run="trained/health").json
    assert (told["training"]["untrained"], told["training"]["steps"], told["preflight"]["trained"]) == (False, 20, True)
    assert len(get(client, "/preflight", run="trained/health").json["probes"]) == 2


def test_preflight_has_a_line_for_each_probe_and_the_curve(client):
    told = get(client, "/preflight", run=RUN).json
    assert [(line["name"], line["took"]) for line in told["probes"]] == [
        ("train-validation-shift", "1 s"),
        (PROBE, "2 s"),
    ]
    assert (told["probes"][0]["word"], told["probes"][0]["told"]) == ("not judged", "No validation data was given.")
    assert told["cost"].startswith("7.5 s in all: 4.5 s for reading the data and the first steps")
    values = rates()
    assert told["rates"]["rates"] == values["rates"].tolist()
    assert told["rates"]["losses"] == [*values["losses"].tolist()[:-1], None]
    assert (told["rates"]["explosion"], told["rates"]["own"]) == (values["explosion"], [1e-3])


def test_curve_as_csv(client):
    answer = get(client, "/csv", run=RUN, of="rates")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="flown.rates.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    values = rates()
    assert [float(line["learning_rate"]) for line in lines] == values["rates"].tolist()
    assert [float(line["smoothed"]) for line in lines] == values["smoothed"].tolist()
    assert lines[-1]["loss"] == ""


def test_table_of_all_runs_tells_what_was_not_trained(client):
    since, rows = "", {}
    while len(rows) < 2:
        answer = get(client, "/table", since=since or "x").json
        since = answer["serial"]
        rows |= {row["run"]: row["untrained"] for row in answer["rows"] if "untrained" in row}
    assert rows == {RUN: True, "trained/health": False}
