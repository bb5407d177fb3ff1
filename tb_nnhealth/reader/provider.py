"""Reads a run through TensorBoard's data provider: the fast loader, the slow one, or a hosted one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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

Tags = Mapping[str, Any]
"""TensorBoard's series of a run by tag, each with `max_step`, `max_wall_time` in seconds and `plugin_content`."""

Events = dict[str, list[Datum]]

TAGS_AT_ONCE = 4


def provider_listing(provider: Any, context: Any, experiment_id: str) -> dict[str, Tags]:
    """Returns the tags of all runs that have health data, by run, in order."""
    listed = _list(provider, context, experiment_id)
    return {run: tags for run, tags in sorted(listed.items()) if tags}


def provider_tags(provider: Any, context: Any, experiment_id: str, run: str) -> Tags:
    """Returns the tags of a run, none where it has no health data."""
    tags: Tags = _list(provider, context, experiment_id, runs=[run]).get(run, {})
    return tags


def provider_runs(provider: Any, context: Any, experiment_id: str) -> list[str]:
    """Returns the names of all runs whose health data can be read, in order: their manifest has been loaded.

    TensorBoard's slow loader goes through all events of the tags that it lists.
    """
    listed = _list(provider, context, experiment_id, tags=[metadata.MANIFEST])
    return sorted(run for run, tags in listed.items() if tags)


def provider_version(provider: Any, context: Any, experiment_id: str, run: str) -> Version:
    """Returns the version of a run, as `listed_version` tells it."""
    return listed_version(provider_tags(provider, context, experiment_id, run))


def listed_version(tags: Tags) -> Version:
    """Returns a key that changes whenever more of the run was loaded: tags, largest step, latest wall time in s."""
    series = tags.values()
    return (
        len(series),
        max((each.max_step for each in series), default=0),
        max((each.max_wall_time for each in series), default=0.0),
    )


def read_provider(provider: Any, context: Any, experiment_id: str, run: str, listed: Tags | None = None) -> HealthRun:
    """Returns a run as TensorBoard has loaded it.

    A small run, whose tables have one block each, is read in one call: it takes the data server some 40 ms, however
    little it reads. Else, and where that fails, one tag is read a call, several at a time: an answer is limited to
    256 MiB, and a tag that cannot be read must not hide the others. Histograms and galleries are read when
    they are asked for.

    Args:
      listed: the run's tags, where they have just been listed.

    Raises:
      LogError: there is no such run, it has no manifest (yet), or its format is not known.
    """
    if listed is None:
        listed = provider_tags(provider, context, experiment_id, run)
    if not listed:
        raise LogError(f"Expected a run with health data. Received: run={run!r}")
    tags = sorted(tag for tag in listed if tag.startswith(f"{metadata.PLUGIN_NAME}/"))
    for tag in tags:
        check_version(metadata.schema_version(listed[tag].plugin_content))

    def read(together: list[str]) -> Events:
        return _read(provider, context, experiment_id, run, together)

    late = _Read([tag for tag in tags if metadata.is_read_late(tag)], lambda tag: read([tag])[tag])
    others = [tag for tag in tags if tag not in late]
    at_once = _at_once(read, others)
    return _one_by_one(read, others, late) if at_once is None else assemble(at_once, (), late)


class _Read(Mapping[str, list[Datum]]):
    """The events of some tags, of which each is read when it is asked for."""

    def __init__(self, tags: Sequence[str], read: Callable[[str], list[Datum]]) -> None:
        self._tags = frozenset(tags)
        self._read = read

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags

    def __getitem__(self, tag: str) -> list[Datum]:
        if tag not in self._tags:
            raise KeyError(tag)
        return self._read(tag)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __len__(self) -> int:
        return len(self._tags)


def _at_once(read: Callable[[list[str]], Events], tags: list[str]) -> Events | None:
    """Returns the events of the tags of a small run, None where they cannot be read together."""
    if any(tag.endswith("/1") for tag in tags):
        return None
    try:
        return read(tags)
    except Exception:
        return None


def _one_by_one(read: Callable[[list[str]], Events], tags: list[str], late: Mapping[str, list[Datum]]) -> HealthRun:
    """Returns the run, with a sentence on each of the tags that cannot be read."""
    problems: list[str] = []

    def read_one(tag: str) -> list[Datum]:
        try:
            return read([tag])[tag]
        except Exception as error:
            problems.append(f"{tag} cannot be read from TensorBoard: {error}")
            return []

    with ThreadPoolExecutor(TAGS_AT_ONCE) as pool:
        return assemble(_Read(tags, read_one), problems, late, pool.map)


def _list(
    provider: Any, context: Any, experiment_id: str, runs: list[str] | None = None, tags: list[str] | None = None
) -> Any:
    return _retried(
        lambda: provider.list_tensors(
            context,
            experiment_id=experiment_id,
            plugin_name=metadata.PLUGIN_NAME,
            run_tag_filter=tensorboard_provider.RunTagFilter(runs=runs, tags=tags),
        )
    )


def _read(provider: Any, context: Any, experiment_id: str, run: str, tags: list[str]) -> Events:
    answer = _retried(
        lambda: provider.read_tensors(
            context,
            experiment_id=experiment_id,
            plugin_name=metadata.PLUGIN_NAME,
            downsample=_ALL,
            run_tag_filter=tensorboard_provider.RunTagFilter(runs=[run], tags=tags),
        )
    )
    return {
        tag: [Datum(datum.step, datum.wall_time, _value(datum.numpy)) for datum in answer.get(run, {}).get(tag, [])]
        for tag in tags
    }


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
