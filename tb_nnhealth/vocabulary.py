"""Every statistic by its name: the one place where a statistic is spelled.

A statistic is a number for a variable, a layer's output, a tensor of the batch, or the step, at a
sampled step. NaN always means "not measured": counts of non-finite elements stand in statistics of
their own, and all other statistics are taken over the finite elements.
"""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["variable", "activation", "data", "step"]


@dataclass(frozen=True)
class Statistic:
    """One measured quantity: its name, its unit, what it belongs to and what it means."""

    name: str
    unit: str
    scope: Scope
    meaning: str

    @property
    def words(self) -> str:
        """Its name as people read it: "update ratio"."""
        return self.name.replace("_", " ")


def _moments(prefix: str, what: str) -> tuple[Statistic, ...]:
    return (
        Statistic(f"{prefix}_norm", "", "variable", f"Euclidean norm of the {what}"),
        Statistic(f"{prefix}_rms", "", "variable", f"root mean square of the {what}"),
        Statistic(f"{prefix}_mean", "", "variable", f"mean of the {what}"),
        Statistic(f"{prefix}_std", "", "variable", f"standard deviation of the {what}"),
        Statistic(f"{prefix}_absmax", "", "variable", f"largest magnitude in the {what}"),
        Statistic(f"{prefix}_zero_fraction", "fraction", "variable", f"share of exact zeros in the {what}"),
        Statistic(f"{prefix}_skewness", "", "variable", f"third standardized moment of the {what}"),
        Statistic(f"{prefix}_kurtosis", "", "variable", f"fourth standardized moment of the {what}, minus 3"),
        Statistic(f"{prefix}_nonfinite", "elements", "variable", f"NaN and Inf in the {what}"),
    )


VARIABLE_STATISTICS: tuple[Statistic, ...] = (
    *_moments("value", "variable before the step"),
    *_moments("gradient", "gradient, loss scale removed, before clipping"),
    Statistic("update_norm", "", "variable", "Euclidean norm of the change that the step made"),
    Statistic("update_rms", "", "variable", "root mean square of the change that the step made"),
    Statistic("update_skewness", "", "variable", "third standardized moment of the change that the step made"),
    Statistic("update_kurtosis", "", "variable", "fourth standardized moment of that change, minus 3"),
    Statistic("update_ratio", "ratio", "variable", "norm of the update ÷ norm of the variable before it"),
    Statistic("gradient_ratio", "ratio", "variable", "norm of the gradient ÷ norm of the variable"),
    Statistic("gradient_missing", "0 or 1", "variable", "1 where the gradient is None"),
)

ACTIVATION_STATISTICS: tuple[Statistic, ...] = (
    Statistic("activation_mean", "", "activation", "mean of the layer's output"),
    Statistic("activation_std", "", "activation", "standard deviation of the layer's output"),
    Statistic("activation_rms", "", "activation", "root mean square of the layer's output"),
    Statistic("activation_min", "", "activation", "smallest element of the layer's output"),
    Statistic("activation_max", "", "activation", "largest element of the layer's output"),
    Statistic("activation_zero_fraction", "fraction", "activation", "share of exact zeros in the layer's output"),
    Statistic("silent_unit_fraction", "fraction", "activation", "share of units that are zero on the whole batch"),
    Statistic(
        "dead_unit_fraction",
        "fraction",
        "activation",
        "share of units that were zero on every one of the last 8 sampled batches (of all so far, before the 8th)",
    ),
    Statistic(
        "saturated_fraction",
        "fraction",
        "activation",
        "share of elements within the flat 1 % of the range of the layer's own bounded activation function",
    ),
    Statistic("activation_nonfinite", "elements", "activation", "NaN and Inf in the layer's output"),
    Statistic("output_gradient_norm", "", "activation", "Euclidean norm of the gradient that flows into the output"),
    Statistic("output_gradient_rms", "", "activation", "root mean square of the gradient that flows into the output"),
    Statistic("output_gradient_zero_fraction", "fraction", "activation", "share of exact zeros in that gradient"),
    Statistic("output_gradient_nonfinite", "elements", "activation", "NaN and Inf in that gradient"),
)

DATA_STATISTICS: tuple[Statistic, ...] = (
    Statistic("data_mean", "", "data", "mean of the tensor"),
    Statistic("data_std", "", "data", "standard deviation of the tensor"),
    Statistic("data_min", "", "data", "smallest element"),
    Statistic("data_max", "", "data", "largest element"),
    Statistic("data_zero_fraction", "fraction", "data", "share of exact zeros"),
    Statistic("data_nonfinite", "elements", "data", "NaN and Inf"),
    Statistic("feature_std_min", "", "data", "smallest standard deviation over the batch of a feature that varies"),
    Statistic("feature_std_max", "", "data", "largest standard deviation of a feature (last axis) over the batch"),
    Statistic("constant_features", "features", "data", "features whose standard deviation over the batch is zero"),
)

STEP_STATISTICS: tuple[Statistic, ...] = (
    Statistic("loss", "", "step", "total loss of the step, before loss scaling"),
    Statistic("data_loss", "", "step", "the compiled losses alone, weighted"),
    Statistic("regularization_loss", "", "step", "total loss − data loss: regularizers and add_loss"),
    Statistic("learning_rate", "", "step", "learning rate in force"),
    Statistic("gradient_global_norm", "", "step", "Euclidean norm of all gradients together, before clipping"),
    Statistic("clipped_fraction", "fraction", "step", "1 − norm after clipping ÷ norm before"),
    Statistic("loss_scale", "", "step", "loss scale in force (mixed precision)"),
    Statistic("step_skipped", "0 or 1", "step", "1 where the loss-scale optimizer skipped the update"),
    Statistic("update_applied", "0 or 1", "step", "0 where gradient accumulation only accumulated"),
    Statistic("batch_size", "examples", "step", "examples in the batch"),
    Statistic(
        "examples_per_second",
        "examples/s",
        "step",
        "examples ÷ time within a step that is not sampled: without other callbacks and validation",
    ),
    Statistic("sample_index", "", "step", "running number of this sample in the session, from 0"),
    Statistic("row_index", "", "step", "running number of this row in the session, from 0"),
)
# Beside these, the step's table has one column "output_loss/<output>" for each output's unweighted
# loss, one "metric/<name>" for each metric (Keras' running mean over the epoch), "weight/<output>" with the mean
# sample weight where there are any, and "target_variance/<output>" where the loss is a mean squared error.

STATISTICS: dict[str, Statistic] = {
    s.name: s for s in (*VARIABLE_STATISTICS, *ACTIVATION_STATISTICS, *DATA_STATISTICS, *STEP_STATISTICS)
}

DEAD_WINDOW = 8
"""Sampled batches over which a unit must stay silent to be called dead."""

HISTOGRAMS: tuple[str, ...] = ("value", "gradient", "update", "activation")
"""What is binned; the first three have a row for each variable, the last for each layer output."""

LOWEST_EXPONENT, HIGHEST_EXPONENT = -32, 15
"""Histogram grid: one bin for each power of two 2**e <= |x| < 2**(e+1), for each sign; magnitudes
below and above go into the outermost bins."""

HISTOGRAM_EXPONENTS = HIGHEST_EXPONENT - LOWEST_EXPONENT + 1
HISTOGRAM_BINS = 2 * HISTOGRAM_EXPONENTS + 1
"""Bins of a histogram, in ascending order of x: negative from large to small magnitude, exact zero,
positive from small to large magnitude. Non-finite elements are not binned; what is too small for a normal
float32 (below 1.2e-38) counts as zero."""
