"""Puts a run together from the events of its tags, whichever way they were read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any

import numpy as np

from tb_nnhealth.reader._data import LogError, Series, Session, canonical, check_version, is_finite
from tb_nnhealth.reader.blocks import Each, Events, histograms_of, read_tables
from tb_nnhealth.reader.gallery import BEFORE, galleries_of
from tb_nnhealth.reader.manifest import DAMAGED, joined_facts, manifest_fault, settings_of
from tb_nnhealth.reader.setup import changes, setup_of
from tb_nnhealth.records import Epoch, Flight, FloatArray, HealthRun, ModeLosses, NonFinite, Place, Probed, Table
from tb_nnhealth.summary import metadata

COSTS = ("compile", "sampling", "training")
TEXTS = (metadata.EPOCH, metadata.EVENT, metadata.PROGRESS)
"""Texts that belong to a session."""


def assemble(
    events: Events,
    problems: Sequence[str] = (),
    late: Events | None = None,
    each: Each = map,
) -> HealthRun:
    """Returns the run that the events tell of.

    Sessions (a second `fit`, a resumed process) are joined: a later one replaces what stands at its
    steps, rows are aligned by name, the model's facts are the last one's, but for what the first told of
    the variables before training.

    Args:
      events: those of each tag.
      problems: sentences about what could not be read, to be kept in the run.
      late: the events of histograms and galleries, where they are not among the others; read when one is wanted.
      each: how a function is called on each of many things, as `map` does: perhaps several at a time.

    Raises:
      LogError: no manifest is there, or it has another schema version or form.
    """
    noted: list[str] = []
    late = events if late is None else late
    manifests = events.get(metadata.MANIFEST, ())
    starts = [(datum.wall_time, datum.step) for datum in manifests]
    sessions = _sessions(canonical(manifests, starts), noted)
    last = sessions[-1].manifest

    def read(tag: str) -> Series:
        return canonical(events.get(tag, ()), starts)

    texts = each(read, TEXTS)  # A pool of threads begins with them at once.
    tables = read_tables(sessions, events, read, each, noted)
    series = dict(zip(TEXTS, texts, strict=True))
    happened = list(_happened(series, noted))
    noted += [str(item.get("message")) for _, item in happened if item.get("kind") == "problem"]
    model = joined_facts([session.manifest for session in sessions])
    outputs = [loss.get("output") for loss in model.compile.get("losses") or []]
    epochs = tuple(_epochs(series, outputs, noted))
    progress = _progress(sessions, series, noted)
    preflight = {metadata.PREFLIGHT: canonical(events.get(metadata.PREFLIGHT, ()))}
    probes = dict(_probes(preflight, noted))
    missing, lost = _missing(sessions, tables["steps"], progress)
    steps = [report["steps"] for report in progress] + [epoch.step for epoch in epochs]
    return HealthRun(
        name=str(last["run"]),
        created=float(sessions[0].manifest["created"]),
        tool_version=str(last["tool_version"]),
        model=model,
        steps=max([*steps, *(int(table.steps[-1]) + 1 for table in tables.values() if len(table.steps))], default=0),
        samples=sum(_samples(sessions, tables["steps"], progress)),
        sampled_steps=len(np.unique(np.concatenate([table.steps for table in tables.values()]))),
        thinned=missing > 0,
        finished=progress[-1]["finished"],
        variables=tables["variables"],
        activations=tables["activations"],
        data=tables["data"],
        step=tables["steps"],
        classes=tables["classes"],
        histograms=histograms_of(sessions, late, starts),
        epochs=epochs,
        galleries=galleries_of(late, starts, probes.get(BEFORE)),
        nonfinite=_nonfinite(happened),
        loss_since=_loss_since(sessions),
        costs={cost: sum(report[cost] for report in progress) for cost in COSTS}
        | {"elapsed": sum(_elapsed(sessions, tables["steps"]))},
        problems=tuple(dict.fromkeys([*problems, *noted])),
        missing_rows=missing,
        lost_rows=lost,
        project=settings_of(last, "project"),
        limits=settings_of(last, "limits"),
        probes=probes,
        flight=_flight(preflight, bool(epochs) or progress[-1]["finished"], sessions[-1]),
    )


def _sessions(manifests: Series, noted: list[str]) -> list[Session]:
    """Returns the sessions that hold, in order; one with a damaged manifest is left out."""
    if not len(manifests.steps):
        raise LogError("Expected a run with a manifest, which its first event holds. Received: no manifest yet")
    sessions = []
    for step, wall_time, value in zip(manifests.steps, manifests.wall_times, manifests.values, strict=True):
        fault = manifest_fault(manifest := metadata.parsed(value))
        if fault is None:
            check_version(manifest["schema_version"])
            sessions.append(Session(int(step), float(wall_time), manifest))
        else:
            noted.append(f"A session from step {step} is left out. {fault}")
    if not sessions:
        raise LogError(f"{DAMAGED} {fault}")
    return sessions


def _loss_since(sessions: Sequence[Session]) -> int:
    """Returns the start of the sessions that, up to the last one, were all compiled with its losses."""
    compiled = [session.manifest.get("compile") for session in sessions]
    losses = [each.get("losses") if isinstance(each, dict) else None for each in compiled]
    same = takewhile(lambda pair: pair[1] == losses[-1], zip(reversed(sessions), reversed(losses), strict=True))
    return [session.start_step for session, _ in same][-1]


def _texts(tag: str, series: Mapping[str, Series], noted: list[str]) -> Iterator[tuple[int, Any]]:
    """Yields step and payload of each event of a JSON tag."""
    if tag not in series:
        return
    for step, value in zip(series[tag].steps, series[tag].values, strict=True):
        payload = metadata.parsed(value)
        if isinstance(payload, (dict, list)):
            yield int(step), payload
        else:
            noted.append(f"{tag} at step {step} is left out: expected JSON text")


def _epochs(series: Mapping[str, Series], outputs: Sequence[Any], noted: list[str]) -> Iterator[Epoch]:
    for step, payload in _texts(metadata.EPOCH, series, noted):
        try:
            logs = {str(name): None if value is None else float(value) for name, value in payload["logs"].items()}
            logs = _without_namesake(logs, outputs)
            yield Epoch(int(payload["epoch"]), int(payload["step"]), logs, _modes(payload.get("modes")))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            noted.append(f"{metadata.EPOCH} at step {step} is left out: expected epoch, step and logs")


def _without_namesake(logs: dict[str, float | None], outputs: Sequence[Any]) -> dict[str, float | None]:
    """Returns Keras' logs without those of an output named `val` which are called as the validation's are. Where there
    is a validation its own stand in their place, and `val_val_loss` beside them."""
    is_namesake = "val" in outputs and "val_val_loss" not in logs
    return {name: value for name, value in logs.items() if not (is_namesake and name.startswith("val_"))}


def _modes(measured: Any) -> ModeLosses | None:
    if not isinstance(measured, dict):
        return None
    return ModeLosses(*(_number(measured.get(mode), math.nan) for mode in ("training", "inference")))


def _happened(series: Mapping[str, Series], noted: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields step and content of each thing that happened."""
    for step, payload in _texts(metadata.EVENT, series, noted):
        for item in payload if isinstance(payload, list) else [payload]:
            if isinstance(item, dict):
                yield step, item


