"""What a preflight was made with, as far as its verdicts rest on it, and what the training after it changed of that."""

from collections.abc import Iterator, Mapping
from typing import Any

from tb_nnhealth.numbers import number


def setup_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a session's manifest tells of its setup: "layers", each as class and parameters, "losses" and
    "optimizer". Names are left out: Keras gives others to the same model that is made again."""
    compiled = _mapping(manifest.get("compile"))
    layers = _mappings(_mapping(manifest.get("model")).get("layers"))
    losses = _mappings(compiled.get("losses"))
    optimizer = _mapping(compiled.get("optimizer"))
    moving = {"scheduled"} if optimizer.get("schedule") is None else {"scheduled", "learning_rate"}
    return {
        "layers": [[layer.get("class_name"), layer.get("parameters")] for layer in layers],
        "losses": [{name: value for name, value in loss.items() if name != "output"} for loss in losses],
        "optimizer": {name: value for name, value in optimizer.items() if name not in moving},
    }


def changes(before: Any, after: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is another one than it was, "model", "loss" or "optimizer", each with how both differ.

    Args:
      before: the setup of a preflight; of what it does not tell, nothing has changed.
      after: that of a training.
    """
    told = _mapping(before)
    same = {key: key not in told or told[key] == after[key] for key in after}
    found = {} if same["layers"] else {"model": "with other layers"}
    if not same["losses"]:
        found["loss"] = "with another loss"
    if not same["optimizer"]:
        found["optimizer"] = next(_of_optimizers(_mapping(told["optimizer"]), _mapping(after["optimizer"])))
    return found


def _of_optimizers(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    one, other = before.get("class_name"), after.get("class_name")
    if one != other:
        yield f"with {other} instead of {one}"
    slow, fast = before.get("learning_rate"), after.get("learning_rate")
    if slow != fast and isinstance(slow, float) and isinstance(fast, float):
        yield f"with a learning rate of {number(fast)} instead of {number(slow)}"
    yield "with another optimizer"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
