"""The batch's axis is swapped, mixed with another one, or broadcast.

## What it detects
Models whose outputs do not follow the number of examples: an axis is swapped, or `reshape` mixes the batch with another
one; models that work with one number of examples only; losses in which targets `[n]` meet predictions `[n, 1]`, so that
each example is compared with each other one's answer.

## Why it matters
Where axes have the same length, or broadcasting makes them fit, nothing fails: the loss falls a little, to that of a
constant answer, and stays there.

## How it is decided
Preflight calls the model with a batch, and with two prime numbers of examples that no axis of the data has, so that
each axis of a result tells what it is; and with one. The first axis of each output must be the number of examples.
A free axis of the inputs is cut to a third prime. In the graph of the loss, an operation that brings a tensor made of
the targets and one made of the predictions together, of different ranks, must not pair the examples with each other.
Where all losses are Keras' own, it must not broadcast at all what has the axes that the loss was given: the CTC loss
lays out time against labels.

The loss of both numbers of examples together is compared with the mean of both: of a loss of one's own that is none
over the examples, and no sum, is told as information.

## When it is wrong
Models that are built for one number of examples (`batch_size` of an input, stateful layers) are not judged by others. A
loss over pairs of examples is no mean over them, and a model of graphs may give other things than examples.

## What to try
* Give targets and predictions one shape: `y[:, None]`, or `Reshape`, or the shapes of both printed in the loss.
* Write `reshape(x, (shape(x)[0], …))`, with the batch's axis named, and use -1 for another one.
* Use `transpose`, not `reshape`, to swap axes, and `squeeze` with its axis named.

## References
* 37 reasons why your neural network is not working, 4.10 (use odd dimensions) and 2.1.
* A recipe for training neural networks (Karpathy): "use backprop to chart dependencies", and verify at one example.
"""

import math
from collections.abc import Iterator, Sequence

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import probed, records_of, text_of, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._shapes import lengths, list_of, ranks_of, shapes_of, told_shape

