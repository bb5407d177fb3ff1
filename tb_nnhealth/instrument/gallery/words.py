"""What ids stand for: a vocabulary as users have it, read into the words in the order of their ids."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_WORDS = 2**22
"""The highest id that a vocabulary may give a word, for a table of all ids up to it is made."""

Words = Sequence[str]
Vocabularies = Mapping[str, Words]
"""The words of each tensor by its name; "" for those of all inputs that have none of their own."""

EXPECTED = (
    "`vocabulary` should be the words in the order of their ids: a list, a path of a file with one a line, "
    "a mapping from id to word or from word to id, a layer with `get_vocabulary`, or a dict with one of these "
    "for each input or output by its name"
)


def vocabularies(given: Any) -> Vocabularies:
    """Returns what was given as a vocabulary, by the names of the tensors that it is for.

    Raises:
      ValueError: it is no vocabulary, or its file cannot be read; says what was expected and what was received.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping) and given and not any(isinstance(value, (str, int)) for value in given.values()):
        return {str(name): _words(value) for name, value in given.items()}
    return {"": _words(given)}


def of_layers(model: Any) -> Words | None:
    """Returns the vocabulary of the model's only lookup layer, None where it has none or several."""
    every = [layer for layer in model._flatten_layers() if hasattr(layer, "get_vocabulary")]
    inner = {id(part) for layer in every for part in layer._flatten_layers(include_self=False)}
    found = [layer for layer in every if id(layer) not in inner]
    if len(found) != 1:
        return None
    try:
        return _words(found[0])
    except Exception:  # It may be not adapted yet, or of the user's own.
        return None


def word(words: Words | None, number: int) -> str:
    """Returns the word of an id, "" where there is none."""
    return words[number] if words is not None and 0 <= number < len(words) else ""


def _words(given: Any) -> Words:
    if hasattr(given, "get_vocabulary"):
        given = given.get_vocabulary()
    if isinstance(given, Mapping):
        return _of_mapping(given)
    if isinstance(given, (str, os.PathLike)):
        return _of_file(os.fspath(given))
    if not isinstance(given, (list, tuple)) and not hasattr(given, "tolist"):
        raise ValueError(f"{EXPECTED}. Received: {_shown(given)}")
    every = given.tolist() if hasattr(given, "tolist") else given
    if len({isinstance(each, (str, bytes)) for each in every}) > 1:
        raise ValueError(f"{EXPECTED}. Received: {_shown(given)}, of which some are text and some are not")
    return tuple(map(_text, every))


def _of_mapping(given: Mapping[Any, Any]) -> Words:
    pairs = [(key, value) if isinstance(value, str) else (value, key) for key, value in given.items()]
    try:
        by_id = {int(number): _text(each) for number, each in pairs}
    except (TypeError, ValueError):
        raise ValueError(f"{EXPECTED}. Received: {_shown(given)}") from None
    if not all(0 <= number <= MOST_WORDS for number in by_id):
        raise ValueError(f"{EXPECTED}, with ids from 0 to {MOST_WORDS}. Received: {_shown(given)}")
    return tuple(by_id.get(number, "") for number in range(max(by_id, default=-1) + 1))


def _of_file(path: str) -> Words:
    try:
        return tuple(Path(path).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{EXPECTED}. Received: vocabulary={path!r}, which cannot be read ({reason})") from error


def _text(word: Any) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)


def _shown(given: Any) -> str:
    return f"vocabulary={str(given)[:80]}"
