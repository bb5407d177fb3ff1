"""What of one array of the validation data differs from training: its columns, its channels, its classes."""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import number, percent, whole
from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import records_of, text_of, texts_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, Severity
from tb_nnhealth.rules._shifts import NARROW, Law, as_pixels, shifts_of

NAME = "train-validation-shift"


def finding(severity: Severity, message: str, place: str | None, observed: float, limit: float, unit: str) -> Finding:
    return Finding(NAME, severity, message, tensor=place, observed=observed, limit=limit, unit=unit)


def of_columns(each: Probed, place: str, limits: Limits, in_time: bool) -> Iterator[Finding]:
    found = shifts_of(each, limits)
    if found is None:
        return
    is_most = found.share > limits["columns"]
    law = found.law
    if law is not None and (is_most or abs(math.log(law.factor)) > math.log(limits["alike"])):
        told = f"{whole(law.columns)} of {whole(law.measured)} columns differ alike: validation is about {_made(law)}"
        is_far = not in_time or abs(math.log(law.factor)) > math.log(limits["column"])
        yield finding(
            "warning" if is_far else "info",
            f"{told}{as_pixels(law.factor)}.",
            place,
            law.columns / law.measured,
            limits["columns"],
            "of the columns",
        )
        return
    told_alone = found.column >= 0 and value_of(each, "alike") != 1
    if is_most or (found.share > 0 and not told_alone):
        factor = f"are {number(found.factor)} times as wide{as_pixels(found.factor)}, and "
        told = f"In validation {percent(found.share)} of the columns differ: they "
        told += (factor if math.isfinite(found.factor) else "") + f"are shifted by {number(found.shift)} deviations"
        is_far = not in_time or abs(math.log(found.factor)) > math.log(limits["column"])
        yield finding(
            "warning" if is_most and is_far else "info",
            f"{told}.",
            place,
            found.share,
            limits["columns"],
            "of the columns",
        )
    if told_alone and not is_most:
        told = f"Column {whole(found.column)} (from 0) is {number(found.column_factor)} times as wide in validation"
        observed = max(found.column_factor, 1 / found.column_factor)
        yield finding("warning", f"{told}{as_pixels(found.column_factor)}.", place, observed, limits["column"], "ratio")


def _made(law: Law) -> str:
    """Returns how validation is made of training: "0.5 × training + 1"."""
    times = f"{number(law.factor, 2)} × training"
    return f"{times} {'−' if law.summand < 0 else '+'} {number(abs(law.summand), 2)}" if law.summand else times


def of_channels(each: Probed, place: str, limits: Limits) -> Iterator[Finding]:
    effect, mirrored = value_of(each, "effect"), value_of(each, "mirrored")
    if value_of(each, "p") <= limits["p"] and effect > limits["channels"] and -2 <= mirrored <= -0.5:
        told = (
            "The first and the last channel of pictures are swapped in validation: what the one is above the other is "
        )
        told += f"{number(mirrored)} times that of training."
        yield finding("warning", told, place, effect, limits["channels"], "deviations")


def of_constants(each: Probed, place: str, limits: Limits) -> Iterator[Finding]:
    for side in ("validation", "training") if value_of(each, "alike") != 1 else ():
        records = [r for r in records_of(each, "constant") if text_of(r, "side") == side]
        sure = [r for r in records if value_of(r, "p") <= limits["p"] and value_of(r, "width") >= NARROW]
        if sure:
            names = ", ".join(whole(value_of(record, "column")) for record in sure[:5])
            told = f"In {side} some columns have one value and vary in the other data: {names} (from 0)."
            yield finding("warning", told, place, value_of(sure[0], "p"), limits["p"], "probability")


def of_classes(each: Probed, place: str, limits: Limits) -> Iterator[Finding]:
    is_told = False
    for which, here, there in (("missing", "training", "validation"), ("new", "validation", "training")):
        p = values_of(each, f"{which}_p")
        sure = [name for name, chance in zip(texts_of(each, which), p, strict=False) if chance <= limits["p"]]
        if sure:
            told = f"Classes of {here} are missing in {there}: {', '.join(sure[:5])}{', …' if len(sure) > 5 else ''}."
            yield finding("warning", told, place, float(p[0]), limits["p"], "probability")
            is_told = True
    apart = value_of(each, "apart")
    if not is_told and apart > limits["apart"] and value_of(each, "p_apart") <= limits["p"]:
        told = f"The classes' shares in validation are {percent(apart)} away from those in training."
        yield finding("info", told, place, apart, limits["apart"], "fraction")
