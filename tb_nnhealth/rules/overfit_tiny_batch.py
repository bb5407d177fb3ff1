"""The model cannot learn a few examples by heart.

## What it detects
Models that do not reach a loss near the lowest possible one on ten examples, though they are trained on nothing else.

## Why it matters
Any network with more weights than that can learn a few examples by heart. One that cannot will not learn from many,
either: something is frozen, dead, saturated or cut off between the loss and the weights, or the loss is not one that
its output can make small.

## How it is decided
Ten examples whose inputs differ, of all classes in turn, or of targets from the lowest to the highest; four where the
answers are sequences; fewer for a model with few weights; none that holds NaN or infinity, which is told. An Adam
beside the model's own optimizer, with fresh slots and no clipping, trains the model on them: 100 steps each with
learning rates of 1e-3, 1e-2, 0.1 and 1e-4, then from the beginning with the best two, as long as 50 steps take 3 % or
more off what is left. So neither a tiny learning rate, nor a schedule, nor weight decay of yours plays a part.

What stands against learning by heart is turned off: dropout of any kind, also that of recurrent layers and of
attention, noise and random augmentation, regularizers, constraints, what layers add to the loss. Batch normalizations
take the statistics of the batch, as in training. Layers of your own are as in training; where they stand against it,
the model is tried in inference mode, too, but for its batch normalizations. Targets of a regression that are far from
what the model answers at first are moved into that range, where its last operation is linear.

What is left to learn is (loss - lowest) ÷ (constant - lowest): the loss of the best constant answer is 1, and the
lowest one, which is not zero for soft labels, is 0; both are taken from your own loss on answers made of the targets.
More left than the limit is a warning, and an error where next to nothing was learnt. A model that learns two examples,
but not all, may just be small: that is information; so is one that has an answer at each step or pixel, which are many,
and leaves some of it. Where the lowest loss cannot be told from the targets, only a loss that does not fall at all is
a fault. While the loss still falls when the time is over, there is no verdict.

The answers are looked at, too, of outputs whose targets have their form:

* **A loss of the wrong sign** falls without end. Told is one where the targets as answers cost more than a constant,
  and more than answers on both sides of them cost on average, and after the training the answers are further from the
  targets than at first. A loss that is negative by nature (a likelihood, a cosine) costs least at the targets; a
  critic's (Wasserstein) grows in one direction.
* **The same answer to all examples** though the loss says that they are learnt by heart. Keras computes a cross-entropy
  from what goes into the last sigmoid or softmax: behind a softmax of one unit the loss falls, while each answer is 1.

By hand: `model.fit(x[:10], y[:10], epochs=500)` without dropout and penalties.

## When it is wrong
Examples that nothing in their inputs tells apart. A model that is frozen on purpose, such as a loss on fixed features.
Custom layers that add noise in inference mode, too. A loss that is to keep answers away from targets on purpose.

## What to try
* Look whether weights are trainable and get gradients: `unchanged-variable`, `missing-gradient`, `dead-units`.
* Check that the loss fits the last activation, and the targets the range of the output: `loss-activation-mismatch`,
  `output-range`.
* Look for `stop_gradient`, `round`, `argmax` and conversions to NumPy between the input and the loss.
* Where the answers move away from the targets: look for a minus too many, or too few, in the loss, and in
  `loss_weights`. Where they are all the same: one unit takes a sigmoid, a softmax two or more.
* Take layers out one after another until it learns; the last one taken out is the cause.

## References
* 37 reasons why your neural network is not working, 1.5 and 5.1 (overfit a few examples; solve a smaller problem).
* Karpathy, A recipe for training neural networks: overfit one batch; verify that the lowest loss is reached.
* Checklist for debugging neural networks (start simple: a small amount of data).
* CS231n, Learning: before learning, overfit a tiny subset of data.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import number, percent, plural, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._by_heart import NAME, finding, is_learnt, of_answers, of_upside_down
from tb_nnhealth.rules._probe import of_nonfinite, probed, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name=NAME,
    category="preflight",
    title="The model cannot learn a few examples by heart",
    passing_title="The model learns a few examples by heart",
    thresholds=(
        Threshold(
            "left", 0.1, "ratio", "docs/calibration.md#preflight-overfit-tiny-batch: healthy ones end at 0.03 or less"
        ),
        Threshold("stuck", 0.9, "ratio", "docs/calibration.md#preflight-overfit-tiny-batch: those cut off end at 1"),
        Threshold(
            "fall", 0.01, "fraction", "a hundredth: what the noise of single precision and of dropout does not make"
        ),
        Threshold("apart", 1e-6, "ratio", "float32 keeps seven digits: less than that is not told from rounding"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    initial, loss, examples = (value_of(found, name) for name in ("initial", "loss", "examples"))
    if not examples >= 2:
        raise NotJudged("what was measured cannot be read")
    if value_of(found, "weights") == 0:
        yield finding("error", "No weight of the model is trainable.", 0.0, 0.0, "trainable weights")
    elif not math.isfinite(initial) or not math.isfinite(loss):
        yield finding("error", f"The loss on {plural(examples, 'example')} is not finite.", 0.0, examples, "examples")
    elif upside_down := list(of_upside_down(found)):
        yield from upside_down
    else:
        yield from _of_known(found, limits) if math.isfinite(value_of(found, "left")) else _of_unknown(found, limits)
        yield from of_answers(found, limits)
        if left_out := of_nonfinite(found):
            told = f"{RULE.passing_title}.{left_out}" if is_learnt(found, limits) else left_out.strip()
            yield finding("info", told, value_of(found, "nonfinite"), 0.0, "examples")


def _of_known(found: Probed, limits: Limits) -> Iterator[Finding]:
    left, of_pair, loss = (value_of(found, name) for name in ("left", "left_of_pair", "loss"))
    examples, steps = value_of(found, "examples"), plural(value_of(found, "steps"), "step")
    if is_learnt(found, limits):
        return
    if of_pair <= limits["left"]:
        share = f"of {whole(examples)} {percent(left)} is left to learn"
        told = f"It learns two examples by heart, but {share}: it may be small."
        yield finding("info", told, left, limits["left"], "ratio")
        return
    _check_ended(found)
    is_stuck = left > limits["stuck"]
    if value_of(found, "answers_laid_out") == 1 and not is_stuck:
        told = (
            f"Of {plural(examples, 'example')} with an answer at each step or pixel {percent(left)} is left to learn."
        )
        yield finding("info", told, left, limits["left"], "ratio")
        return
    limit = limits["stuck" if is_stuck else "left"]
    told = (
        f"After {steps} on {plural(examples, 'example')} the loss is {number(loss)}, that of a constant answer "
        f"{number(value_of(found, 'trivial'))}, and the lowest {number(_flat(value_of(found, 'floor')))}."
    )
    yield finding("error" if is_stuck else "warning", told, left, limit, "ratio")


def _of_unknown(found: Probed, limits: Limits) -> Iterator[Finding]:
    initial, loss = value_of(found, "initial"), value_of(found, "loss")
    if is_learnt(found, limits):
        return
    fall = (initial - loss) / (abs(initial) or 1.0)
    if fall > limits["fall"]:
        raise NotJudged(
            f"on a few examples the loss fell from {number(initial)} to {number(loss)}; how low it can get is not known"
        )
    _check_ended(found)
    told = (
        f"The loss on {plural(value_of(found, 'examples'), 'example')} does not fall: it is {number(initial)} "
        f"at first, and {number(loss)} at best after {plural(value_of(found, 'steps'), 'step')}."
    )
    yield finding("error", told, fall, limits["fall"], "fraction")


def _check_ended(found: Probed) -> None:
    """Raises `NotJudged` where the time was over before a training was."""
    if not value_of(found, "ended") >= 1:
        raise NotJudged(
            f"its share of the budget was over after {plural(value_of(found, 'steps'), 'step')}, before it could tell "
            "whether the model learns a few examples by heart: give preflight more with budget="
        )


def _flat(floor: float) -> float:
    """Returns the lowest loss; what the clipping of probabilities leaves of zero is zero."""
    return 0.0 if abs(floor) < 1e-5 else floor
