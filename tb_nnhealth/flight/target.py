"""What `nnhealth preflight module:function` names: a function that makes a model and its data."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tb_nnhealth.output import BadUse
from tb_nnhealth.telling import told

RETURNS = (
    "(model, train_data), (model, train_data, validation_data), or a dict with the keys model, train_data and, where "
    "there are any, validation_data, vocabulary and batch_size"
)


def made(target: str) -> dict[str, Any]:
    """Returns what the function makes, as arguments of `preflight`.

    Args:
      target: "package.module:function" or "path/to/file.py:function".

    Raises:
      BadUse: there is no such function, it fails, or it returns something else.
    """
    function = _function(target)
    try:
        result = function()
    except (Exception, SystemExit) as error:
        raise BadUse(f"Expected a function that returns. Received: {target}, which gives {_located(error)}") from None
    return _arguments(target, result)


def _function(target: str) -> Callable[[], Any]:
    place, _, name = target.rpartition(":")
    is_path = not place.endswith(".py") and (place.startswith(".") or not set(place).isdisjoint(":/\\"))
    if not place or not name or is_path:
        raise BadUse(f"Expected MODULE:FUNCTION, such as train:make or path/train.py:make. Received: {target}")
    try:
        module = _module(place)
    except (Exception, SystemExit) as error:
        raise BadUse(
            f"Expected a module that can be imported. Received: {place}, which gives {_located(error)}"
        ) from None
    function = getattr(module, name, None)
    if not callable(function):
        there = ", ".join(each for each, value in vars(module).items() if _is_own(value, module)) or "none"
        raise BadUse(f"Expected a function of {place}, which has {there}. Received: {name}")
    if any(part.default is part.empty for part in _parameters(function)):
        raise BadUse(f"Expected a function that can be called without arguments. Received: {target}")
    made: Callable[[], Any] = function
    return made


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # A builtin may have none.
        return []
    return [parameter for parameter in parameters if parameter.kind not in kinds]


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        sys.path.insert(0, "")  # A script's own directory is there, that of a command is not.
        return importlib.import_module(place)
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(f"no file {place}")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _arguments(target: str, result: Any) -> dict[str, Any]:
    names = ("model", "train_data", "validation_data")
    if isinstance(result, dict):
        arguments = dict(result)
    elif isinstance(result, (tuple, list)) and len(result) == len(names) and hasattr(result[-1], "shape"):
        raise BadUse(
            f"Expected {target} to return inputs and targets in one pair, as (model, (x, y)). "
            "Received: three parts, of which the last is an array"
        )
    elif isinstance(result, (tuple, list)) and 2 <= len(result) <= len(names):
        arguments = dict(zip(names, result, strict=False))
    else:
        arguments = {}
    if not set(names[:2]) <= set(arguments) <= {*names, "vocabulary", "batch_size"}:
        received = ", ".join(map(str, result)) if isinstance(result, dict) else _form(result)
        raise BadUse(f"Expected {target} to return {RETURNS}. Received: {received}")
    return arguments


def _form(result: Any) -> str:
    """Returns what an object is, of a tuple or list with how much it holds."""
    kind = type(result).__name__
    return f"a {kind} of {len(result)}" if isinstance(result, (tuple, list)) else kind


def _located(error: BaseException) -> str:
    """Returns an error in one line, with the place in the user's code where it came up."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
    place = f" (line {theirs[-1].lineno} of {theirs[-1].filename})" if theirs else ""
    return f"{told(error)}{place}"


def _is_own(value: Any, module: ModuleType) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__
