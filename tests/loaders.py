"""TensorBoard's two loaders on a log directory, in this process, and what is the same run."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing import data_ingester, data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

from tb_nnhealth.reader import provider_version
from tb_nnhealth.records import HealthRun, Table

CONTEXT = RequestContext()
EXPERIMENT = ""


@contextlib.contextmanager
def fast_provider(log_dir: str | os.PathLike[str], samples: int = 0) -> Iterator[Any]:
    """The data server, with as many samples a tag as given (0: all), once it has loaded everything."""
    binary = server_ingester.get_server_binary()
    ingester = server_ingester.SubprocessServerDataIngester(
        binary,
        os.fspath(log_dir),
        reload_interval=0,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin={"nnhealth": samples},
    )
    ingester.start()
    try:
        _settle(ingester.data_provider)
        yield ingester.data_provider
    finally:
        ingester._stdin_handle.close()


@contextlib.contextmanager
def slow_provider(log_dir: str | os.PathLike[str], samples: int = 0) -> Iterator[Any]:
    """The multiplexer in Python, loaded once."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        size_guidance=data_ingester.DEFAULT_SIZE_GUIDANCE, tensor_size_guidance={"nnhealth": samples}
    )
    multiplexer.AddRunsFromDirectory(os.fspath(log_dir))
    multiplexer.Reload()
    yield data_provider.MultiplexerDataProvider(multiplexer, os.fspath(log_dir))


def skip_unless_there(loader: str) -> None:
    """Skips the test where a loader is not on this machine: there is a data server for some only."""
    if loader == "fast":
        try:
            server_ingester.get_server_binary()
        except server_ingester.NoDataServerError as error:
            pytest.skip(str(error))


def _settle(provider: Any) -> None:
    """Waits until the loader has had the same data for a while (it tells nobody when it is done)."""
    deadline, seen, since = time.monotonic() + 10.0, None, time.monotonic()
    while time.monotonic() < deadline:
        runs = provider.list_tensors(CONTEXT, experiment_id=EXPERIMENT, plugin_name="nnhealth")
        versions = {run: provider_version(provider, CONTEXT, EXPERIMENT, run) for run in runs}
        if versions != seen:
            seen, since = versions, time.monotonic()
        elif time.monotonic() - since > (0.25 if seen else 1.0):
            return
        time.sleep(0.05)


LOADERS = {"fast": fast_provider, "slow": slow_provider}


def assert_same_run(one: HealthRun, other: HealthRun) -> None:
    """Fails where two runs differ in anything; NaN equals NaN."""
    for field in dataclasses.fields(HealthRun):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, Table):
            assert_same_table(left, right, field.name)
        elif field.name == "histograms":
            _assert_same_tables(left, right)
        elif field.name == "galleries":
            assert repr((list(left), left.problems)) == repr((list(right), right.problems))
        else:
            assert left == right, field.name


def _assert_same_tables(one: Mapping[str, Table], other: Mapping[str, Table]) -> None:
    assert list(one) == list(other)
    for name in one:
        assert_same_table(one[name], other[name], name)


def assert_same_table(one: Table, other: Table, name: str = "") -> None:
    for field in dataclasses.fields(Table):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
