"""What only a data provider can do wrong."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tb_nnhealth.reader import (
    LogError,
    listed_version,
    provider_listing,
    provider_runs,
    provider_version,
    read_provider,
    read_run,
)
from tb_nnhealth.summary import metadata
from tests.loaders import CONTEXT, EXPERIMENT, LOADERS, assert_same_run, slow_provider
from tests.synthetic import write_synthetic_run


class Faulty:
    """A provider whose reading of some tags fails, a number of times."""

    def __init__(self, provider: Any, error: Exception, times: int, tag: str = "") -> None:
        self._provider, self._error, self._times, self._tag = provider, error, times, tag

    def list_tensors(self, *args: Any, **kwargs: Any) -> Any:
        if not self._tag:
            self._fail()
        return self._provider.list_tensors(*args, **kwargs)

    def read_tensors(self, *args: Any, **kwargs: Any) -> Any:
        if self._tag in kwargs["run_tag_filter"].tags:
            self._fail()
        return self._provider.read_tensors(*args, **kwargs)

    def _fail(self) -> None:
        self._times -= 1
        if self._times >= 0:
            raise self._error


def read(provider: Any) -> Any:
    return read_provider(provider, CONTEXT, EXPERIMENT, "run1/health")


@pytest.mark.parametrize("tag", ["", metadata.MANIFEST, metadata.table_tag("variables", 0)])
def test_a_key_error_while_loading_is_tried_again(synthetic_run: Path, tag: str) -> None:
    with slow_provider(synthetic_run.parent) as provider:
        assert_same_run(read(Faulty(provider, KeyError("run1"), 1, tag)), read_run(synthetic_run))


def test_a_tag_that_fails_hides_no_other(synthetic_run: Path) -> None:
    tag = metadata.table_tag("activations", 0)
    with slow_provider(synthetic_run.parent) as provider:
        run = read(Faulty(provider, RuntimeError("message too large"), 2, tag))
    assert run.problems == (f"{tag} cannot be read from TensorBoard: message too large",)
    assert len(run.activations.steps) == 0 and run.activations.rows
    assert len(run.variables.steps) == 20


def test_a_histogram_that_fails_hides_no_other(synthetic_run: Path, caplog: pytest.LogCaptureFixture) -> None:
    tag = metadata.histogram_tag("value", 0)
    with slow_provider(synthetic_run.parent) as provider:
        run = read(Faulty(provider, RuntimeError("message too large"), 9, tag))
        assert len(run.histograms["value"].steps) == 0 and run.histograms["value"].rows
        assert len(run.histograms["gradient"].steps) > 0
    assert f"{tag} cannot be read: message too large" in caplog.text


@pytest.mark.parametrize("loader", LOADERS)
def test_unknown_run(loader: str, synthetic_run: Path) -> None:
    with (
        LOADERS[loader](synthetic_run.parent) as provider,
        pytest.raises(LogError, match=r"Received: run='nothing'"),
    ):
        read_provider(provider, CONTEXT, EXPERIMENT, "nothing")


@pytest.mark.parametrize("loader", LOADERS)
def test_runs_and_their_versions(loader: str, tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_synthetic_run(tmp_path / name, steps=3)
    with LOADERS[loader](tmp_path) as provider:
        assert provider_runs(provider, CONTEXT, EXPERIMENT) == ["a/health", "b/health"]
        first = provider_version(provider, CONTEXT, EXPERIMENT, "a/health")
        assert first == provider_version(provider, CONTEXT, EXPERIMENT, "a/health")
        assert provider_version(provider, CONTEXT, EXPERIMENT, "nothing") == (0, 0, 0.0)
        listing = provider_listing(provider, CONTEXT, EXPERIMENT)
        assert list(listing) == ["a/health", "b/health"] and listed_version(listing["a/health"]) == first
    write_synthetic_run(tmp_path / "a", steps=3)
    with LOADERS[loader](tmp_path) as provider:
        assert provider_version(provider, CONTEXT, EXPERIMENT, "a/health") != first


def test_a_series_without_data_is_an_empty_table(synthetic_run: Path) -> None:
    with slow_provider(synthetic_run.parent) as provider:
        listed = provider.list_tensors

        def with_empty(*args: Any, **kwargs: Any) -> Any:
            tags = listed(*args, **kwargs)["run1/health"]
            return {
                "run1/health": {**tags, "nnhealth/data/1": SimpleNamespace(plugin_content=metadata.plugin_content())}
            }

        provider.list_tensors = with_empty
        assert_same_run(read(provider), read_run(synthetic_run))


def test_a_small_run_is_read_in_one_call_and_its_histograms_when_they_are_asked_for(synthetic_run: Path) -> None:
    """TensorBoard's data server answers a call after some 40 ms, however little it reads."""
    with slow_provider(synthetic_run.parent) as provider:
        calls, read_tensors = [], provider.read_tensors

        def counted(*args: Any, **kwargs: Any) -> Any:
            calls.append(kwargs)
            return read_tensors(*args, **kwargs)

        provider.read_tensors = counted
        run = read(provider)
        assert len(calls) == 1 and list(run.histograms) == list(run.histograms.rows)
        assert_same_run(run, read_run(synthetic_run))
    assert len(calls) == 1 + len(run.histograms)


def test_tags_of_a_large_run_are_read_several_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "MESSAGE_BYTES", 1)
    write_synthetic_run(tmp_path / "run1")
    with slow_provider(tmp_path) as provider:
        reading, most, read_tensors = [], [], provider.read_tensors

        def slowly(*args: Any, **kwargs: Any) -> Any:
            reading.append(kwargs)
            most.append(len(reading))
            time.sleep(0.03)
            reading.pop()
            return read_tensors(*args, **kwargs)

        provider.read_tensors = slowly
        assert_same_run(read(provider), read_run(tmp_path / "run1"))
    assert max(most) > 2 and len(most) > 10
