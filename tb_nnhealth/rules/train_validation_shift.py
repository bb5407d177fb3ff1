"""Validation data differs from training data, or shares examples with it.

## What it detects
Validation data that was prepared in another way than the training data (not divided by 255, not standardized, with red
and blue swapped, a feature left out or in another unit), whose classes are others, or whose examples were trained on.

## Why it matters
What is measured on such data says nothing of the model: a good one looks bad, and the early stopping stops at random;
or, where examples stand in both, a model that learns by heart looks good.

## How it is decided
By a preflight, on up to 512 examples of either side, but for those in both. Compared are columns: each feature of an
input of rows, each channel of pictures and series; at most 256. NaN and infinity are compared as zeros, which is told.

* **Preparation**: a column differs where it is `factor` times as wide (from the 5th to the 95th percentile; a
  picture's: the standard deviation), or as narrow, or its mean is away by `shift` of its widths in training; and where
  examples, mixed 1,999 times, differ as much in *any* column more rarely than `p` (rank sums, Westfall and Young). A
  warning where that holds of more than the share `columns`; and where one column's width differs by more than `column`.
  Else it is information, and so it is in windows of a series, whose later part differs by nature, unless the width
  differs by more than `column`. Augmented training data stays below: noise as strong as the data makes it 1.4 times as
  wide.
* **All columns alike**: of five columns or more, four fifths of which are those of training times one factor plus one
  summand (to a quarter), it is told how; and where more than the share `columns` differ more rarely than `p`, the lower
  limit `alike` does for that factor: neither chance nor augmentation passes it easily.
* **Channels** of pictures with three: a warning where the first is as much below the last in validation as it is
  above in training (half to twice as much), and that differs by more than `channels` standard deviations.
* **Constant features** that vary on the other side by half of the median width or more, where chance makes that of the
  value's share on the other side more rarely than `p`. Neither these nor single columns are told of inputs most of
  whose columns have the same smallest value: they may be the pixels of pictures that are moved in training.
* **Targets**: numbers as inputs; classes of one side that the other does not have, where chance would have left out one
  more rarely than `p`. Shares of the classes that differ by more than `apart` are information: people balance training
  data on purpose.
* **Examples in both**: values that are the same but for rounding. A warning for more than the share `common` of the
  validation data, two at least; else information, as where inputs have so few values that they coincide by chance, or
  are short rows of whole numbers that are repeated half as often within the training data. Of arrays all training
  examples are read, up to 512 MiB or half of the experiment's time: there the same must be so to the last bit, and
  those that are also in the sample but for rounding. Of data in batches only those that were read can be compared: of a
  validation that is all trained on, 512 of 60,000 shuffled examples would show four of 512, and that is information.
* **Shapes**: another rank or last axis is an error.

**Error rate**: data split at random differs at all in one of 1,000 cases for each input or target (the permutation
tests hold at any size), and must exceed the limits above as well. Where only a part of the data was read, and it comes
sorted by its targets, only the examples in both are judged.

## When it is wrong
Targets that go with other inputs than in training (classes that are numbered otherwise, rows that are moved) are not
found: inputs and targets are compared by themselves.

A split by time, place or person may differ in the world and not in the preparation: that is true, and on purpose.

## What to try
* Prepare both by one function; put `Normalization` or `Rescaling` into the model.
* Take means and deviations from the training data, and use them for the validation data.
* Split at random, and by class (stratified); remove duplicates before the split, and keep examples of one origin (the
  same patient, neighbouring frames) on one side.

## References
* 37 reasons why your neural network is not working, 3.4 (preprocessing of training, validation and test data).
* Westfall, P. and Young, S. (1993), Resampling-Based Multiple Testing.
* Barz, B. and Denzler, J. (2020), Do We Train on Test Data? Purging CIFAR of Near-Duplicates, J. Imaging 6.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import probed, record_of, records_of, text_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._validation import NAME, finding, of_channels, of_classes, of_columns, of_constants

PAGE = "docs/calibration.md#preflight-train-validation-shift"

RULE = Rule(
    name=NAME,
    category="preflight",
    title="Validation data differs from training data, or shares examples with it",
    passing_title="Validation inputs and targets, each by themselves, are like those of training",
    judges_nonfinite=True,
    thresholds=(
        Threshold("factor", 2.0, "ratio", f"{PAGE}: 1.5 with augmented training data"),
        Threshold("shift", 1.0, "deviations", f"{PAGE}: 0.5 with augmented training data"),
        Threshold("columns", 0.5, "fraction", "our choice: a preparation concerns most features"),
        Threshold("alike", 1.8, "ratio", f"{PAGE}: noise 1.2 times as strong as the data makes 1.6"),
        Threshold("column", 10.0, "ratio", "our choice: another unit is ten times as large or more"),
        Threshold("channels", 0.4, "deviations", "Cohen 1988: between a small (0.2) and a medium effect (0.5)"),
        Threshold("apart", 0.2, "fraction", "our choice: information only"),
        Threshold("common", 0.01, "fraction", "our choice; Barz and Denzler 2020 find 3 to 10 % in CIFAR"),
        Threshold("p", 1e-3, "probability", "one false alarm in 1,000 random splits"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name)
    held, common = value_of(found, "held"), value_of(found, "common")
    if not held > 0 or math.isnan(common):
        raise NotJudged("what was measured of the validation data is not complete")
    if common > 0:
        yield _of_common(found, common, held, limits)
    elif value_of(found, "ordered") == 1:
        raise NotJudged("only a part of the data was read, and it comes sorted by its targets")
    yield from _of_nonfinite(found)
    in_time = value_of(found, "series") == 1
    for each in records_of(found, "inputs"):
        place = f"input/{text_of(each, 'name')}"
        if value_of(each, "fits") == 0:
            shapes = (" × ".join(map(whole, values_of(each, name))) for name in ("held_shape", "shape"))
            told = "An example of validation has the shape {}, one of training {}.".format(*shapes)
            yield finding("error", told, place, 1.0, 0.0, "shapes")
        yield from of_columns(each, place, limits, in_time)
        yield from of_channels(record_of(each, "channels"), place, limits)
        yield from of_constants(each, place, limits)
    for each in records_of(found, "targets"):
        place = f"target/{text_of(each, 'name')}"
        yield from of_columns(each, place, limits, in_time)
        yield from of_classes(each, place, limits)


def _of_nonfinite(found: Probed) -> Iterator[Finding]:
    """Yields what was made of NaN and infinity in the examples, where there were any."""
    counts = [value_of(found, name) for name in ("nonfinite", "held_nonfinite")]
    if not any(count > 0 for count in counts):
        return
    of = [whole(value_of(found, name)) for name in ("examples", "held")]
    told = (
        f"NaN and infinity, in {whole(counts[0])} of {of[0]} examples of training and {whole(counts[1])} of {of[1]} of "
        "validation, were compared as zeros."
    )
    yield finding("info", told, None, max(counts), 0.0, "examples")


def _of_common(found: Probed, common: float, held: float, limits: Limits) -> Finding:
    share, may_coincide = common / held, value_of(found, "may_coincide") == 1
    is_many = share > limits["common"] and common >= 2 and not may_coincide
    told = f"{whole(common)} of {whole(held)} examples of validation stand among {whole(value_of(found, 'among'))} "
    told += "of training, too" + (", by chance perhaps: inputs have few values" if may_coincide else "")
    first = [values_of(found, f"common_{side}")[:1] for side in ("validation", "training")]
    if all(map(len, first)):
        told += ", such as example {} of validation, which is example {} of training (from 0{})".format(
            *(whole(float(index[0])) for index in first),
            "" if value_of(found, "are_rows") == 1 else ", among those taken",
        )
    return finding("warning" if is_many else "info", f"{told}.", None, share, limits["common"], "fraction")
