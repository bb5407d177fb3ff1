"""What a chart draws of the run's tables: a statistic of one row, thinned to so many points."""

from tb_nnhealth.faces.evidence import Curve, of_table
from tb_nnhealth.faces.thinning import buckets, last_taken, thinned
from tb_nnhealth.nonfinite import lost
from tb_nnhealth.records import HealthRun, Table


def curve_of(run: HealthRun, table: Table, row: str, statistic: str, unit: str, points: int) -> Curve:
    """Returns a statistic of a row: a point that ends in NaN is NaN, whatever was measured before.

    Args:
      run: the run.
      table: one of its tables, with a sample.
      row: of the table.
      statistic: a column of the table.
      unit: the statistic's.
      points: at most.
    """
    whole = of_table(table, row, statistic, unit)
    steps, _, low, high = thinned(whole.steps, whole.values, whole.low, whole.high, points)
    _, starts = buckets(whole.steps, 0, int(whole.steps[-1]), points)
    gone = lost(run, table, statistic, row)
    values, ended = last_taken(whole.values[:, None], gone[:, None], starts)
    return Curve(row, statistic, unit, steps, values[:, 0], low, high, ended[:, 0])


def is_drawn(curve: Curve, above: float | None = None) -> bool:
    """Returns whether a curve was taken; with `above` whether it ever exceeds that."""
    reached = bool((curve.high > (-float("inf") if above is None else above)).any())
    return reached or (above is None and curve.lost is not None and bool(curve.lost.any()))
