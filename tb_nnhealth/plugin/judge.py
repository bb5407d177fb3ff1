"""Reads and judges runs, each once until its event files grow."""

from typing import Any

from tensorboard import errors

from tb_nnhealth import reader
from tb_nnhealth.plugin.cache import VersionedCache
from tb_nnhealth.plugin.judged import Judged, size_of
from tb_nnhealth.plugin.versions import settings_here, version_key
from tb_nnhealth.project import judged_here
from tb_nnhealth.records import HealthRun
from tb_nnhealth.scorecard import Scorecard

CACHE_BYTES = 512 * 2**20


class Judge:
    """The runs that TensorBoard has loaded, judged."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._judged: VersionedCache[Judged] = VersionedCache(CACHE_BYTES, size_of)

    def version(self, context: Any, experiment: str, run: str) -> str:
        """Returns a text that changes whenever the run does, or what is set of the rules.

        Raises:
          NotFoundError: there is no such run.
        """
        return _key(self._tags(context, experiment, run))

    def judged(self, context: Any, experiment: str, run: str) -> Judged:
        """Returns the run with its scorecard.

        Raises:
          NotFoundError: there is no such run.
          InvalidArgumentError: it cannot be read.
        """
        tags = self._tags(context, experiment, run)
        version = _key(tags)

        def judge() -> Judged:
            try:
                read = reader.read_provider(self._provider, context, experiment, run, tags)
            except reader.LogError as error:
                raise errors.InvalidArgumentError(str(error)) from error
            return Judged(read, Scorecard.from_run(judged_here(read)), version)

        return self._judged.get((experiment, run), version, judge)

    def known(self, experiment: str, run: str, version: str) -> tuple[HealthRun, Scorecard] | None:
        """Returns the run with its scorecard where it is at hand."""
        judged = self._judged.peek((experiment, run), version)
        return None if judged is None else (judged.run, judged.card)

    def _tags(self, context: Any, experiment: str, run: str) -> reader.Tags:
        tags = reader.provider_tags(self._provider, context, experiment, run)
        if not tags:
            raise errors.NotFoundError("TensorBoard has no health data of a run with this name")
        return tags


def _key(tags: reader.Tags) -> str:
    return version_key(reader.listed_version(tags), settings_here())
