"""No rule breaks, whatever a run holds: what cannot be judged is no_data, never an error."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_nnhealth.engine import judge
from tb_nnhealth.reader import Datum, assemble
from tb_nnhealth.records import Epoch, HealthRun, ModelFacts, NonFinite, Place, Table
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.summary import metadata
from tests.rules.builder import change, healthy, losses, model, table, unmeasured, with_epochs, with_variables
from tests.synthetic import make_manifest, make_tables

TABLES = ("variables", "activations", "data", "step", "classes")
NUMBERS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-38, 3e38, -3e38, 1e-8, -1.0, 0.5, 1.0, 2.0], np.float32)
PLACES = [
    Place(stage, path, 1.0)
    for stage in ("input", "variable", "activation", "loss", "gradient", "update", "of-another-version")
    for path in ("", "dense_0", "dense_0/kernel", "input/x", "not-there")
]
EPOCH_LOSSES = (None, np.nan, np.inf, 0.0, -1.0, 1.0, 1e300)
LOSSES = ("MeanSquaredError", "BinaryCrossentropy", "CategoricalCrossentropy", None)
COMPILED: list[dict[str, Any]] = [
    *({"losses": [{"class_name": name}]} for name in LOSSES),
    *({}, {"losses": None, "optimizer": None}, {"losses": [{}]}, {"optimizer": {"loss_scaled": True}}),
]


def assert_judged(run: HealthRun) -> None:
    """Fails where a rule breaks or warns, or where the scorecard is not strict JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        broken = {v.rule.name: v.reason for v in judge(run) if v.status == "error"}
        assert broken == {}
        json.loads(Scorecard.from_run(run).to_json(), parse_constant=pytest.fail)


def scrambled(old: Table, random: np.random.Generator, share: float) -> Table:
    """The table with some of its numbers replaced, rows that were never measured, and steps left out."""
    values = np.where(random.random(old.values.shape) < share, random.choice(NUMBERS, old.values.shape), old.values)
    values[:, random.random(len(old.rows)) < share / 2] = np.nan
    values[:, :, random.random(len(old.columns)) < share / 2] = random.choice(NUMBERS)
    kept = random.random(len(old.steps)) >= share / 2
    values = values[kept].astype(np.float32)
    if share < 1:  # else the first non-finite value that is counted ends what the other rules see
        values[:, :, [column.endswith("_nonfinite") for column in old.columns]] = 0.0
    steps = old.steps[kept]
    return Table(old.rows, old.columns, steps, old.wall_times[kept], values, values, values)


