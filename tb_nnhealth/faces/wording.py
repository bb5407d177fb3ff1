"""Numbers, steps and names as people read them, in the words of the tab's `format.js`."""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from tb_nnhealth.numbers import MOST_DIGITS, percent, rounded
from tb_nnhealth.numbers import number as number
from tb_nnhealth.numbers import plural as plural

LONGEST = 400
"""Characters of a text that are shown, at most: a name in a log can have any length."""

NAMES = ("label", "target", "learning rate", "accuracy")
"""What a finding has as the unit of its number, and is the name of it: it stands before the number."""

_UNITLESS = ("", "ratio", "0 or 1", *NAMES)

_OF = "of the "
"""Begins the unit of a share that tells of what it is one: "of the batches"."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def quantity(value: float | None, unit: str | None = "", digits: int = 3) -> str:
    """Returns a number with its unit, a share in per cent."""
    if value is None or not math.isfinite(value):
        return number(value)
    if unit == "fraction":
        return percent(value, digits)
    if unit and unit.startswith(_OF):
        return f"{percent(value, digits)} {unit}"
    told = number(value, digits)
    if not unit or unit in _UNITLESS:
        return told
    return f"{told} {re.sub('(?<=[a-z])s$', '', unit) if told == '1' else unit}"


def quantities(values: Sequence[float], unit: str = "") -> list[str]:
    """Returns numbers that stand together, each with its unit, in as many digits as tell those apart that differ."""
    apart = len({None if math.isnan(value) else value for value in values})
    tries = [[quantity(value, unit, digits) for value in values] for digits in range(3, MOST_DIGITS + 1)]
    return next((told for told in tries if len(set(told)) == apart), tries[-1])


def short(count: float) -> str:
    """Returns a count as "50.9 k"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{rounded(count / size, 3):g} {letter}"
    return f"{count:g}"


def count(value: object) -> str:
    """Returns a whole number with its thousands apart; "–" is what a log holds instead of one."""
    return f"{value:,}" if isinstance(value, int) else "–"


def part(count: int, whole: int, word: str) -> str:
    """Returns "1 of 4 checks"."""
    return f"{count:,} of {plural(whole, word)}"


def steps(first: int | None, last: int | None) -> str:
    if first is None:
        return ""
    return f"step {first:,}" if last is None or last == first else f"steps {first:,}–{last:,}"


def duration(seconds: float) -> str:
    """Returns "0.73 s", "12 min", "5 h" or "3 days"."""
    if seconds < 60:
        return f"{rounded(seconds, 2):g} s"
    size, unit = (60, "min") if seconds < 3600 else (3600, "h") if seconds < 86400 else (86400, "days")
    return f"{math.floor(seconds / size + 0.5)} {unit}"


def took(seconds: float) -> str:
    """Returns what something took, in whole seconds up to ten minutes, so that it can be set against a budget."""
    return f"{math.floor(seconds + 0.5)} s" if 60 <= seconds < 600 else duration(seconds)


def moment(seconds: float | None) -> str:
    """Returns "23 Nov 2026, 05:22 UTC" of a wall time, and nothing of what is none."""
    try:
        known = datetime.fromtimestamp(float("nan") if seconds is None else seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{known.day} {_MONTHS[known.month - 1]} {known:%Y, %H:%M} UTC"


def words(name: str) -> str:
    """Returns "update ratio" of "update_ratio"."""
    return name.replace("_", " ").replace("-", " ")


def capital(text: str) -> str:
    """Returns the text with its first letter large, and the others as they are: AUC."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Returns the text with a capital, and a stop where it has no end."""
    start = re.sub(r"^[a-z]+(?=[ ,-]|$)", lambda word: word[0].capitalize(), text)
    return start if not text or text[-1] in ".!?:…" else f"{start}."


def in_sentence(text: str) -> str:
    """Returns "gradients vanish" of "Gradients vanish", but "NaN …" as it is."""
    return text[:1].lower() + text[1:] if re.match(r"[A-Z][a-z]*\b", text, re.ASCII) else text


def listed(names: Sequence[str]) -> str:
    """Returns "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plain(text: str) -> str:
    """Returns the text without what HTML cannot hold, and without its middle where it is long."""
    if len(text) > LONGEST:
        half = LONGEST // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(character if _is_shown(character) else "\ufffd" for character in text)


def most_common(texts: Iterable[str]) -> str | None:
    """Returns the text that occurs most, the first of those that occur as often; None of no texts."""
    texts = list(texts)
    return max(texts, key=texts.count, default=None)


def _is_shown(character: str) -> bool:
    code = ord(character)
    return character in "\n\t" or not (
        code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE
    )