RULE = Rule(
    name="dimension-probe",
    category="preflight",
    title="An axis is swapped, mixed or broadcast",
    passing_title="Axes keep apart",
    thresholds=(
        Threshold(
            "mean",
            1e-3,
            "ratio",
            "docs/calibration.md#axes-of-prime-length: means over some examples in float32 agree to 2e-7",
        ),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    answers = [answer for answer in records_of(found, "answers") if value_of(answer, "size") > 0]
    if not answers:
        raise NotJudged("nothing was measured")
    is_bound = value_of(found, "is_bound") == 1
    names = [str(name) for name in list_of(found, "names")]
    seen = list(_of_answers(answers[:1] if is_bound else answers, names))
    yield from seen
    cut = found.values.get("cut")
    if isinstance(cut, dict) and not seen:
        yield from _of_cut(Probed(0.0, cut), names)
    loss = found.values.get("loss")
    if isinstance(loss, dict):
        yield from _of_loss(Probed(0.0, loss), is_bound, limits)


def _of_answers(answers: Sequence[Probed], names: Sequence[str]) -> Iterator[Finding]:
    """Yields what is wrong with the shapes of outputs: of an error for a number of examples, or the first output."""
    usual, single = value_of(answers[0], "size"), [a for a in answers[1:] if value_of(a, "size") == 1]
    failed = [answer for answer in answers if text_of(answer, "error")]
    if failed:
        worst = failed[0]
        size = value_of(worst, "size")
        yield _finding(
            "warning" if failed == single else "error",
            f"The model works with {whole(usual)} examples, and not with {whole(size)}: {text_of(worst, 'error')}.",
            size,
            usual,
        )
        return
    for answer in answers:
        wrong = _wrong_axis(answer, names)
        if wrong is not None:
            yield wrong
            return
    if single and ranks_of(single[0]) != ranks_of(answers[0]):
        yield _finding("warning", "An output has another number of axes where there is one example only.", 1, usual)


def _wrong_axis(answer: Probed, names: Sequence[str]) -> Finding | None:
    """Returns what is said of the first output whose first axis is not the number of examples, if there is one."""
    size = int(value_of(answer, "size"))
    shapes = shapes_of(answer)
    for index, shape in enumerate(shapes):
        if not shape or shape[0] == size:
            continue
        unnamed = f"output {index}" if len(shapes) > 1 else "output"
        name = names[index] if index < len(names) else unnamed
        is_swapped = size > 1 and size in shape
        if is_swapped:
            what = f"the batch is its axis {shape.index(size)}, and should be its first"
        elif size > 1 and shape[0] and shape[0] % size == 0:
            what = f"its first axis mixes the batch with one of {shape[0] // size}"
        else:
            what = "its first axis is not the batch"
        message = f"Of {whole(size)} examples, `{name}` has the shape {told_shape(shape)}: {what}."
        return _finding("error" if is_swapped else "warning", message, shape[0], size)
    return None


def _of_cut(cut: Probed, names: Sequence[str]) -> Iterator[Finding]:
    """Yields what is wrong where the first free axis of the inputs is shorter."""
    if error := text_of(cut, "error"):
        length = value_of(cut, "length")
        message = f"The inputs leave an axis free, and the model does not work with {whole(length)} along it: {error}."
        yield _finding("info", message, length, length)
    elif (wrong := _wrong_axis(cut, names)) is not None:
        yield wrong


def _of_loss(loss: Probed, is_bound: bool, limits: Limits) -> Iterator[Finding]:
    names = ", ".join(f"`{name}`" for name in list_of(loss, "names"))
    place = f"the loss {names}" if names else "the loss"
    examples = value_of(loss, "examples")
    if error := text_of(loss, "error"):
        if not is_bound:
            message = f"Of {whole(examples)} examples, {place} cannot be computed: {error}."
            yield _finding("warning", message, examples, examples)
        return
    has_own = value_of(loss, "has_own") == 1
    found = [each for each in records_of(loss, "broadcasts") if _is_wrong(each, examples, has_own)]
    if found:
        target, prediction, result = (lengths(found[0].values.get(n)) for n in ("target", "prediction", "result"))
        yield _finding(
            "error" if math.prod(result) > max(math.prod(target), math.prod(prediction)) else "warning",
            f"In {place} of {whole(examples)} examples, targets {told_shape(target)} meet predictions "
            f"{told_shape(prediction)} and give {told_shape(result)}.",
            math.prod(result),
            min(math.prod(target), math.prod(prediction)),
        )
        return
    off, from_sum = value_of(loss, "from_mean"), value_of(loss, "from_sum")
    if off > limits["mean"] and has_own:
        what = "a sum over the examples" if from_sum <= limits["mean"] else "no mean over the examples, nor a sum"
        message = (
            f"{place[0].upper()}{place[1:]} is {what}: of two batches together it is {number(off)} off their mean."
        )
        yield Finding(RULE.name, "info", message, observed=off, limit=limits["mean"], unit="ratio")


def _is_wrong(broadcast: Probed, examples: float, has_own: bool) -> bool:
    """Returns whether a broadcast is no one's intention: of ranks that differ, so that each example meets each other
    one, or in a loss of Keras', which compares like with like unless it lays them out."""
    target, prediction, result = (lengths(broadcast.values.get(n)) for n in ("target", "prediction", "result"))
    of_target, of_prediction, of_result = (sum(n == examples for n in shape) for shape in (target, prediction, result))
    meets_others = of_result > max(of_target, of_prediction)
    is_meant = has_own or value_of(broadcast, "is_laid_out") == 1
    return bool(result) and ((meets_others and len(target) != len(prediction)) or not is_meant)


def _finding(severity: Severity, message: str, observed: float, limit: float) -> Finding:
    return Finding(RULE.name, severity, message, observed=float(observed), limit=float(limit), unit="examples")
