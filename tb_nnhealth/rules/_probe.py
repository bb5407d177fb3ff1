"""What rules read of the preflight's probes. Nothing that stands in a file is trusted: what has another form was not
measured."""

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._rule import NotJudged


def probed(run: HealthRun, name: str, *rests_on: str) -> Probed:
    """Returns what a probe measured.

    Args:
      run: the run.
      name: the probe.
      rests_on: of what its verdict tells, among "model", "loss" and "optimizer".

    Raises:
      NotJudged: it was not run, or measured nothing, or with something else than the training that followed; says why.
    """
    found = run.probes.get(name)
    if found is None:
        raise NotJudged("no preflight was run" if not run.probes else "it was not among the preflight's probes")
    if found.reason is not None:
        raise NotJudged(found.reason)
    changed = {} if run.flight is None else run.flight.changed
    for difference in (changed[each] for each in rests_on if each in changed):
        raise NotJudged(f"the training was made {difference}: make the preflight again")
    return found


def value_of(probed: Probed, name: str) -> float:
    """Returns a number of it, NaN where there is none."""
    value = probed.values.get(name)
    return float(value) if isinstance(value, (bool, int, float)) else float("nan")


def of_nonfinite(probed: Probed) -> str:
    """Returns a sentence, behind a space, on the examples that a probe left out for they hold NaN or infinity; empty
    where there were none."""
    left_out = value_of(probed, "nonfinite")
    if not left_out > 0:
        return ""
    return f" Left out for NaN or infinity: {whole(left_out)} of {whole(value_of(probed, 'read'))} examples."


def values_of(probed: Probed, name: str) -> NDArray[np.float64]:
    """Returns a list of numbers of it, `[n]`, NaN in the place of what is none; empty where there is no list."""
    found = probed.values.get(name)
    numbers = [v if isinstance(v, (bool, int, float)) else np.nan for v in found] if isinstance(found, list) else []
    return np.array(numbers, np.float64)


def text_of(probed: Probed, name: str) -> str:
    """Returns a text of it, empty where there is none."""
    value = probed.values.get(name)
    return value if isinstance(value, str) else ""


def records_of(probed: Probed, name: str) -> list[Probed]:
    """Returns a list of records of it, each to be read as it is; those of another form are left out."""
    found = probed.values.get(name)
    return [Probed(0.0, each) for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def record_of(probed: Probed, name: str) -> Probed:
    """Returns a record of it, to be read as it is; an empty one where there is none."""
    value = probed.values.get(name)
    return Probed(0.0, value if isinstance(value, dict) else {})


def texts_of(probed: Probed, name: str) -> list[str]:
    """Returns a list of texts of it, empty in the place of what is none; empty where there is no list."""
    found = probed.values.get(name)
    return [each if isinstance(each, str) else "" for each in found] if isinstance(found, list) else []