def _nonfinite(happened: Sequence[tuple[int, dict[str, Any]]]) -> NonFinite | None:
    for labelled, item in happened:
        if item.get("kind") == "nonfinite":
            places = tuple(
                Place(str(place.get("stage")), str(place.get("path")), _number(place.get("count")))
                for place in item.get("places") or ()
                if isinstance(place, dict)
            )
            step = int(_number(item.get("step"), labelled))
            since = max(-1, int(_number(item.get("since"), step)))
            return NonFinite(step, places, since if since < step - 1 else None)
    return None


def _flight(series: Mapping[str, Series], trained: bool, last: Session) -> Flight | None:
    """Returns what is told of the last preflight as a whole; None where there was none.

    Args:
      series: the preflight's events.
      trained: whether a training has come to the end of an epoch, or of its own.
      last: the last session: the first steps are one that begins in the preflight, before its events.
    """
    told = next((payload for step, payload in _texts(metadata.PREFLIGHT, series, []) if step == 0), None)
    if not isinstance(told, dict):
        return None
    seconds, failed = _number(told.get("seconds")), told.get("failed")
    followed = last.wall_time > float(series[metadata.PREFLIGHT].wall_times[0])
    is_of_preflight = _number(told.get("created")) - seconds <= last.wall_time and not followed
    return Flight(
        _number(told.get("budget")),
        seconds,
        trained or not is_of_preflight,
        failed if isinstance(failed, str) else "",
        followed,
        changes(told.get("setup"), setup_of(last.manifest)) if followed else {},
        _number(told["pull"]) if is_finite(told.get("pull")) else None,
    )


