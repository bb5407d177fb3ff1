"""Reads a run through TensorBoard's data provider: the fast loader, the slow one, or a hosted one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from tensorboard.data import provider as tensorboard_provider

from tb_nnhealth.reader._data import Datum, LogError, check_version
from tb_nnhealth.reader.assemble import assemble
from tb_nnhealth.records import HealthRun
from tb_nnhealth.summary import metadata

_ALL = 2**31 - 1  # "downsample" has no word for everything

Answer = TypeVar("Answer")

Version = tuple[int, int, float]


def provider_runs(provider: Any, context: Any, experiment_id: str) -> list[str]:
    """Returns the names of all runs that have health data, in order."""
    return sorted(run for run, tags in _list(provider, context, experiment_id, None).items() if tags)


def provider_version(provider: Any, context: Any, experiment_id: str, run: str) -> Version:
    """Returns a key that changes whenever more of the run was loaded: tags, largest step, latest wall time in s."""
    return _version(_list(provider, context, experiment_id, run).get(run, {}))


def provider_versions(provider: Any, context: Any, experiment_id: str) -> dict[str, Version]:
    """Returns of every run with health data what `provider_version` does, from one listing."""
    listed = _list(provider, context, experiment_id, None)
    return {run: _version(tags) for run, tags in sorted(listed.items()) if tags}


def read_provider(provider: Any, context: Any, experiment_id: str, run: str) -> HealthRun:
    """Returns a run as TensorBoard has loaded it.

    One tag is read a call: an answer of TensorBoard's data server is limited to 256 MiB, and a tag that
    cannot be read must not hide the others.

    Raises:
      LogError: there is no such run, it has no manifest (yet), or its format is not known.
    """
    listed = _list(provider, context, experiment_id, run).get(run)
    if not listed:
        raise LogError(f"Expected a run with health data. Received: run={run!r}")
    events: dict[str, list[Datum]] = {}
    problems: list[str] = []
    for tag in sorted(tag for tag in listed if tag.startswith(f"{metadata.PLUGIN_NAME}/")):
        check_version(metadata.schema_version(listed[tag].plugin_content))
        try:
            data = _read(provider, context, experiment_id, run, tag)
        except Exception as error:
            problems.append(f"{tag} cannot be read from TensorBoard: {error}")
            continue
        events[tag] = [Datum(datum.step, datum.wall_time, _value(datum.numpy)) for datum in data]
    return assemble(events, problems)


def _version(tags: Mapping[str, Any]) -> Version:
    series = tags.values()
    return (
        len(series),
        max((each.max_step for each in series), default=0),
        max((each.max_wall_time for each in series), default=0.0),
    )


def _list(provider: Any, context: Any, experiment_id: str, run: str | None) -> Any:
    return _retried(
        lambda: provider.list_tensors(
            context,
            experiment_id=experiment_id,
            plugin_name=metadata.PLUGIN_NAME,
            run_tag_filter=tensorboard_provider.RunTagFilter(runs=None if run is None else [run]),
        )
    )


def _read(provider: Any, context: Any, experiment_id: str, run: str, tag: str) -> Any:
    answer = _retried(
        lambda: provider.read_tensors(
            context,
            experiment_id=experiment_id,
            plugin_name=metadata.PLUGIN_NAME,
            downsample=_ALL,
            run_tag_filter=tensorboard_provider.RunTagFilter(runs=[run], tags=[tag]),
        )
    )
    return answer.get(run, {}).get(tag, [])


def _retried(call: Callable[[], Answer]) -> Answer:
    """Calls again after a KeyError: the slow loader lists a tag a moment before it has data."""
    try:
        return call()
    except KeyError:
        return call()


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU" and value.size:
        text = value.reshape(-1)[0]
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return value
