"""A chart's data as CSV (RFC 4180): a line for each value, of every sample, whatever a screen can show.

Numbers are exact: the shortest decimal that gives the same 64-bit number. Empty is what was not measured, `NaN` what
was and is not finite; infinity is `Inf` or `-Inf`. `lowest` and `highest` are the extremes over the
samples that a line stands for. A name that a spreadsheet would take for a formula gets an apostrophe ahead.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tb_nnhealth.faces.rates import Rates
from tb_nnhealth.nonfinite import Mask, lost
from tb_nnhealth.records import FloatArray, HealthRun, Table
from tb_nnhealth.vocabulary import HISTOGRAM_EXPONENTS, LOWEST_EXPONENT

HEADER = ("row", "statistic", "step", "value", "lowest", "highest")
RUNS_HEADER = (
    "run",
    "state",
    "score",
    "rule",
    "severity",
    "message",
    "failing",
    "steps",
    "thinned",
    "last_time",
    "loss",
)
HISTOGRAM_HEADER = ("row", "kind", "step", "from", "to", "elements")
RATES_HEADER = ("learning_rate", "loss", "smoothed")

Span = tuple[int, int]
"""The first and the last step, both included."""

END = "\r\n"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_statistic(run: HealthRun, table: Table, statistic: str, span: Span) -> bytes:
    """Returns a statistic of all rows of a table."""
    return _file(HEADER, _table(run, table, table.rows, (statistic,), span))


def of_row(run: HealthRun, table: Table, row: str, span: Span) -> bytes:
    """Returns all that was measured of a row of a table."""
    return _file(HEADER, _table(run, table, (row,), table.columns, span))


def of_training(run: HealthRun, span: Span) -> bytes:
    """Returns all that was measured of the step, and what Keras logged at the ends of epochs, as rows "epoch"."""
    return _file(HEADER, [*_table(run, run.step, run.step.rows, run.step.columns, span), *_epochs(run, span)])


def of_layer(run: HealthRun, layer: str, span: Span) -> bytes:
    """Returns all that was measured of a layer: of its variables, then of its outputs."""
    own = {variable.path for variable in run.model.variables_of(layer)}
    found = run.model.layer(layer)
    variables = [row for row in run.variables.rows if row in own]
    outputs = [row for row in run.activations.rows if found and row in found.rows]
    parts = ((run.variables, variables), (run.activations, outputs))
    return _file(HEADER, (part for table, rows in parts for part in _table(run, table, rows, table.columns, span)))


def of_histograms(run: HealthRun, row: str, span: Span) -> bytes:
    """Returns how many elements of a variable or an output lay in each bin, of those bins that ever held any."""
    parts = (part for kind, table in run.histograms.items() for part in _histogram(table, kind, row, span))
    return _file(HISTOGRAM_HEADER, parts)


def of_rates(rates: Rates) -> bytes:
    """Returns the losses of the preflight's short training at each learning rate."""
    columns = zip(rates.rates.tolist(), rates.losses.tolist(), rates.smoothed.tolist(), strict=True)
    return _file(RATES_HEADER, (f"{','.join(map(_number, numbers))}{END}" for numbers in columns))


def of_runs(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Returns the table of all runs, as far as they have been judged: a line for each, in order of names.

    Args:
      rows: as `Sweep` gives them.
    """
    lines = [_quoted([_text(row.get(name)) for name in RUNS_HEADER]) for row in sorted(map(_flat, rows), key=_name)]
    return _file(RUNS_HEADER, lines)


def _flat(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a row with what it tells of its first finding and of its loss beside the rest."""
    finding, loss = row.get("finding") or {}, row.get("loss") or {}
    known = [value for value in loss.get("values", ()) if value is not None]
    return {**row, **finding, "loss": loss.get("broken") or (known[-1] if known else None)}


def _name(row: Mapping[str, Any]) -> str:
    return str(row["run"])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else _number(value) if isinstance(value, float) else str(value)


def _table(run: HealthRun, table: Table, rows: Sequence[str], statistics: Sequence[str], span: Span) -> Iterator[str]:
    window = _window(table, span)
    steps = [str(step) for step in table.steps[window].tolist()]
    for row in rows:
        for statistic in statistics:
            value, low, high = (pick(statistic, row)[window] for pick in (table.series, table.lows, table.highs))
            gone = lost(run, table, statistic, row)[window]
            if len(statistics) == 1 or not (np.isnan(value).all() and np.isnan(high).all()) or gone.any():
                texts = _exact(value, gone)
                extremes = (
                    texts if np.array_equal(other, value, equal_nan=True) else _exact(other) for other in (low, high)
                )
                yield _lines((row, statistic), steps, texts, *extremes)


def _epochs(run: HealthRun, span: Span) -> Iterator[str]:
    first, last = span
    for name in dict.fromkeys(name for epoch in run.epochs for name in epoch.logs):
        logged = [epoch for epoch in run.epochs if name in epoch.logs and first <= epoch.step - 1 <= last]
        values = ["NaN" if epoch.logs[name] is None else _number(float(epoch.logs[name] or 0)) for epoch in logged]
        yield _lines(("epoch", name), [str(epoch.step - 1) for epoch in logged], values, values, values)


def _histogram(table: Table, kind: str, row: str, span: Span) -> Iterator[str]:
    index = table.row(row)
    if index is None:
        return
    window = _window(table, span)
    steps = [str(step) for step in table.steps[window].tolist()]
    counts = table.values[window, index, :]
    for column in np.flatnonzero((counts > 0).any(axis=0)).tolist():
        low, high = ([repr(edge)] * len(steps) for edge in _bin(column))
        yield _lines((row, kind), steps, low, high, _exact(counts[:, column]))


def _bin(index: int) -> tuple[float, float]:
    """Returns the magnitudes that a bin of the vocabulary's grid holds: from the one to the other."""
    offset = index - HISTOGRAM_EXPONENTS
    if offset == 0:
        return 0.0, 0.0
    edges = sorted(math.copysign(2.0 ** (LOWEST_EXPONENT + abs(offset) - 1 + up), offset) for up in (0, 1))
    return edges[0], edges[1]


def _window(table: Table, span: Span) -> slice:
    first, last = span
    return slice(int(np.searchsorted(table.steps, first, "left")), int(np.searchsorted(table.steps, last, "right")))


def _exact(values: FloatArray, gone: Mask | None = None) -> list[str]:
    """Returns the numbers' texts, of those that are `gone` (taken, and not finite) "NaN"."""
    texts = [_number(value) for value in values.tolist()]
    return (
        texts
        if gone is None
        else [text or ("NaN" if is_gone else "") for text, is_gone in zip(texts, gone, strict=True)]
    )


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "" if math.isnan(value) else "Inf" if value > 0 else "-Inf"


def _lines(names: Sequence[str], *columns: Sequence[str]) -> str:
    """Returns a line for each number of the columns, after the names, which alone can need quotes."""
    ahead = _quoted([f"'{name}" if name.startswith(_FORMULA) else name for name in names]).removesuffix(END)
    return "".join([f"{ahead},{','.join(numbers)}{END}" for numbers in zip(*columns, strict=True)])


def _quoted(texts: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator=END).writerow(texts)
    return line.getvalue()


def _file(header: Sequence[str], parts: Iterable[str]) -> bytes:
    return "".join([_quoted(header), *parts]).encode("utf-8", "replace")
