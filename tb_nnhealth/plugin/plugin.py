"""The plugin: routes of the Health tab (docs/http_api.md). It reads one run a request and writes nothing."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_nnhealth import reader
from tb_nnhealth.configuration import SettingsError
from tb_nnhealth.plugin import matrices
from tb_nnhealth.plugin.cache import VersionedCache
from tb_nnhealth.plugin.evidence import evidence
from tb_nnhealth.plugin.facts import facts, tables
from tb_nnhealth.plugin.handbook import THEMES, rule_page
from tb_nnhealth.plugin.http import binary, choice, integer, parameter, respond, route, strict_json
from tb_nnhealth.project import judged_here, project_settings
from tb_nnhealth.records import HealthRun, Table
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary.metadata import PLUGIN_NAME

CACHE_BYTES = 512 * 2**20
MOST_COLUMNS = 1000
LARGEST_STEP = 2**53

_STATIC = Path(__file__).resolve().parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_ASSETS = {path.relative_to(_STATIC).as_posix(): path for path in _STATIC.rglob("*") if path.suffix in _TYPES}


@dataclass(frozen=True)
class Judged:
    """A run as it was read at one version, its scorecard's exact text, and the curves behind its findings."""

    run: HealthRun
    scorecard: str
    evidence: list[dict[str, Any] | None]
    version: str


class NNHealthPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The Health tab's backend."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._judged: VersionedCache[Judged] = VersionedCache(CACHE_BYTES, _size)

    def is_active(self) -> bool:
        """Returns False: TensorBoard itself knows whether a run holds data of this plugin."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        return base_plugin.FrontendMetadata(es_module_path="/static/index.js", tab_name="Health")

    def get_plugin_apps(self) -> dict[str, Any]:
        return {
            "/static/*": route(self._static),
            "/runs": route(self._runs),
            "/rules": route(self._rules),
            "/rule": route(self._rule),
            "/version": route(self._version),
            "/scorecard": route(self._scorecard),
            "/evidence": route(self._evidence),
            "/run": route(self._run),
            "/matrix": route(self._matrix),
            "/flow": route(self._flow),
            "/series": route(self._series),
            "/histograms": route(self._histograms),
        }

    def _static(self, request: wrappers.Request) -> wrappers.Response:
        asset = _ASSETS.get(request.path.partition("/static/")[2])
        if asset is None:
            raise errors.NotFoundError("the page has no such file")
        return respond(request, asset.read_bytes(), _TYPES[asset.suffix])

    def _runs(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"runs": self._names(request)})

    def _rules(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"rules": {name: dict(rule.prose) for name, rule in DIAGNOSES.items()}})

    def _rule(self, request: wrappers.Request) -> wrappers.Response:
        name = choice(request, "name", ("", *DIAGNOSES))
        content = rule_page(name, choice(request, "theme", THEMES))
        return respond(request, content.encode(), "text/html")

    def _version(self, request: wrappers.Request) -> wrappers.Response:
        run = self._run_name(request)
        return strict_json(request, {"version": self._version_of(request, run)})

    def _scorecard(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        headers = []
        if request.args.get("download") == "1":
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", judged.run.name).strip("._")[:80] or "run"
            headers.append(("Content-Disposition", f'attachment; filename="{name}.scorecard.json"'))
        return respond(request, judged.scorecard.encode(), "application/json", headers=headers)

    def _evidence(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"evidence": self._read(request).evidence})

    def _run(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        return strict_json(request, {"version": judged.version, **facts(judged.run)})

    def _matrix(self, request: wrappers.Request) -> wrappers.Response:
        table = self._table(request)
        return binary(request, matrices.matrix(table, _statistic(request, table), *_window(request)))

    def _flow(self, request: wrappers.Request) -> wrappers.Response:
        table = self._table(request)
        return binary(request, matrices.flow(table, _statistic(request, table), *_window(request)))

    def _series(self, request: wrappers.Request) -> wrappers.Response:
        table = self._table(request)
        return binary(request, matrices.series(table, _row(request, table), *_window(request)))

    def _histograms(self, request: wrappers.Request) -> wrappers.Response:
        table = self._read(request).run.histograms.get(parameter(request, "kind"))
        if table is None:
            raise errors.NotFoundError("the run has no histograms of this kind")
        return binary(request, matrices.histogram(table, _row(request, table), *_window(request)))

    def _table(self, request: wrappers.Request) -> Table:
        table = tables(self._read(request).run).get(parameter(request, "table"))
        if table is None:
            raise errors.NotFoundError("there is no such table")
        return table

    def _read(self, request: wrappers.Request) -> Judged:
        """Returns the request's run, judged; kept until its event files grow."""
        name = self._run_name(request)
        experiment = plugin_util.experiment_id(request.environ)
        version = self._version_of(request, name)

        def judge() -> Judged:
            try:
                run = reader.read_provider(self._provider, plugin_util.context(request.environ), experiment, name)
            except reader.LogError as error:
                raise errors.InvalidArgumentError(str(error)) from error
            card = Scorecard.from_run(judged_here(run))
            return Judged(run, card.to_json(), evidence(run, card.findings), version)

        return self._judged.get((experiment, name), version, judge)

    def _run_name(self, request: wrappers.Request) -> str:
        name = parameter(request, "run")
        if name not in self._names(request):
            raise errors.NotFoundError("TensorBoard has no health data of a run with this name")
        return name

    def _names(self, request: wrappers.Request) -> list[str]:
        environ = request.environ
        return reader.provider_runs(self._provider, plugin_util.context(environ), plugin_util.experiment_id(environ))

    def _version_of(self, request: wrappers.Request, run: str) -> str:
        environ = request.environ
        version = reader.provider_version(
            self._provider, plugin_util.context(environ), plugin_util.experiment_id(environ), run
        )
        try:
            settings = project_settings()
        except SettingsError as error:
            raise errors.InvalidArgumentError(str(error)) from error
        return hashlib.sha256(repr((version, settings)).encode()).hexdigest()[:16]


def _row(request: wrappers.Request, table: Table) -> str:
    row = parameter(request, "row")
    if table.row(row) is None:
        raise errors.NotFoundError("the table has no such row")
    return row


def _statistic(request: wrappers.Request, table: Table) -> str:
    statistic = parameter(request, "statistic")
    if statistic not in table.columns:
        raise errors.NotFoundError("the table has no such statistic")
    return statistic


def _window(request: wrappers.Request) -> tuple[int, int, int, bool]:
    """Returns the query's first step, last step, number of columns, and whether these are spaced by the logarithm."""
    first = integer(request, "first", 0, 0, LARGEST_STEP)
    last = integer(request, "last", LARGEST_STEP, 0, LARGEST_STEP)
    columns = integer(request, "columns", MOST_COLUMNS, 1, MOST_COLUMNS)
    return first, last, columns, choice(request, "spacing", ("even", "log")) == "log"


def _size(judged: Judged) -> int:
    every = [*tables(judged.run).values(), *judged.run.histograms.values()]
    arrays = {id(array): array.nbytes for table in every for array in (table.values, table.low, table.high)}
    return len(judged.scorecard) + sum(arrays.values())
