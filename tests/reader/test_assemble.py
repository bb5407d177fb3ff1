"""The assembly by itself: canonical order, and its cost."""

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tb_nnhealth.reader import Datum, LogError, assemble
from tb_nnhealth.reader._data import canonical
from tb_nnhealth.records import Flight, HealthRun, Probed
from tb_nnhealth.summary import metadata
from tests.synthetic import VARIABLES, make_manifest, make_variable


def data(*steps_and_times: tuple[int, float]) -> list[Datum]:
    return [Datum(step, wall_time, str(step)) for step, wall_time in steps_and_times]


@pytest.mark.parametrize(
    ("events", "starts", "steps"),
    [
        ([], [], []),
        ([(0, 1.0), (1, 2.0), (2, 3.0)], [], [0, 1, 2]),
        ([(0, 1.0), (10, 2.0), (20, 3.0), (5, 4.0), (6, 5.0)], [], [0, 5, 6]),
        ([(3, 1.0), (3, 2.0)], [], [3]),
        ([(5, 1.0), (0, 2.0)], [], [0]),
        ([(0, 1.0), (10, 2.0), (20, 3.0)], [(0.5, 0), (4.0, 10)], [0]),
        ([(0, 1.0), (10, 2.0), (20, 6.0)], [(0.5, 0), (4.0, 10)], [0, 20]),
        ([(0, 1.0), (10, 4.0)], [(4.0, 10)], [0, 10]),
        ([(-1, 1.0), (2**62, 2.0)], [], [-1, 2**62]),
    ],
    ids=["none", "rising", "going back", "twice", "restart", "orphans", "session", "own session", "extreme steps"],
)
def test_canonical_order(events: list[tuple[int, float]], starts: list[tuple[float, int]], steps: list[int]) -> None:
    series = canonical(data(*events), starts)
    assert series.steps.tolist() == steps
    assert series.values == [str(step) for step in steps]


def kept_by_the_fast_loader(events: list[Datum]) -> list[Datum]:
    kept: list[Datum] = []
    for event in events:
        kept = [*(datum for datum in kept if datum.step < event.step), event]
    return kept


def test_whatever_sessions_there_were_both_loaders_give_the_same() -> None:
    """Sessions that start anywhere, and write a tag at any of their steps."""
    random = np.random.default_rng(0)
    for _ in range(500):
        clock, manifests, events = 0.0, [], []
        for start in random.integers(0, 12, random.integers(1, 5)):
            clock += 1.0
            manifests.append(Datum(int(start), clock, "manifest"))
            for step in range(start, start + random.integers(1, 12)):
                clock += 1.0
                if random.random() < 0.4:
                    events.append(Datum(int(step), clock, f"{step} at {clock}"))
        both = []
        for kept in (list, kept_by_the_fast_loader):
            starts = [(datum.wall_time, datum.step) for datum in kept(manifests)]
            both.append(canonical(kept(events), starts).values)
        assert both[0] == both[1]
        last = manifests[-1]
        expected = [datum.value for datum in events if datum.wall_time > last.wall_time]
        assert [value for value in both[0] if int(value.split()[0]) >= last.step] == expected


def test_without_a_manifest() -> None:
    with pytest.raises(LogError, match=r"Expected .*manifest.* Received: no manifest yet"):
        assemble({})


def sessions_of(*described: tuple[int, dict[str, dict[str, Any]]]) -> dict[str, list[Datum]]:
    """Manifests only: for each session its first step, and changes to variables by path."""
    manifests = []
    for wall_time, (start_step, changes) in enumerate(described):
        manifest = make_manifest(start_step=start_step)
        manifest["model"]["variables"] = [make_variable(path, **changes.get(path, {})) for path in VARIABLES]
        for layout in [*manifest["tables"].values(), *manifest["histograms"].values()]:
            layout["blocks"] = [[0, len(layout["rows"])]]
        manifests.append(Datum(start_step, float(wall_time), json.dumps(manifest)))
    return {metadata.MANIFEST: manifests}


