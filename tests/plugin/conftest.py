"""The real TensorBoard application with our plugin, in this process, on each of TensorBoard's loaders."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend import application
from tensorboard.plugins import base_plugin
from werkzeug import test, wrappers

from tb_nnhealth import reader
from tb_nnhealth.plugin.loader import NNHealthLoader
from tb_nnhealth.records import HealthRun
from tests.loaders import LOADERS, skip_unless_there
from tests.synthetic import write_synthetic_run

MARKUP = "<img src=x onerror=alert(1)>"
"""A layer's name that a careless page would run."""

RUN = "run1/health"
STEPS = 40


@pytest.fixture(scope="session")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log directory with a good run, one with markup in its names, and one of a format of the future."""
    directory = tmp_path_factory.mktemp("plugin")
    write_synthetic_run(directory / "run1", steps=STEPS, galleries=True)
    write_synthetic_run(directory / "exp<b>1", steps=4, variables=[f"{MARKUP}/kernel", "output/kernel"])
    write_synthetic_run(directory / "future", steps=4, schema_version=99)
    return directory


@pytest.fixture
def provider(log_dir: Path) -> Iterator[Any]:
    with LOADERS["slow"](log_dir) as provider:
        yield provider


@pytest.fixture
def reads(provider: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the names of the provider's runs that are read, in order."""
    return note_reads(provider, monkeypatch)


def note_reads(provider: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    read = reader.read_provider

    def noted(asked: Any, context: Any, experiment: str, run: str, *listed: Any) -> HealthRun:
        if asked is provider:
            names.append(run)
        return read(asked, context, experiment, run, *listed)

    monkeypatch.setattr(reader, "read_provider", noted)
    return names


@pytest.fixture(scope="session", params=["fast", "slow"])
def client(request: pytest.FixtureRequest, log_dir: Path) -> Iterator[test.Client]:
    with served(request.param, log_dir) as client:
        yield client


@contextlib.contextmanager
def served(loader: str, log_dir: Path) -> Iterator[test.Client]:
    """The application on a log directory."""
    skip_unless_there(loader)
    with LOADERS[loader](log_dir) as provider:
        plugin = NNHealthLoader().load(base_plugin.TBContext(data_provider=provider))
        app = application.TensorBoardWSGI([plugin], path_prefix="/some/prefix", data_provider=provider)
        yield test.Client(app, wrappers.Response)
