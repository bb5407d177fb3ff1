"""The plugin: routes of the Health tab (docs/http_api.md). It writes nothing."""

import gzip
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_nnhealth import reader
from tb_nnhealth.diff import earlier_places
from tb_nnhealth.faces import gallery
from tb_nnhealth.faces.bands import bands
from tb_nnhealth.faces.extents import extent
from tb_nnhealth.faces.facts import facts, layer_facts, tables
from tb_nnhealth.faces.flight import flight, summary
from tb_nnhealth.faces.rates import Rates, rates_of
from tb_nnhealth.faces.verdict import verdict
from tb_nnhealth.plugin import matrices, spreadsheet
from tb_nnhealth.plugin.ahead import Ahead
from tb_nnhealth.plugin.cache import VersionedCache
from tb_nnhealth.plugin.handbook import THEMES, rule_page
from tb_nnhealth.plugin.http import attached, binary, choice, integer, parameter, respond, route, strict_json
from tb_nnhealth.plugin.judge import Judge
from tb_nnhealth.plugin.judged import Judged
from tb_nnhealth.plugin.sweep import Sweep
from tb_nnhealth.records import HealthRun, Layer, Table
from tb_nnhealth.report import html
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.summary.metadata import PLUGIN_NAME

HISTOGRAM_BYTES = 128 * 2**20
MOST_COLUMNS = 1000
LARGEST_STEP = 2**53

_STATIC = Path(__file__).resolve().parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_ASSETS = {path.relative_to(_STATIC).as_posix(): path for path in _STATIC.rglob("*") if path.suffix in _TYPES}


class NNHealthPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The Health tab's backend."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._judge = Judge(self._provider)
        self._of_kind: VersionedCache[Table] = VersionedCache(HISTOGRAM_BYTES, lambda table: table.values.nbytes)
        self._sweep = Sweep(self._provider, self._judge.known)
        self._ahead = Ahead(self._provider, self._judge, self._sweep)

    def is_active(self) -> bool:
        """Returns False: TensorBoard itself knows whether a run holds data of this plugin."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """Returns where the page is. TensorBoard asks for it whenever its own page opens, before ours does."""
        self._ahead.hurry()
        return base_plugin.FrontendMetadata(es_module_path="/static/index.js", tab_name="Health")

    def get_plugin_apps(self) -> dict[str, Any]:
        return {
            "/static/*": route(self._static),
            "/runs": route(self._runs),
            "/table": route(self._all_runs),
            "/diff": route(self._diff),
            "/names": route(self._names),
            "/rules": route(self._rules),
            "/rule": route(self._rule),
            "/version": route(self._version),
            "/scorecard": route(self._scorecard),
            "/report": route(self._report),
            "/csv": route(self._csv),
            "/evidence": route(self._evidence),
            "/run": route(self._run),
            "/layer": route(self._of_layer),
            "/preflight": route(self._preflight),
            "/matrix": route(self._matrix),
            "/extent": route(self._extent),
            "/flow": route(self._flow),
            "/series": route(self._series),
            "/gallery": route(self._gallery),
            "/histograms": route(self._histograms),
        }

    def _static(self, request: wrappers.Request) -> wrappers.Response:
        asset = _ASSETS.get(request.path.partition("/static/")[2])
        if asset is None:
            raise errors.NotFoundError("the page has no such file")
        return respond(request, _packed(asset), _TYPES[asset.suffix], encoding="gzip")

    def _runs(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"runs": reader.provider_runs(self._provider, *_asked(request))})

    def _all_runs(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, self._sweep.answer(*_asked(request), request.args.get("since", "")))

    def _diff(self, request: wrappers.Request) -> wrappers.Response:
        before, after = (self._read(request, name).card for name in ("against", "run"))
        return strict_json(request, before.diff(after).to_dict())

    def _names(self, request: wrappers.Request) -> wrappers.Response:
        before, after = (self._read(request, name) for name in ("against", "run"))
        earlier = earlier_places(before.card, after.card)
        rows = {row for table in tables(after.run).values() for row in table.rows}
        return strict_json(request, {"names": {row: earlier(row) for row in sorted(rows) if earlier(row) != row}})

    def _rules(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"rules": {name: dict(rule.prose) for name, rule in DIAGNOSES.items()}})

    def _rule(self, request: wrappers.Request) -> wrappers.Response:
        name = choice(request, "name", ("", *DIAGNOSES))
        content = rule_page(name, choice(request, "theme", THEMES))
        return respond(request, content.encode(), "text/html")

    def _version(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"version": self._judge.version(*_asked(request), parameter(request, "run"))})

    def _scorecard(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        if choice(request, "layers", ("1", "0")) == "0":
            return strict_json(request, judged.verdict)
        content = judged.card.to_json().encode()
        if request.args.get("download") == "1":
            return attached(request, content, "application/json", [parameter(request, "run"), "scorecard"], "json")
        return respond(request, content, "application/json")

    def _report(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        content = html(judged.run, judged.card).encode()
        return attached(request, content, "text/html", [parameter(request, "run"), "report"], "html")

    def _csv(self, request: wrappers.Request) -> wrappers.Response:
        of, span = (
            choice(request, "of", ("training", "statistic", "row", "layer", "histograms", "rates", "runs")),
            _span(request),
        )
        if of == "runs":
            rows = self._sweep.answer(*_asked(request), "")["rows"]
            return attached(request, spreadsheet.of_runs(rows), "text/csv", ["all", "runs"], "csv")
        run = self._read(request).run
        if of == "training":
            content = spreadsheet.of_training(run, span)
        elif of == "layer":
            content = spreadsheet.of_layer(run, _layer(request, run).path, span)
        elif of == "rates":
            content = spreadsheet.of_rates(_rates(run))
        elif of == "histograms":
            content = spreadsheet.of_histograms(run, _histogram_row(request, run), span)
        else:
            table = self._table(request)
            content = (
                spreadsheet.of_statistic(run, table, _statistic(request, table), span)
                if of == "statistic"
                else spreadsheet.of_row(run, table, _row(request, table), span)
            )
        told = [request.args.get(name, "") for name in ("run", "of", "statistic", "row", "layer")]
        steps = f"steps_{span[0]}-{span[1]}" if "first" in request.args else ""
        return attached(request, content, "text/csv", [*told, steps], "csv")

    def _evidence(self, request: wrappers.Request) -> wrappers.Response:
        return strict_json(request, {"evidence": self._read(request).evidence})

    def _run(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        run, card = judged.run, judged.card
        of_card = {"verdict": verdict(run, card), "bands": {name: asdict(band) for name, band in bands(card).items()}}
        return strict_json(
            request, {"version": judged.version, **facts(run), "preflight": summary(run, card), **of_card}
        )

    def _preflight(self, request: wrappers.Request) -> wrappers.Response:
        judged = self._read(request)
        if summary(judged.run, judged.card) is None:
            raise errors.NotFoundError("no preflight was made of the run")
        return strict_json(request, flight(judged.run, judged.card))

    def _of_layer(self, request: wrappers.Request) -> wrappers.Response:
        run = self._read(request).run
        return strict_json(request, layer_facts(run, _layer(request, run)))

    def _matrix(self, request: wrappers.Request) -> wrappers.Response:
        table = self._table(request)
        return binary(request, matrices.matrix(table, _statistic(request, table), *_window(request)))

    def _extent(self, request: wrappers.Request) -> wrappers.Response:
        table = self._table(request)
        return strict_json(request, asdict(extent(table, _statistic(request, table))))

    def _flow(self, request: wrappers.Request) -> wrappers.Response:
        run, table = self._read(request).run, self._table(request)
        return binary(request, matrices.flow(run, table, _statistic(request, table), *_window(request)))

    def _series(self, request: wrappers.Request) -> wrappers.Response:
        run, table = self._read(request).run, self._table(request)
        return binary(request, matrices.series(run, table, _row(request, table), *_window(request)))

    def _gallery(self, request: wrappers.Request) -> wrappers.Response:
        galleries = self._read(request).run.galleries
        place = gallery.at_step(galleries, integer(request, "step", LARGEST_STEP, 0, LARGEST_STEP))
        listed = [{"step": one.step, "title": gallery.title(one)} for one in galleries]
        shown = gallery.content(galleries[place]) if galleries else None
        problems = list(galleries.problems)
        return strict_json(request, {"galleries": listed, "shown": place, "gallery": shown, "problems": problems})

    def _histograms(self, request: wrappers.Request) -> wrappers.Response:
        judged, kind = self._read(request), parameter(request, "kind")
        if kind not in judged.run.histograms:
            raise errors.NotFoundError("the run has no histograms of this kind")
        key = plugin_util.experiment_id(request.environ), parameter(request, "run"), kind
        table = self._of_kind.get(key, judged.version, lambda: judged.run.histograms[kind])
        return binary(request, matrices.histogram(table, _row(request, table), *_window(request)))

    def _table(self, request: wrappers.Request) -> Table:
        table = tables(self._read(request).run).get(parameter(request, "table"))
        if table is None:
            raise errors.NotFoundError("there is no such table")
        return table

    def _read(self, request: wrappers.Request, which: str = "run") -> Judged:
        """Returns the run that a parameter of the request names, judged; kept until its event files grow."""
        self._ahead.end()
        return self._judge.judged(*_asked(request), parameter(request, which))


@cache
def _packed(asset: Path) -> bytes:
    """Returns the file's bytes, compressed once and not for each page."""
    return gzip.compress(asset.read_bytes())


