"""Packs what a trace met into one flat variable (histograms into a second), which the host reads once."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.definition import Definition
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.trace import NAN, Trace
from tb_nnhealth.instrument.variables import made_beside
from tb_nnhealth.records import FloatArray
from tb_nnhealth.statistics import activations, data
from tb_nnhealth.vocabulary import (
    ACTIVATION_STATISTICS,
    DEAD_WINDOW,
    HISTOGRAM_BINS,
    STEP_STATISTICS,
    VARIABLE_STATISTICS,
)


class Packing:
    """Where samples are packed: the layout that the first trace gives it, and the variables that hold a sample.

    It also counts, from sample to sample, for how long each unit has been silent.
    """

    def __init__(self, has_histograms: bool) -> None:
        self._has_histograms = has_histograms
        self._flat: tf.Variable | None = None
        self._histograms: tf.Variable | None = None
        self._silent_samples: tf.Variable | None = None
        self._samples = tf.Variable(0, dtype=tf.int32, trainable=False, name="nnhealth_samples")
        self.layout: Layout | None = None

    def sample(self) -> dict[str, FloatArray]:
        """Returns the tables of the last sampled step; waits for it."""
        assert self.layout is not None and self._flat is not None
        return self.layout.unpack(self._flat.numpy())

    def histograms(self) -> dict[str, FloatArray]:
        """Returns the last histograms, float32 `[rows, HISTOGRAM_BINS]` each."""
        if self._histograms is None or self.layout is None:
            return {}
        counts = self._histograms.numpy()
        variables = len(self.layout.rows["variables"])
        kinds = ("value", "gradient", "update")
        tables = {kind: counts[i * variables : (i + 1) * variables] for i, kind in enumerate(kinds)}
        return tables | {"activation": counts[3 * variables :]}

    def pack(self, trace: Trace, variables: Sequence[str], definition: Definition) -> None:
        """Packs a trace, within it. `variables` are the rows of the variables' table."""
        if self.layout is None:
            self._lay_out(trace, variables, definition)
        layout = self.layout
        assert layout is not None and self._flat is not None
        tables = {
            "variables": trace.stacked("variable", layout.rows["variables"], len(VARIABLE_STATISTICS)),
            "activations": self._activation_columns(trace, layout),
            "data": trace.stacked("data", layout.rows["data"], len(data.COLUMNS)),
            "steps": trace.stacked("step", layout.columns["steps"], 1),
            "classes": trace.stacked("classes", layout.rows["classes"], len(layout.columns["classes"])),
        }
        self._flat.assign(tf.concat([tf.reshape(tables[name], [-1]) for name in layout.rows], 0))
        if self._histograms is not None:
            kinds = [(f"{kind}_histogram", layout.rows["variables"]) for kind in ("value", "gradient", "update")]
            kinds.append(("histogram", layout.rows["activations"]))
            counts = [trace.stacked(kind, rows, HISTOGRAM_BINS) for kind, rows in kinds]
            self._histograms.assign(tf.concat(counts, 0))

    def empty(self) -> None:
        """Forgets the sample before, where the step that runs eagerly could not be packed."""
        if tf.executing_eagerly() and self._flat is not None:
            self._flat.assign(tf.fill(tf.shape(self._flat), NAN))

    def _lay_out(self, trace: Trace, variables: Sequence[str], definition: Definition) -> None:
        outputs = trace.rows("forward")
        widths = [int(value.shape[0]) for (kind, _), value in trace.parts.items() if kind == "classes"]
        extra = [name for name in trace.rows("step") if name not in {s.name for s in STEP_STATISTICS}]
        self.layout = Layout(
            rows={
                "variables": tuple(variables),
                "activations": tuple(outputs),
                "data": tuple(trace.rows("data")),
                "steps": ("step",),
                "classes": tuple(trace.rows("classes")),
            },
            columns={
                "variables": tuple(s.name for s in VARIABLE_STATISTICS),
                "activations": tuple(s.name for s in ACTIVATION_STATISTICS),
                "data": data.COLUMNS,
                "steps": (*(s.name for s in STEP_STATISTICS), *extra),
                "classes": tuple(str(i) for i in range(max(widths, default=0))),
            },
            layer_rows={path: tuple(rows) for path, rows in trace.layer_rows.items()},
            units={row: int(silent.shape[0]) for row, silent in trace.silent.items()},
            inputs=definition.inputs,
            tensors=definition.tensors,
        )
        self._flat = made_beside(np.full(self.layout.size, NAN, np.float32), "nnhealth_sample")
        units = sum(self.layout.units.values())
        self._silent_samples = made_beside(np.zeros(units, np.int32), "nnhealth_silent")
        if self._has_histograms:
            shape = [3 * len(variables) + len(outputs), HISTOGRAM_BINS]
            self._histograms = made_beside(np.zeros(shape, np.float32), "nnhealth_histograms")

    def _activation_columns(self, trace: Trace, layout: Layout) -> tf.Tensor:
        rows = layout.rows["activations"]
        forward = trace.stacked("forward", rows, len(activations.FORWARD))
        backward = trace.stacked("backward", rows, len(activations.BACKWARD))
        saturated = trace.stacked("saturated", rows, 1)
        scale = trace.kept("step", "loss_scale", 1)
        backward /= tf.concat([tf.fill([2], tf.where(tf.math.is_nan(scale), 1.0, scale)[0]), [1.0, 1.0]], 0)
        silent, dead = self._unit_fractions(trace, layout)
        return tf.concat([forward[:, :6], silent, dead, saturated, forward[:, 6:], backward], 1)

    def _unit_fractions(self, trace: Trace, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the silent and the dead fraction of each activation row's units, `[rows, 1]` each."""
        rows = layout.rows["activations"]
        counted = [row for row in layout.units if row in trace.silent]
        if len(counted) < len(layout.units) or not counted or self._silent_samples is None:
            return tf.fill([len(rows), 1], NAN), tf.fill([len(rows), 1], NAN)
        silent = tf.concat([trace.silent[row] for row in counted], 0)
        with tf.control_dependencies([silent]):  # Not counted where the data has ended.
            samples = self._samples.assign_add(1)
        lasting = self._silent_samples.assign(tf.where(silent, self._silent_samples + 1, 0))
        dead = tf.identity(lasting) >= tf.minimum(tf.identity(samples), DEAD_WINDOW)
        position = {row: i for i, row in enumerate(rows)}
        segments = np.repeat([position[row] for row in counted], [layout.units[row] for row in counted])
        units = np.bincount(segments, minlength=len(rows)).astype(np.float32)
        units[units == 0] = NAN

        def fraction(flags: tf.Tensor) -> tf.Tensor:
            counts = tf.math.unsorted_segment_sum(tf.cast(flags, tf.float32), segments, len(rows))
            return tf.reshape(counts / units, [-1, 1])

        return fraction(silent), fraction(dead)
