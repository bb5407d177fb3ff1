"""A few examples as the first layers get them.

## What it detects
Nothing by itself: it shows some inputs as the first layers that learn get them, with their targets and what the model
predicts for them before it was trained.

## Why it matters
Most of what is wrong with data is seen at once by whoever looks: pictures that are black, upside down, or have their
channels in another order, texts of unknown words only, columns that stand still, labels that belong to other examples.
What a model is given is not what lies on the disk: augmentation, scaling and decoding stand between.

## How it is decided
There is no verdict. Up to 16 examples of the training data are run through the layers before the first one that learns.
Inputs of the form of pictures are drawn, downsized, stretched from their lowest to their highest value, which are told;
numbers stand in tables; ids have the words of `vocabulary=`, or of the model's own lookup layer. A gallery has 256 KiB
at most: what had to be left out is said. With `HealthCallback(gallery=N)` a training shows the first N examples of its
first sampled batch after its epochs.

## When it is wrong
It is no judgement. The examples are few: of arrays chosen by chance, of all else the first ones.

## What to try
* Look at them: is this what the model should learn from, and is each target that of its input?

## References
* 37 reasons why your neural network is not working, 2.1 and 2.3 (check your input data).
* My neural network isn't working! What should I do?, reason 2 (check your results).
* Debugging tips for neural networks, on looking at inputs and outputs.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._probe import probed
from tb_nnhealth.rules._rule import Finding, Limits, Rule

RULE = Rule(
    name="input-gallery",
    category="preflight",
    title="Examples could not be shown",
    passing_title="Examples as the first layers get them are there to be looked at",
    weight=0.0,
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    probed(run, RULE.name)
    yield from ()
