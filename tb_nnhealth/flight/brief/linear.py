"""Simple models that are fitted in a moment, for what a model is held against. Inputs are `[n, features]`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Answer = Callable[[Floats], Floats]
"""Returns a fitted model's answers to other inputs, `[m, outputs]`."""

PENALTIES = np.geomspace(1e-4, 1e4, 17)
"""Times the number of examples: of these the one with the least leave-one-out error is taken."""

NEIGHBOURS = 5

PASSES = 150
"""So many steps at most are made to fit a logistic regression."""


def ridge(x: Floats, y: Floats) -> Answer:
    """Returns a ridge regression of `y` `[n, outputs]`.

    Source: the leave-one-out error, Golub, Heath and Wahba, Technometrics 21, 1979.
    """
    centre, mean = x.mean(axis=0), y.mean(axis=0)
    left, sizes, right = np.linalg.svd(x - centre, full_matrices=False)
    inside = left.T @ (y - mean)
    keep = _best_share(left, sizes**2, inside, y - mean)
    weights = right.T @ ((keep / np.maximum(sizes, 1e-12))[:, None] * inside)
    return lambda other: (other - centre) @ weights + mean


def neighbours(x: Floats, y: Floats) -> Answer:
    """Returns the mean of the nearest neighbours: it sees any relation, where the features are few or the classes
    apart."""
    squares = (x**2).sum(axis=1)

    def answer(other: Floats) -> Floats:
        nearest = np.argpartition(squares - 2 * other @ x.T, min(NEIGHBOURS, len(x) - 1), axis=1)[:, :NEIGHBOURS]
        return np.asarray(y[nearest].mean(axis=1))

    return answer


def logistic(x: Floats, y: Floats, is_exclusive: bool) -> Answer:
    """Returns a logistic regression of shares `[n, classes]`; its answers are probabilities.

    It is fitted by steepest descent with momentum, which ends where a fifth of the examples that it leaves out loses
    most by further steps: that serves as its penalty.

    Args:
      is_exclusive: whether the classes exclude each other, else each is a yes or no of its own.
    """
    activate = _softmax if is_exclusive else _sigmoid
    tuned = np.arange(len(x)) % 5 == 4
    steps = _descend(x[~tuned], y[~tuned], activate, PASSES, (x[tuned], y[tuned]))[1]
    weights = _descend(x, y, activate, steps, None)[0]
    return lambda other: activate(_with_one(other) @ weights)


def log_loss(shares: Floats, probabilities: Floats, is_exclusive: bool) -> float:
    """Returns the mean cross-entropy."""
    kept = np.clip(probabilities, 1e-7, 1 - 1e-7)
    told = shares * np.log(kept)
    return -float((told if is_exclusive else told + (1 - shares) * np.log(1 - kept)).sum(axis=1).mean())


def _descend(
    x: Floats, y: Floats, activate: Answer, steps: int, tuned: tuple[Floats, Floats] | None
) -> tuple[Floats, int]:
    inputs = _with_one(x)
    weights = np.zeros((inputs.shape[1], y.shape[1]))
    # A fresh model's answer is that of the classes' frequencies.
    share = np.clip(y.mean(axis=0), 1e-4, 1 - 1e-4)
    is_exclusive = activate is _softmax
    weights[-1] = np.log(share) if is_exclusive else np.log(share / (1 - share))
    rate = 1.0 / max(1e-12, 0.5 * float(np.linalg.norm(inputs, 2)) ** 2 / len(x))
    moved, best, best_step = np.zeros_like(weights), np.inf, 0
    for step in range(steps + 1):
        if tuned is not None:
            loss = log_loss(tuned[1], activate(_with_one(tuned[0]) @ weights), is_exclusive)
            if loss < best:
                best, best_step = loss, step
        if step < steps:
            ahead = weights + 0.9 * moved
            slope = inputs.T @ (activate(inputs @ ahead) - y) / len(x)
            moved = 0.9 * moved - rate * slope
            weights = weights + moved
    return weights, best_step


def _best_share(left: Floats, sizes: Floats, inside: Floats, y: Floats) -> Floats:
    """Returns how much of each direction is kept under the penalty with the least leave-one-out error."""
    errors, shares = [], []
    for penalty in PENALTIES * len(y):
        share = sizes / (sizes + penalty)
        leverage = np.minimum(left**2 @ share + 1 / len(y), 1 - 1e-9)
        residual = y - left @ (share[:, None] * inside)
        errors.append(float(((residual / (1 - leverage)[:, None]) ** 2).mean()))
        shares.append(share)
    return np.asarray(shares[int(np.argmin(errors))])


def _with_one(x: Floats) -> Floats:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(scores: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)))
