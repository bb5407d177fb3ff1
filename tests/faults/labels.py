"""Which rules answer which label of the literature; the labels are the coarser ones."""

from collections.abc import Iterable

_LAST_LAYER = "output-range loss-activation-mismatch loss-label-mismatch label-out-of-range duplicate-activation"
_LOSS = "loss-activation-mismatch loss-label-mismatch metric-loss-mismatch output-range duplicate-activation"
_INPUTS = "unnormalized-input uneven-feature-scale bad-input-values"
_TOO_HIGH = "high-update-ratio learning-rate-value exploding-gradient oscillating-loss increasing-loss"
_TOO_LOW = "low-update-ratio learning-rate-value learning-rate-schedule too-few-updates"
_TOO_SHORT = "too-few-updates still-improving batch-size"
_VANISHING = "vanishing-gradient saturated-activation saturating-hidden-activation deep-plain-network"
_EXPLODING = "exploding-gradient nonfinite-values weight-growth high-update-ratio"
_FROZEN = "frozen-variables unchanged-variable missing-gradient"
_HELD_BACK = "underfitting loss-weights dropout-placement layer-width weight-decay-dominates"
_LABELS = (
    "label-out-of-range loss-label-mismatch class-imbalance single-label-batch no-better-than-trivial collapsed-output"
)
_MISMATCH = "train-eval-mismatch train-validation-shift overfitting"

_ANSWERS = {
    "wrong_last_activation wrong_output_shape": _LAST_LAYER,
    "loss_activation_mismatch wrong_loss wrong_metric": _LOSS,
    "unnormalized_inputs inputs_overnormalized degenerate_inputs nan_inputs": _INPUTS,
    "unnormalized_targets": "target-scale output-range label-out-of-range",
    "lr_too_high oscillating_loss unstable_loss": _TOO_HIGH,
    "lr_too_low negative_lr": _TOO_LOW,
    "too_few_epochs batch_too_large": _TOO_SHORT,
    "vanishing_gradient too_deep wrong_hidden_activation saturated_activation": _VANISHING,
    "exploding_gradient nan_loss": _EXPLODING,
    "dying_relu": "dead-units",
    "bad_init": "poor-initialization activation-scale",
    "frozen_layer constant_variable": _FROZEN,
    "missing_nonlinearity": "missing-nonlinearity",
    "over_regularization excessive_dropout dropout_misplaced underfitting": _HELD_BACK,
    "overfitting": "overfitting no-regularization",
    "bad_labels class_imbalance label_not_shuffled": _LABELS,
    "train_eval_mismatch validation_mismatch": _MISMATCH,
    "batch_too_small double_activation metric_loss_divergence validation_leak": "",
}
"""Labels and the rules of which each answers any of them; the last are the root cause of no program."""

ANSWERS: dict[str, frozenset[str]] = {
    label: frozenset(rules.split()) for labels, rules in _ANSWERS.items() for label in labels.split()
}
"""The rules that answer each label."""


def answering(labels: Iterable[str]) -> frozenset[str]:
    """Returns the rules that answer any of the labels."""
    return frozenset().union(*(ANSWERS[label] for label in labels))
