"""What went wrong, in one line."""

import re

MOST_LETTERS = 200

_BESIDE = re.compile(r"\x1b\[[0-9;]*m|\{\{function_node [^}]*\}\} ?")
"""Colours, and where in a graph it was."""

_OF_GRAPH = "Graph execution error:"
"""What TensorFlow begins with: first where it was, line by line, and at last what."""

_WHERE = ("Exception encountered when calling", _OF_GRAPH, "Detected at node", "<stack traces", 'File "', "[[")
"""What lines begin with that say where it was."""


def told(error: BaseException) -> str:
    """Returns an error's class and the first line that says what it is, without a full stop, for a user."""
    lines = [line.strip() for line in _BESIDE.sub("", str(error)).splitlines()]
    telling = [line for line in lines if line and not line.startswith(_WHERE)] or [""]
    line = telling[-1] if _OF_GRAPH in lines[0:1] else telling[0]
    return f"{type(error).__name__}: {line[:MOST_LETTERS]}".rstrip(".: ")
