"""The data comes sorted by its labels.

## What it detects
Data whose examples come in runs of one class, or with their targets sorted, in the order in which the training is
given them: a file for each class read one after the other, and a shuffle that is missing, or whose buffer is small.

## Why it matters
Each step follows its batch. Where a batch holds one class the model learns to answer with that one, and forgets it in
the next batch. Batch normalization takes the mean of one class for that of all.

## How it is decided
By a preflight, from the first targets (4,096 at most) as the data gives them.

* Classes: two examples of one batch are of the same class as often as in shuffled data, or more often. The limit
  `batches` is of what they agree more, as a share of what they could (Cohen's kappa: 0 shuffled, 1 where each batch
  holds one class). A batch of a single example is judged with the 15 that follow. An error where, besides, most batches
  hold one class that no shuffling would leave alone so often; else a warning. Runs of neighbours that the batches mix
  well are information beyond the limit `neighbours`.
* Numbers: the rank correlation of neighbours (von Neumann's ratio of the ranks) beyond the limit `correlation`. A
  warning where the numbers go one way nearly always: sorted. Else they may be a series in time: information.

It must be more than chance does: the targets are shuffled 1,999 times, and as high a value must be rarer than the limit
`p`. **Error rate**: shuffled data of any size and any shares of the classes exceeds it in one of 1,000 cases, and
must exceed the other limits, too: of 963 shuffled streams of classes one was told, of 1,000 of numbers none.

Where `fit` shuffles the data all of this is information: but `validation_split` takes the last part of them *before* it
shuffles. Where all targets that were read are of one class it is told only if the validation data has others, and
its share there makes that no chance; and, as a warning, if classes are to be learnt by a cross-entropy and the examples
of all of the data that were chosen have no other class. Overlapping windows, stateful layers, sequences of targets and
several labels an example are not judged.

## When it is wrong
Series in time that only grow look sorted. A class of one in thousands may not be among the targets that were read.
Examples that belong together on purpose (the frames of a film, pairs for a contrastive loss) make runs.

## What to try
* Shuffle: `fit(shuffle=True)` does it for arrays, not for a generator or a `tf.data.Dataset`.
* `np.unique(y, return_counts=True)`: one class alone comes of files that were not read, or of labels that were lost.
* `dataset.shuffle(buffer_size)` before `batch`, with a buffer as large as the data, or shuffle the files first.
* Before `validation_split`, shuffle the arrays by hand: it takes the last examples as they stand.

## References
* 37 reasons why your neural network is not working, 2.7 (shuffle).
* Bartels, R. (1982), The Rank Version of von Neumann's Ratio Test for Randomness, JASA 77.
* Wald, A. and Wolfowitz, J. (1940), On a Test Whether Two Samples Are from the Same Population: the runs test.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number, percent, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import probed, record_of, records_of, text_of, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

RULE = Rule(
    name="data-order",
    category="preflight",
    title="The data comes sorted by its labels",
    passing_title="The data comes in no order of its labels",
    judges_nonfinite=True,
    thresholds=(
        Threshold("batches", 0.1, "fraction", "docs/calibration.md#preflight-data-order: with p, 1 of 963 shuffled"),
        Threshold("neighbours", 0.5, "fraction", "our choice: half of what a full sort does"),
        Threshold("correlation", 0.5, "fraction", "our choice: half of what a full sort does"),
        Threshold("one_way", 0.9, "fraction", "a series goes the one way as often as the other; sorted it is 1"),
        Threshold("p", 1e-3, "probability", "one false alarm in 1,000 shuffled streams"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name)
    outputs = records_of(found, "outputs")
    if not outputs:
        raise NotJudged("no target's order was measured")
    is_mixed_anyway = value_of(found, "shuffles") == 1
    for output in outputs:
        yield from _of_output(output, limits, is_mixed_anyway)


def _of_output(output: Probed, limits: Limits, is_mixed_anyway: bool) -> Iterator[Finding]:
    def finding(severity: Severity, message: str, observed: float, limit: str, unit: str = "fraction") -> Finding:
        rest = ": fit shuffles them, but validation_split takes the last ones before that" if is_mixed_anyway else ""
        told = "info" if is_mixed_anyway else severity
        place = f"target/{text_of(output, 'name')}"
        return Finding(
            RULE.name, told, f"{message}{rest}.", tensor=place, observed=observed, limit=limits[limit], unit=unit
        )

    examples, only = value_of(output, "examples"), text_of(output, "only")
    if only:
        told = f"All {whole(examples)} targets that were read are of one class, {only}: there is nothing to tell apart."
        place = f"target/{text_of(output, 'name')}"
        yield Finding(RULE.name, "warning", told, tensor=place, observed=1.0, limit=2.0, unit="classes")
    chance = value_of(output, "share_elsewhere") ** examples
    if chance <= limits["p"]:
        told = f"All of the first {whole(examples)} examples are of one class, and in the validation data "
        yield finding("error", f"{told}{percent(value_of(output, 'share_elsewhere'))} are", chance, "p", "probability")
    batches, neighbours = record_of(output, "batches"), record_of(output, "neighbours")
    if _is_beyond(batches, "excess", limits["batches"], limits["p"]):
        single = value_of(output, "single")
        told = f"Two examples of one batch are of the same class in {percent(value_of(batches, 'observed'))} of cases"
        told += f", when shuffled in {percent(value_of(batches, 'expected'))}"
        is_error = single > 0.5 and value_of(batches, "excess") > 0.5
        yield finding("error" if is_error else "warning", told, value_of(batches, "excess"), "batches")
    elif _is_beyond(neighbours, "excess", limits["neighbours"], limits["p"]) and not is_mixed_anyway:
        told = f"{percent(value_of(neighbours, 'observed'))} of the examples are of the class of the one before, when "
        told += f"shuffled {percent(value_of(neighbours, 'expected'))}; batches mix them"
        yield finding("info", told, value_of(neighbours, "excess"), "neighbours")
    if _is_beyond(output, "correlation", limits["correlation"], limits["p"]):
        correlation, one_way = value_of(output, "correlation"), value_of(output, "one_way")
        is_sorted = one_way > limits["one_way"]
        told = f"The targets are sorted: {percent(one_way)} of their changes go one way" if is_sorted else ""
        told = told or f"Neighbours' targets go together (rank correlation {number(correlation)}), as in a series"
        yield finding("warning" if is_sorted else "info", told, correlation, "correlation")


def _is_beyond(measured: Probed, name: str, limit: float, p: float) -> bool:
    return value_of(measured, name) > limit and value_of(measured, "p") <= p
