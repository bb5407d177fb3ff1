"""All runs of an experiment: reads and judges those whose row is wanted, and keeps no more of them than the row."""

import logging
from collections.abc import Callable
from typing import Any

from tb_nnhealth import reader
from tb_nnhealth.configuration import Settings
from tb_nnhealth.plugin.board import Board, Content, Loaded, judged_row, unread_row
from tb_nnhealth.plugin.cache import VersionedCache
from tb_nnhealth.plugin.versions import settings_here, version_key
from tb_nnhealth.project import judged_by
from tb_nnhealth.records import HealthRun
from tb_nnhealth.scorecard import Scorecard

MOST_EXPERIMENTS = 8

SECONDS = 0.4
"""What an answer may take for judging more runs."""

logger = logging.getLogger(__name__)

Known = Callable[[str, str, str], tuple[HealthRun, Scorecard] | None]
"""Returns the run of an experiment, a name and a version, with its scorecard, where they are at hand."""


class Sweep:
    """The rows of the runs of each experiment."""

    def __init__(self, provider: Any, known: Known) -> None:
        self._provider = provider
        self._known = known
        self._boards: VersionedCache[Board] = VersionedCache(MOST_EXPERIMENTS, lambda board: 1)

    def answer(self, context: Any, experiment: str, since: str) -> Content:
        """Returns the rows that are newer than the asker's; at once, without judging any, where it has none yet.

        Args:
          context: TensorBoard's of the request.
          experiment: its id.
          since: `serial` of the asker's last answer, "" for the first one.

        Raises:
          InvalidArgumentError: the project's settings are not what is expected.
        """
        settings = settings_here()
        listing = reader.provider_listing(self._provider, context, experiment)
        loaded = {run: _loaded(reader.listed_version(tags), settings) for run, tags in listing.items()}
        board = self._boards.get(experiment, None, Board)

        def judge(run: str) -> Content:
            return self._row(context, experiment, run, listing[run], loaded[run], settings)

        return board.answer(loaded, since, judge, SECONDS if since else 0.0)

    def _row(
        self, context: Any, experiment: str, name: str, tags: reader.Tags, loaded: Loaded, settings: Settings | None
    ) -> Content:
        try:
            known = self._known(experiment, name, loaded.version)
            if known is None:
                run = judged_by(reader.read_provider(self._provider, context, experiment, name, tags), settings)
                known = run, Scorecard.from_run(run)
            return judged_row(name, *known)
        except reader.LogError as error:
            return unread_row(name, loaded, str(error))
        except Exception:
            logger.exception("nnhealth could not judge %s", name)
            return unread_row(name, loaded, "The check itself failed: TensorBoard's own output names the cause.")


def _loaded(version: reader.Version, settings: Settings | None) -> Loaded:
    _, last_step, last_time = version
    return Loaded(version_key(version, settings), last_step + 1, last_time)