@st.composite
def runs(draw: st.DrawFn) -> HealthRun:
    """A run of the builder with anything wrong with it."""

    def one_of(*choices: Any) -> Any:
        return draw(st.sampled_from(choices))

    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = np.unique(random.integers(0, 200, one_of(1, 5, 20, 60, 100))) + one_of(0, 5000)
    last = int(steps[-1])
    facts = replace(model(hidden=one_of(0, 1, 3)), compile=one_of(*COMPILED))
    run = sick(healthy(without_units(facts) if one_of(True, False) else facts, steps), one_of)
    empty, share = one_of(None, None, *TABLES), one_of(0.0, 0.02, 0.1, 0.4, 1.0)
    tables = {name: Table.empty() if name == empty else scrambled(getattr(run, name), random, share) for name in TABLES}
    logs = draw(st.lists(st.sampled_from([{}, *({"loss": loss} for loss in EPOCH_LOSSES)]), max_size=12))
    places = draw(st.lists(st.sampled_from(PLACES), max_size=3))
    return replace(
        run,
        **tables,
        steps=one_of(0, last + 1, last + 1, 10**9),
        finished=one_of(True, False),
        epochs=tuple(Epoch(index, last * (index + 1) // len(logs), log) for index, log in enumerate(logs)),
        nonfinite=one_of(None, None, None, NonFinite(one_of(0, 100, 5100), tuple(places))),
        loss_since=one_of(0, 0, int(steps[0]), last, 10**9),
    )


def without_units(facts: ModelFacts) -> ModelFacts:
    """The model with an output layer of no units."""
    nothing = {"shape": (0, 0), "fan_in": 0, "fan_out": 0, "initial": {"std": float("nan"), "norm": 0.0}}
    facts = with_variables(replace(healthy(), model=facts), {"output/kernel": nothing}).model
    return replace(facts, layers=tuple(replace(layer, units=0, parameters=0) for layer in facts.layers))


def sick(run: HealthRun, one_of: Callable[..., Any]) -> HealthRun:
    """The run with statistics at which rules speak up."""
    loss = one_of(1.0, -1.0, 0.0, 1e30) * np.geomspace(1.0, one_of(0.1, 1.0, 50.0), len(run.step.steps))
    run = replace(run, classes=table(("target/y",), {"0": 3.0, "1": 0.0}, run.step.steps))
    run = change(run, "step", "loss", loss)
    run = change(run, "variable", "update_ratio", one_of(1e-9, 1e-7, 1e-3, 0.5))
    run = change(run, "variable", "gradient_rms", one_of(0.0, 1e-30, 1e-3, 1e30), "output/kernel")
    run = change(run, "activation", "dead_unit_fraction", one_of(0.0, 0.5, 1.0))
    return change(run, "activation", "saturated_fraction", one_of(0.0, 1.0))


@settings(max_examples=200, deadline=None)
@given(runs())
def test_no_run_breaks_a_rule(run: HealthRun) -> None:
    assert_judged(run)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_a_few_samples(count: int) -> None:
    assert_judged(healthy(steps=np.arange(count)))
    assert_judged(replace(healthy(steps=np.arange(count)), finished=False))


def test_nothing_sampled_and_nothing_to_sample() -> None:
    nothing = replace(model(), layers=(), variables=(), parameters=0, trainable_parameters=0)
    assert_judged(unmeasured(healthy()))
    assert_judged(replace(unmeasured(healthy()), model=nothing))
    assert_judged(replace(healthy(), model=nothing))
    no_rows = replace(healthy().variables, rows=(), values=np.zeros((28, 0, 25), np.float32))
    assert_judged(replace(healthy(), variables=replace(no_rows, low=no_rows.values, high=no_rows.values)))


@pytest.mark.parametrize("statistic", ["loss", "gradient_global_norm", "learning_rate", "update_applied"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0, 3e38])
def test_one_statistic_of_the_step_throughout(statistic: str, value: float) -> None:
    assert_judged(change(losses(healthy(), 2.3), "step", statistic, value))


def test_epochs_alone_and_gaps_between_the_samples() -> None:
    assert_judged(with_epochs(unmeasured(healthy()), np.linspace(2, 1, 10)))
    kept = np.arange(28) % 5 == 0
    gaps = replace(
        healthy().step,
        steps=healthy().step.steps[kept],
        wall_times=healthy().step.wall_times[kept],
        **{name: getattr(healthy().step, name)[kept] for name in ("values", "low", "high")},
    )
    assert_judged(replace(healthy(), step=gaps))


def events(manifest: dict[str, Any], **others: list[Datum]) -> dict[str, list[Datum]]:
    for layout in [*manifest["tables"].values(), *manifest["histograms"].values()]:
        layout["blocks"] = [[0, len(layout["rows"])]]
    return {metadata.MANIFEST: [Datum(0, 0.5, json.dumps(manifest))], **others}


def test_a_run_as_it_is_read_with_a_manifest_events_or_one_sample_only() -> None:
    happened = [Datum(3, 4.0, json.dumps([{"kind": "nonfinite", "step": 3, "places": [{"stage": "loss"}]}]))]
    progress = [Datum(3, 4.0, json.dumps({"steps": 4, "finished": True}))]
    for others in ({}, {metadata.EVENT: happened}, {metadata.PROGRESS: progress}):
        assert_judged(assemble(events(make_manifest(), **others)))
    for variables in ((), ("dense/kernel",)):
        manifest = make_manifest(variables=variables) if variables else make_manifest()
        if not variables:
            manifest["model"].update(layers=[], variables=[], parameters=0, trainable_parameters=0)
            manifest["tables"]["variables"]["rows"] = manifest["tables"]["activations"]["rows"] = []
            manifest["histograms"] = {}
        tables = make_tables(manifest, 0)
        sample = {metadata.table_tag(name, 0): [Datum(0, 1.0, values)] for name, values in tables.items()}
        assert_judged(assemble(events(manifest, **sample)))


def test_class_counts_that_cannot_be_added() -> None:
    run = replace(
        healthy(), classes=table(("target/y",), {"0": np.where(np.arange(28) % 2, np.inf, -np.inf), "1": 3.0})
    )
    assert_judged(run)
