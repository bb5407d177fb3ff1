"""Galleries as they are written, checked and made into records: nothing of a log is taken on trust."""

import base64
import binascii
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tb_nnhealth.reader._data import Datum, canonical, is_finite
from tb_nnhealth.records import Exhibit, Galleries, Gallery, Probed, Share, Token
from tb_nnhealth.summary import metadata

STAGES = ("input", "first", "target", "prediction")

PNG = b"\x89PNG\r\n\x1a\n"

MOST_EXAMPLES, MOST_EXHIBITS, MOST_ITEMS = 256, 1000, 10_000
"""What a gallery has, at most, and each example of an exhibit: far more than are ever written."""

BEFORE = "input-gallery"
"""The probe of a preflight that has a gallery."""

Events = Mapping[str, Sequence[Datum]]


def galleries_of(events: Events, starts: Sequence[tuple[float, int]], before: Probed | None = None) -> Galleries:
    """Returns the galleries of a run, read when they are asked for.

    Args:
      events: those of each tag.
      starts: wall time in s and first step of each session.
      before: the preflight's, None where it has none.
    """
    told: list[tuple[int, Any]] = [] if before is None or before.reason is not None else [(0, before.values)]

    def read() -> tuple[Sequence[Gallery], Sequence[str]]:
        try:
            series = canonical(events.get(metadata.GALLERY, ()), starts)
        except Exception as error:  # What cannot be read of it must not hide the rest.
            return (), (f"{metadata.GALLERY} cannot be read: {error}",)
        found: list[Gallery] = []
        problems: list[str] = []
        written = zip(series.steps.tolist(), map(metadata.parsed, series.values), strict=True)
        for step, content in (*told, *written):
            try:
                found.append(gallery_of(content, step))
            except ValueError as error:
                problems.append(f"{metadata.GALLERY} at step {step} is left out: {error}")
        return tuple(found), tuple(problems)

    return Galleries(bool(told) or metadata.GALLERY in events, read)


def gallery_of(content: Any, step: int) -> Gallery:
    """Returns the gallery that a dict tells of; an exhibit that is damaged is left out, with a sentence.

    Args:
      content: as `tb_nnhealth.instrument.gallery.gallery` makes it.
      step: the step that it was taken after.

    Raises:
      ValueError: it is no gallery; says what was expected and what was received.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("exhibits"), list):
        raise ValueError("expected a gallery as a JSON object with exhibits. Received: something else")
    examples = _count(content.get("examples"))
    if examples is None or examples > MOST_EXAMPLES:
        raise ValueError(f"expected a number of examples. Received: {str(content.get('examples'))[:80]}")
    exhibits, left_out = [], [str(sentence) for sentence in _list(content.get("left_out"))]
    for given in content["exhibits"][:MOST_EXHIBITS]:
        try:
            exhibits.append(_exhibit(given, examples))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            name = str(given.get("name"))[:80] if isinstance(given, Mapping) else ""
            left_out.append(f"What the log has of {name or 'a tensor'} is damaged.")
    return Gallery(step, _count(content.get("epoch")), examples, tuple(exhibits), tuple(left_out))


def _exhibit(given: Mapping[str, Any], examples: int) -> Exhibit:
    """Returns an exhibit.

    Raises:
      Exception: a part is missing or of another type.
    """
    stage, kind, values = given["stage"], given["kind"], given["values"]
    if stage not in STAGES or not isinstance(values, list) or len(values) != examples:
        raise ValueError
    layer = given.get("layer")
    moments = {name: _number(given.get(name)) for name in ("low", "high", "mean", "std")}
    ends = tuple(map(_number, _list(given.get("drawn"))))
    shown = Exhibit(
        stage=stage,
        name=str(given["name"]),
        kind=kind,
        values=tuple(_VALUES[kind](value) for value in values),
        shape=_lengths(given.get("shape")),
        dtype=str(given.get("dtype") or ""),
        layer=None if layer is None else str(layer),
        **moments,
        nonfinite=int(_number(given.get("nonfinite"), 0.0)),
        size=_lengths(given.get("size")),
        drawn=ends if len(ends) == 2 else (moments["low"], moments["high"]),
        channels=str(given.get("channels") or ""),
        columns=tuple(str(column) for column in _list(given.get("columns"))),
        unit=str(given.get("unit") or ""),
        several=given.get("several") is True,
    )
    if kind == "numbers" and any(len(value) != len(shown.columns) for value in shown.values):
        raise ValueError
    if kind == "picture" and len(shown.size) != 2:
        raise ValueError
    return shown


def _picture(value: Any) -> str:
    try:
        is_picture = base64.b64decode(value, validate=True).startswith(PNG)
    except (binascii.Error, UnicodeError):
        is_picture = False
    if not isinstance(value, str) or not is_picture:
        raise ValueError
    return value


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(_number(each) for each in _items(value))


def _tokens(value: Any) -> tuple[Token, ...]:
    return tuple((int(number), str(word)) for number, word in _items(value))


def _classes(value: Any) -> tuple[Share, ...]:
    return tuple((int(number), _number(share), str(name)) for number, share, name in _items(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "picture": _picture,
    "numbers": _numbers,
    "tokens": _tokens,
    "text": _text,
    "classes": _classes,
}


def _items(value: Any) -> Iterator[Any]:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise ValueError
    return iter(value)


def _lengths(value: Any) -> tuple[int, ...]:
    return tuple(int(length) for length in _list(value))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any, default: float = math.nan) -> float:
    return float(value) if is_finite(value) else default


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
