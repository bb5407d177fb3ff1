"""A chart's data as CSV (RFC 4180): a line for each value, of every sample, whatever a screen can show.

Numbers are exact: the shortest decimal that gives the same 64-bit number. Empty is what was not measured; infinity
is `Inf` or `-Inf`, what Keras logged without a finite value `NaN`. `lowest` and `highest` are the extremes over the
samples that a line stands for. A name that a spreadsheet would take for a formula gets an apostrophe ahead.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tb_nnhealth.records import HealthRun, Table
from tb_nnhealth.vocabulary import HISTOGRAM_EXPONENTS, LOWEST_EXPONENT

HEADER = ("row", "statistic", "step", "value", "lowest", "highest")
HISTOGRAM_HEADER = ("row", "kind", "step", "from", "to", "elements")

Span = tuple[int, int]
"""The first and the last step, both included."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_statistic(table: Table, statistic: str, span: Span) -> bytes:
    """Returns a statistic of all rows of a table."""
    return _written(HEADER, _table(table, table.rows, (statistic,), span))


def of_row(table: Table, row: str, span: Span) -> bytes:
    """Returns all that was measured of a row of a table."""
    return _written(HEADER, _table(table, (row,), table.columns, span))


def of_training(run: HealthRun, span: Span) -> bytes:
    """Returns all that was measured of the step, and what Keras logged at the ends of epochs, as rows "epoch"."""
    return _written(HEADER, [*_table(run.step, run.step.rows, run.step.columns, span), *_epochs(run, span)])


def of_layer(run: HealthRun, layer: str, span: Span) -> bytes:
    """Returns all that was measured of a layer: of its variables, then of its outputs."""
    own = {variable.path for variable in run.model.variables if variable.layer == layer}
    found = run.model.layer(layer)
    variables = [row for row in run.variables.rows if row in own]
    outputs = [row for row in run.activations.rows if found and row in found.rows]
    parts = ((run.variables, variables), (run.activations, outputs))
    return _written(HEADER, (line for table, rows in parts for line in _table(table, rows, table.columns, span)))


def of_histograms(run: HealthRun, row: str, span: Span) -> bytes:
    """Returns how many elements of a variable or an output lay in each bin, of those bins that ever held any."""
    lines = (line for kind, table in run.histograms.items() for line in _histogram(table, kind, row, span))
    return _written(HISTOGRAM_HEADER, lines)


def _table(table: Table, rows: Sequence[str], statistics: Sequence[str], span: Span) -> Iterator[tuple[str, ...]]:
    window = _window(table, span)
    steps = [str(step) for step in table.steps[window].tolist()]
    for row in rows:
        for statistic in statistics:
            value, low, high = (pick(statistic, row)[window] for pick in (table.series, table.lows, table.highs))
            if len(statistics) > 1 and np.isnan(value).all() and np.isnan(high).all():
                continue
            columns = [list(map(_exact, part.tolist())) for part in (value, low, high)]
            yield from zip([_name(row)] * len(steps), [_name(statistic)] * len(steps), steps, *columns, strict=True)


def _epochs(run: HealthRun, span: Span) -> Iterator[tuple[str, ...]]:
    first, last = span
    for name in dict.fromkeys(name for epoch in run.epochs for name in epoch.logs):
        for epoch in run.epochs:
            if name in epoch.logs and first <= epoch.step - 1 <= last:
                logged = epoch.logs[name]
                value = "NaN" if logged is None else _exact(logged)
                yield ("epoch", _name(name), str(epoch.step - 1), value, value, value)


def _histogram(table: Table, kind: str, row: str, span: Span) -> Iterator[tuple[str, ...]]:
    index = table.row(row)
    if index is None:
        return
    window = _window(table, span)
    counts = table.values[window, index, :]
    for column in np.flatnonzero((counts > 0).any(axis=0)).tolist():
        low, high = _bin(column)
        for step, count in zip(table.steps[window].tolist(), counts[:, column].tolist(), strict=True):
            yield (_name(row), kind, str(step), repr(low), repr(high), _exact(count))


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


def _exact(value: float) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return repr(value)


def _name(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(header: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue().encode("utf-8", "replace")
