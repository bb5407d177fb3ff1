"""Numbers as people read them: in the messages of the rules as on the page."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

MOST_DIGITS = 7
"""What a float32 is good for."""

MOST_COUNTED = 1e12
"""Nobody reads the digits of more."""


def number(value: float | None, digits: int = 3) -> str:
    """Returns so many significant digits; "–" is what was not measured."""
    if value is None or math.isnan(value):
        return "–"
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{_decimal(value, digits - 1):.{digits - 2}e}".split("e")
        return f"{mantissa.rstrip('0').removesuffix('.').replace('-', '−')}e{int(exponent)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    if value == int(value) or (size >= 1000 and not decimals):
        text = f"{Decimal(value).to_integral_value(ROUND_HALF_UP):,}"
    elif size >= 1000:
        text = f"{rounded(value, digits):,.{decimals}f}".rstrip("0").removesuffix(".")
    else:
        text = f"{rounded(value, digits):.{max(6, digits)}g}"
    return text.replace("-", "−")


def whole(value: float) -> str:
    """Returns a whole number with all its digits, thousands apart: a count, or a step."""
    if not abs(value) < MOST_COUNTED:
        return number(value)
    return f"{math.floor(value + 0.5):,}".replace("-", "−")


def plural(value: float, name: str) -> str:
    """Returns a count with the name of what is counted, in the plural but for one: "1 step", "2,000 steps"."""
    told = whole(value)
    return f"{told} {name}" if told == "1" else f"{told} {name}s"


def apart(one: float, other: float) -> tuple[str, str]:
    """Returns two numbers in as many digits as tell them apart; of those that are the same, three each."""
    for digits in range(3, MOST_DIGITS + 1):
        told = number(one, digits), number(other, digits)
        if told[0] != told[1]:
            return told
    return number(one), number(other)


def percent(value: float, digits: int = 3) -> str:
    """Returns a share in per cent."""
    return f"{number(100 * value, digits)} %"


def rounded(value: float, digits: int) -> float:
    """Returns a number of so many digits, halves away from zero."""
    return float(_decimal(value, digits))


def _decimal(value: float, digits: int) -> Decimal:
    """Returns it as a decimal, which the largest floats do not leave when they are rounded up."""
    return Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(float(value)))
