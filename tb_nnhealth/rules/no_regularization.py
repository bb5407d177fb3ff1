"""Nothing keeps a large model from learning the examples by heart.

## What it detects
Models with many more weights than examples, without dropout, penalties, weight decay or normalization, whose validation
does not keep up with training.

## Why it matters
Such a model can store the examples one by one. Then it knows these, and little of others.

## How it is decided
The trainable weights are divided by the examples of an epoch. Above the limit, where no regularization is to be
seen and the validation loss ends at a multiple of the training loss, it is information. It is a warning where that
does harm: where the validation loss has turned and risen (see `overfitting`), or was never better than a constant
answer's. Validation data that is not like that of the training is left to `no-better-than-trivial`.

## When it is wrong
Augmented data and early stopping regularize too, and cannot be seen in the model. Nor can dropout inside of a
recurrent or attention layer (`dropout=`).

## What to try
* Stop early: `EarlyStopping(patience=5, restore_best_weights=True)`.
* Augment the data, or get more of them.
* Add dropout of 0.2 to 0.5, or `AdamW` with weight decay.
* Use a smaller model.

## References
* My neural network isn't working! What should I do?, reason 4 (you forgot to use any regularization).
* Troubleshooting CNNs, on overfitting.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve
from tb_nnhealth.rules._inputs import examples
from tb_nnhealth.rules._learning import learns_by_heart, validation_is_unlike
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules.overfitting import RULE as OVERFITTING
from tb_nnhealth.rules.overfitting import turn

RULE = Rule(
    name="no-regularization",
    category="definition",
    title="Nothing keeps the model from learning by heart",
    passing_title="The model is regularized, small, or keeps up in validation",
    needs=("batch_size",),
    min_samples=1,
    thresholds=(
        Threshold("weights", 10.0, "weights an example", "an order of magnitude more than it takes to store a label"),
        Threshold("gap", 1.5, "ratio", "validation half as bad again as training"),
    ),
    consults=(OVERFITTING,),
)


def check(run: HealthRun, limits: Limits, overfitting: Limits) -> Iterator[Finding]:
    count = examples(run)
    training, validation = (curve(run, name)[1] for name in ("loss", "val_loss"))
    if count is None or not len(training) or not len(validation):
        raise NotJudged("no validation loss beside a known length of an epoch was seen")
    optimizer = run.model.compile.get("optimizer") or {}
    eased = any(layer.rate or layer.regularized or layer.normalizes for layer in run.model.layers)
    weights = run.model.trainable_parameters / count
    keeps_up = not validation[-1] > limits["gap"] * training[-1] > 0
    if eased or optimizer.get("weight_decay") or weights <= limits["weights"] or keeps_up or validation_is_unlike(run):
        return
    harms = turn(run, overfitting)[1] > overfitting["info"] or learns_by_heart(run)
    yield Finding(
        RULE.name,
        "warning" if harms else "info",
        f"The model has {whole(weights)} weights for each example and no regularization, and the validation loss is "
        f"{number(validation[-1] / training[-1])} times the training loss.",
        observed=weights,
        limit=limits["weights"],
        unit="weights an example",
    )
