"""Fixtures that several test modules share."""

import dataclasses
import gc
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tb_nnhealth.reader import provider_runs, read_provider, read_run
from tb_nnhealth.records import Galleries, HealthRun, Histograms
from tests.loaders import CONTEXT, EXPERIMENT, LOADERS, assert_same_run, skip_unless_there
from tests.synthetic import write_synthetic_run


def pytest_collection_finish() -> None:
    """Keras collects all garbage before each training: what is imported by now it need not look at again."""
    gc.freeze()


class Way(Protocol):
    def __call__(self, run_dir: Path, samples: int = 0, same: bool = True) -> HealthRun: ...


@pytest.fixture(autouse=True)
def _forgotten_gradients() -> Iterator[None]:
    """Lets a test's graphs go: TensorFlow would hold those with a custom gradient to the end, gigabytes of them."""
    if "tensorflow" not in sys.modules:
        yield
        return
    from tb_nnhealth.flight.keeping.custom_gradients import collectable_gradients

    with collectable_gradients():
        yield


@pytest.fixture(params=["files", "fast", "slow"])
def way(request: pytest.FixtureRequest) -> str:
    """One of the three ways by which a run is read."""
    skip_unless_there(request.param)
    return str(request.param)


@pytest.fixture
def read(way: str) -> Way:
    """Reads a run directory in each of the three ways; the loaders' run must equal the one from the files.

    `samples` is what TensorBoard keeps a tag (0: all); `same=False` where the ways may differ.
    """

    def read_this_way(run_dir: Path, samples: int = 0, same: bool = True) -> HealthRun:
        if way == "files":
            return read_run(run_dir)
        with LOADERS[way](run_dir.parent, samples) as provider:
            name = f"{run_dir.name}/health"
            run = read_provider(provider, CONTEXT, EXPERIMENT, name)
            late = Histograms.of(dict(run.histograms)), Galleries.of(list(run.galleries), run.galleries.problems)
            run = dataclasses.replace(run, histograms=late[0], galleries=late[1])  # while the loader lives
            assert provider_runs(provider, CONTEXT, EXPERIMENT) == [name]
        if same and not samples:
            assert_same_run(run, read_run(run_dir))
        return run

    return read_this_way


@pytest.fixture
def synthetic_run(tmp_path: Path) -> Path:
    """The directory of a small, complete run of 20 steps."""
    write_synthetic_run(tmp_path / "logs" / "run1")
    return tmp_path / "logs" / "run1"