def initial_of(*described: tuple[int, dict[str, dict[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    return {variable.path: variable.initial for variable in assemble(sessions_of(*described)).model.variables}


def test_facts_before_the_first_step_come_from_the_earliest_session_that_holds() -> None:
    kernel, other = "dense/kernel", "output/kernel"
    first, second, none = ({"initial": initial} for initial in ({"std": 1.0}, {"std": 2.0}, {}))
    untold = {kernel: none, other: none}
    joined = initial_of((0, {kernel: first, other: none}), (5, {kernel: none, other: second}), (9, untold))
    assert joined == {kernel: {"std": 1.0}, "dense/bias": {}, other: {"std": 2.0}, "output/bias": {}}
    assert initial_of((0, {kernel: first}), (5, {kernel: second}))[kernel] == {"std": 2.0}
    assert initial_of((0, {kernel: first}), (0, {kernel: none}))[kernel] == {}  # replaced, all of it
    assert initial_of((0, {kernel: {**first, "shape": [9, 4]}}), (5, {kernel: none}))[kernel] == {}


def test_an_earlier_session_that_does_not_describe_the_model_harms_nothing() -> None:
    events = sessions_of((0, {}), (5, {"dense/kernel": {"initial": {}}}))
    damaged = json.loads(events[metadata.MANIFEST][0].value)
    damaged["model"] = {"variables": 3}
    events[metadata.MANIFEST][0] = Datum(0, 0.0, json.dumps(damaged))
    variable = assemble(events).model.variable("dense/kernel")
    assert variable is not None and variable.initial == {}


def test_a_large_run_is_assembled_in_well_under_a_second() -> None:
    rows, steps = [f"layer{index}/kernel" for index in range(200)], 1000
    manifest = make_manifest(variables=rows)
    columns = manifest["tables"]["variables"]["columns"]
    manifest["tables"] = {"variables": {"rows": rows, "columns": columns, "blocks": [[0, 100], [100, 200]]}}
    manifest["histograms"] = {}
    blocks = np.random.default_rng(0).random((2, steps, 100, len(columns)), np.float32)
    events = {
        metadata.table_tag("variables", i): [Datum(t, t + 1.0, blocks[i, t]) for t in range(steps)] for i in (0, 1)
    }
    events[metadata.MANIFEST] = [Datum(0, 0.5, json.dumps(manifest))]
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        run = assemble(events)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.5
    np.testing.assert_array_equal(run.variables.values[:, 100:], blocks[1])
    assert run.variables.low is run.variables.values


def loss_since(*described: tuple[int, Any]) -> int:
    """Of sessions that start at a step with these compiled losses."""
    events = sessions_of(*((start_step, {}) for start_step, _ in described))
    for index, (datum, (_, losses)) in enumerate(zip(events[metadata.MANIFEST], described, strict=True)):
        manifest = json.loads(datum.value)
        manifest["compile"] = {"losses": losses} if isinstance(losses, list) else losses
        events[metadata.MANIFEST][index] = datum._replace(value=json.dumps(manifest))
    return assemble(events).loss_since


def test_the_present_losses_hold_since_the_session_that_brought_them() -> None:
    mse, mae = [{"output": "y", "class_name": "MeanSquaredError"}], [{"output": "y", "class_name": "MeanAbsoluteError"}]
    assert loss_since((0, mse)) == 0
    assert loss_since((5000, mse)) == 5000
    assert loss_since((0, mse), (50, mse), (90, mse)) == 0
    assert loss_since((0, mse), (50, mae), (90, mae)) == 50
    assert loss_since((0, mae), (50, mse), (90, mae)) == 90
    assert loss_since((0, mse), (50, mae), (50, mse)) == 0  # replaced
    assert loss_since((0, mse), (50, None)) == 50
    assert loss_since((0, None), (50, None)) == 0
    assert loss_since((0, "damaged"), (50, mse)) == 50


HUGE = 10**400  # JSON holds integers that no float does


@pytest.mark.parametrize("told", [HUGE, -HUGE, float("inf"), float("nan"), "many", None, [1]])
def test_a_number_that_is_none_or_not_finite_counts_as_not_told(told: Any) -> None:
    progress = dict.fromkeys(("steps", "samples", "rows", "sampling_seconds"), told)
    happened = {"kind": "nonfinite", "step": told, "since": told, "places": [{"stage": "loss", "count": told}]}
    run = assemble(
        {
            **sessions_of((0, {})),
            metadata.PROGRESS: [Datum(3, 1.0, json.dumps(progress))],
            metadata.EVENT: [Datum(3, 1.0, json.dumps([happened]))],
        }
    )
    assert (run.steps, run.samples, run.costs["sampling"]) == (0, 0, 0.0)
    assert run.nonfinite is not None and (run.nonfinite.step, run.nonfinite.places[0].count) == (3, 0.0)


def changed(**parts: Any) -> dict[str, list[Datum]]:
    """A session whose manifest has these parts."""
    events = sessions_of((0, {}))
    manifest = json.loads(events[metadata.MANIFEST][0].value)
    return {metadata.MANIFEST: [Datum(0, 0.0, json.dumps({**manifest, **parts}))]}


@pytest.mark.parametrize("created", [HUGE, float("inf"), float("nan"), "today", None])
def test_a_time_that_is_no_number_is_refused(created: Any) -> None:
    with pytest.raises(LogError, match=r"Expected a manifest with a usable 'created'\. Received: "):
        assemble(changed(created=created))


@pytest.mark.parametrize("told", [float("-inf"), True, HUGE, "Adam", [3], [None]])
@pytest.mark.parametrize("part", ["optimizer", "losses", "metrics", "output_metrics"])
def test_a_compilation_of_other_types_is_refused(part: str, told: Any) -> None:
    with pytest.raises(LogError, match=rf"describes the model\. Received: one with a fault \(compile/{part}=.*\)$"):
        assemble(changed(compile={part: told}))


@pytest.mark.parametrize("part", ["optimizer", "losses", "metrics", "output_metrics"])
def test_a_compilation_may_lack_a_part(part: str) -> None:
    assert assemble(changed(compile={part: None})).model.compile == {part: None}


@pytest.mark.parametrize(
    ("part", "field", "told"),
    [
        ("layers", "path", []),
        ("layers", "rows", [{"a": 1}]),
        ("layers", "rows", "dense"),
        ("layers", "units", float("inf")),
        ("layers", "rate", "half"),
        ("variables", "layer", {}),
        ("variables", "shape", [4, None]),
        ("variables", "initial", None),
    ],
)
def test_a_description_of_other_types_is_refused(part: str, field: str, told: Any) -> None:
    model = make_manifest()["model"]
    model[part][0][field] = told
    with pytest.raises(LogError, match=rf"one with a fault \((Layer|Variable)\.{field}=.*\)$"):
        assemble(changed(model=model))


def test_the_loss_of_an_output_named_val_is_not_taken_for_the_validations() -> None:
    def logged(logs: dict[str, float], *outputs: str) -> Mapping[str, float | None]:
        events = changed(compile={"losses": [{"output": name, "class_name": "MeanSquaredError"} for name in outputs]})
        told = [Datum(9, 9.0, json.dumps({"epoch": 0, "step": 10, "logs": logs}))]
        return assemble({**events, metadata.EPOCH: told}).epochs[0].logs

    own = {"loss": 3.0, "mean_loss": 1.0, "val_loss": 2.0, "val_mae": 1.0}
    assert logged(own, "mean", "val") == {"loss": 3.0, "mean_loss": 1.0}
    assert logged(own, "mean", "other") == own
    validated = own | {"val_mean_loss": 1.5, "val_val_loss": 2.5}
    assert logged(validated, "mean", "val") == validated


def flown(*began: float, epochs: int = 0) -> HealthRun:
    """A run after a preflight at 5 s, whose sessions began at these times."""
    manifests = [
        datum._replace(wall_time=wall_time) for wall_time in began for datum in sessions_of((0, {}))[metadata.MANIFEST]
    ]
    told = [
        {"budget": 60.0, "created": 5.0, "seconds": 4.5},
        {"probe": "data-order", "seconds": 1.0, "values": {"ratio": 0.5}},
    ]
    events = {
        metadata.MANIFEST: manifests,
        metadata.PREFLIGHT: [Datum(step, 5.0 + step, json.dumps(payload)) for step, payload in enumerate(told)],
        metadata.EPOCH: [
            Datum(9, began[-1] + 1, json.dumps({"epoch": index, "step": 10, "logs": {}})) for index in range(epochs)
        ],
    }
    return assemble(events)


@pytest.mark.parametrize(
    ("run", "trained", "followed"),
    [
        (flown(1.0), False, False),
        (flown(1.0, 9.0), True, True),
        (flown(1.0, epochs=1), True, False),
        (flown(0.2), True, False),
    ],
    ids=["first steps", "a training after it", "a training before it", "a training cut short before it"],
)
def test_a_run_is_trained_once_a_session_is_not_its_preflights(run: HealthRun, trained: bool, followed: bool) -> None:
    assert run.flight == Flight(60.0, 4.5, trained, followed=followed)
    assert run.untrained is not trained
    assert run.probes == {"data-order": Probed(1.0, {"ratio": 0.5})}


def test_a_damaged_preflight_is_none() -> None:
    for text in ("[]", "{", '"x"'):
        run = assemble({**sessions_of((0, {})), metadata.PREFLIGHT: [Datum(0, 5.0, text)]})
        assert run.flight is None and not run.untrained
