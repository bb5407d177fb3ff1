"""Arrays as pictures: the same range of values for all examples, from black to white, and no larger than is wanted."""

import base64
import io
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tb_nnhealth.records import is_slender

CHANNELS = (1, 3, 4)
"""How many channels pictures usually have."""

MOST_CHANNELS = 32

LEAST_SIDE = 4
"""Pixels of a picture at least, to both sides: what has fewer is a table of numbers."""

NOT_A_NUMBER = (255, 0, 255)
"""The colour of what is NaN or infinite."""

Array = NDArray[Any]


def as_pictures(values: Array) -> Array | None:
    """Returns an array `[n, …]` as pictures `[n, h, w]` or `[n, h, w, channels]`, None where it has no such shape.

    Channels that come first are put last.
    """
    if values.ndim == 3 and min(values.shape[1:]) >= LEAST_SIDE:
        return values
    axis = _axis(values.shape) if values.ndim == 4 else None
    return None if axis is None else np.moveaxis(values, axis, 3)


def order(values: Array) -> str:
    """Returns what an array `[n, …]` has as channels, and how they are drawn, in words; "" of none."""
    axis = _axis(values.shape) if values.ndim == 4 else None
    if axis is None:
        return ""
    count = values.shape[axis]
    drawn = {
        1: "one channel",
        2: "2 channels, drawn as red and green in this order",
        3: "3 channels, drawn as red, green and blue in this order",
    }.get(count, f"{count} channels, of which the first three are drawn as red, green and blue")
    return f"{drawn}; channels {'last' if axis == 3 else 'first'}"


def _axis(shape: tuple[int, ...]) -> int | None:
    """Returns which axis of `[n, …]` are the channels of pictures, the last or the first: one of a usual number of
    them, else one that is shorter than both sides; None where there is none."""
    sides = {3: shape[1:3], 1: shape[2:]}
    fitting = [axis for axis in (3, 1) if min(sides[axis]) >= LEAST_SIDE]
    usual = (axis for axis in fitting if shape[axis] in CHANNELS)
    shorter = (axis for axis in fitting if shape[axis] <= MOST_CHANNELS and shape[axis] < min(sides[axis]))
    return next(chain(usual, shorter), None)


def drawn(pictures: Array, low: float, high: float, side: int) -> list[str]:
    """Returns each of the pictures as a PNG in base64.

    Args:
      pictures: `[n, h, w]` or `[n, h, w, channels]`, of any real dtype.
      low: the value that is drawn black.
      high: the value that is drawn white.
      side: pixels of the longer side, at most; none is made larger.
    """
    return [_png(picture, low, high, side) for picture in pictures]


def size_drawn(height: int, width: int, side: int) -> tuple[int, int]:
    """Returns height and width in pixels within so many to each side, in their proportion but for slender pictures."""
    if is_slender(height, width):
        return min(height, side), min(width, side)
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _png(picture: Array, low: float, high: float, side: int) -> str:
    channels = picture[..., None] if picture.ndim == 2 else picture
    channels = channels[..., : 1 if channels.shape[-1] == 1 else 3].astype(np.float64)
    is_number: Array = np.asarray(np.isfinite(channels).all(-1))
    span = high - low
    shades = np.full(channels.shape, 0.5) if span <= 0 else (np.where(is_number[..., None], channels, low) - low) / span
    bytes_of = (np.clip(shades, 0, 1) * 255 + 0.5).astype(np.uint8)
    if bytes_of.shape[-1] == 2:
        bytes_of = np.concatenate([bytes_of, np.zeros_like(bytes_of[..., :1])], axis=-1)
    if not is_number.all():
        bytes_of = np.broadcast_to(bytes_of, (*is_number.shape, 3)).copy()
        bytes_of[~is_number] = NOT_A_NUMBER
    image = Image.fromarray(bytes_of[..., 0] if bytes_of.shape[-1] == 1 else bytes_of)
    height, width = size_drawn(image.height, image.width, side)
    if (height, width) != (image.height, image.width):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