def _asked(request: wrappers.Request) -> tuple[Any, str]:
    """Returns TensorBoard's context of the request, and the id of the experiment."""
    return plugin_util.context(request.environ), plugin_util.experiment_id(request.environ)


def _row(request: wrappers.Request, table: Table) -> str:
    row = parameter(request, "row")
    if table.row(row) is None:
        raise errors.NotFoundError("the table has no such row")
    return row


def _rates(run: HealthRun) -> Rates:
    rates = rates_of(run)
    if rates is None:
        raise errors.NotFoundError("no preflight has tried learning rates on the run")
    return rates


def _histogram_row(request: wrappers.Request, run: HealthRun) -> str:
    row = parameter(request, "row")
    if not any(row in rows for rows in run.histograms.rows.values()):
        raise errors.NotFoundError("the histograms have no such row")
    return row


def _layer(request: wrappers.Request, run: HealthRun) -> Layer:
    layer = run.model.layer(parameter(request, "layer"))
    if layer is None:
        raise errors.NotFoundError("the model has no such layer")
    return layer


def _statistic(request: wrappers.Request, table: Table) -> str:
    statistic = parameter(request, "statistic")
    if statistic not in table.columns:
        raise errors.NotFoundError("the table has no such statistic")
    return statistic


def _window(request: wrappers.Request) -> tuple[int, int, int, bool]:
    """Returns the query's first step, last step, number of columns, and whether these are spaced by the logarithm."""
    columns = integer(request, "columns", MOST_COLUMNS, 1, MOST_COLUMNS)
    return *_span(request), columns, choice(request, "spacing", ("even", "log")) == "log"


def _span(request: wrappers.Request) -> tuple[int, int]:
    """Returns the query's first and last step."""
    return integer(request, "first", 0, 0, LARGEST_STEP), integer(request, "last", LARGEST_STEP, 0, LARGEST_STEP)