def _probes(series: Mapping[str, Series], noted: list[str]) -> Iterator[tuple[str, Probed]]:
    """Yields the probes of the last preflight by their names."""
    for step, payload in _texts(metadata.PREFLIGHT, series, noted):
        if step == 0:  # It tells of the preflight as a whole.
            problems = payload.get("problems") if isinstance(payload, dict) else None
            noted += [str(problem) for problem in problems or () if isinstance(problems, list)]
            continue
        name, values = (payload.get("probe"), payload.get("values")) if isinstance(payload, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(values, dict):
            noted.append(f"{metadata.PREFLIGHT} at step {step} is left out: expected a probe and its values")
            continue
        reason, seconds = payload.get("reason"), _number(payload.get("seconds"))
        yield name, Probed(seconds, values, None if reason is None else str(reason), payload.get("unfinished") is True)


def _progress(sessions: Sequence[Session], series: Mapping[str, Series], noted: list[str]) -> list[dict[str, Any]]:
    """Returns the last report of each session, zeros where it left none."""
    reports = [_report({}, session.start_step) for session in sessions]
    starts = [session.start_step for session in sessions]
    for step, payload in _texts(metadata.PROGRESS, series, noted):
        if isinstance(payload, dict):
            reports[max(0, int(np.searchsorted(starts, step, "right")) - 1)] = _report(payload, step)
    return reports


def _report(payload: Mapping[str, Any], step: int) -> dict[str, Any]:
    counts = {name: int(_number(payload.get(name))) for name in ("steps", "samples", "rows", "lost_rows")}
    costs = {cost: _number(payload.get(f"{cost}_seconds")) for cost in COSTS}
    return {**counts, **costs, "step": step, "finished": payload.get("finished") is True}


def _number(value: Any, default: float = 0.0) -> float:
    return float(value) if is_finite(value) else default


def _by_session(sessions: Sequence[Session], table: Table) -> Iterator[slice]:
    """Yields where in the table the rows of each session stand."""
    bounds = np.searchsorted(table.steps, [session.start_step for session in sessions[1:]])
    edges = [0, *bounds.tolist(), len(table.steps)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def _samples(sessions: Sequence[Session], table: Table, progress: Sequence[dict[str, Any]]) -> Iterator[int]:
    """Yields the samples of each session: as reported, or as its last row numbers them where it reports fewer."""
    index = table.series("sample_index", "step")
    for rows, report in zip(_by_session(sessions, table), progress, strict=True):
        yield max(report["samples"], _counted(index[rows]))


def _elapsed(sessions: Sequence[Session], table: Table) -> Iterator[float]:
    """Yields of each session the seconds from its first sample, when its manifest is written, to its last."""
    for session, rows in zip(sessions, _by_session(sessions, table), strict=True):
        times = table.wall_times[rows]
        yield max(0.0, float(times[-1]) - session.wall_time) if len(times) else 0.0


def _missing(sessions: Sequence[Session], table: Table, progress: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Returns how many rows are missing, by the last row's number and by those that had been written at a report; and
    how many of them were lost as they were written."""
    index = table.series("row_index", "step")
    missing = lost = 0
    for rows, report in zip(_by_session(sessions, table), progress, strict=True):
        until_report = int(np.sum(table.steps[rows] <= report["step"]))
        gone = max(0, _counted(index[rows]) - (rows.stop - rows.start), report["rows"] - until_report)
        missing += gone
        lost += min(gone, report["lost_rows"])
    return missing, lost


def _counted(index: FloatArray) -> int:
    """Returns how many things were counted, by the largest of their numbers from 0."""
    return int(np.max(index, where=np.isfinite(index), initial=-1.0)) + 1
