"""The targets have nothing to do with the inputs.

## What it detects
Targets that do not belong to their inputs: shuffled, shifted against them, or noise.

## Why it matters
A large network learns such targets by heart: the training loss falls as if all were well, and nothing of it holds for
other examples.

## How it is decided
The preflight trains the model briefly on some of the examples and lets it answer the others (how: see `random-input`).
If the targets were noise, each answer would go with its own target no better than with any other example's. A
permutation test asks for that: it is exact for any number of examples and any loss; the p-value counts for as many
looks as there may be, twelve (Bonferroni). **Error rate: of noisy or shuffled targets at most 1 in 100 pass**
(`level`).

A model that learnt nothing proves nothing of its targets. It fails only if all of this holds:

* four tests that need no model see no relation either: a linear regression, one on random waves, and the nearest
  neighbours, on the same examples held out, and the dependence of any kind (Hilbert-Schmidt) in all of them;
* the same model, trained as long on the same inputs and the same targets in an order in which they do follow the
  inputs, clearly learns that: it would have learnt a relation, if there were a simple one;
* enough examples were held out for a weak one to be seen. A correlation r of one number is found in 9 of 10 cases from
  about (4.4 ÷ r)² held-out examples on: 0.44 with 100, 0.28 with 256. The values tell it as `detectable`.

Between `level` and `undecided` there is no verdict, nor where it learns neither: that is said as "no data".

By hand: train with `np.random.permutation(y)`, and see whether the validation loss differs.

## When it is wrong
A relation that nobody can learn from some hundred examples looks like none: the parity of many bits, ciphers, prices.
Where all inputs are ids, there is no such verdict: of words and users that were not seen nobody can tell anything. Ids
are words, and whole numbers that go to a model with an `Embedding`, a lookup or a layer of your own; pictures of bytes
(uint8) are none.
In overlapping windows of a series neighbours share their targets: noise seems to be learnable then. So it does where
data repeat with changes, such as augmented pictures: exact copies alone are left out.

## What to try
* Look at some inputs beside their targets, as they reach the model: `input-gallery`.
* Shuffle inputs and targets together, by one permutation; check the order in which files are listed and joined.
* Where it is right that the relation is weak: more examples, better features, a simpler model.

## References
* 37 reasons why your neural network is not working, 2.3, 2.4 and 2.6.
* Zhang et al., Understanding deep learning requires rethinking generalization, 2017 (networks fit random labels).
* Gretton et al., Measuring statistical dependence with Hilbert-Schmidt norms, 2005.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number, plural
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._brief import brief_trainings, number_of
from tb_nnhealth.rules._probe import probed, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

_SOURCE = "docs/calibration.md#preflight-shuffled-labels"

RULE = Rule(
    name="shuffled-labels",
    category="preflight",
    title="The targets have nothing to do with the inputs",
    passing_title="The targets depend on the inputs",
    thresholds=(
        Threshold("level", 0.01, "p-value", "the error rate that the test is set for, a usual choice"),
        Threshold("undecided", 0.05, "p-value", "a usual level below which a relation is likely"),
        Threshold("examples", 100.0, "examples", f"{_SOURCE}: of fewer only a strong relation is seen"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    p = number_of(found, "p")
    if p <= limits["level"]:
        return
    trainings = brief_trainings(found)
    steps = plural(max((training.steps for training in trainings), default=0.0), "step")
    apparent, held = number_of(found, "apparent_p"), number_of(found, "held")
    if apparent <= limits["level"]:
        raise NotJudged(f"the targets depend on the inputs, but the model has not learnt how in {steps}")
    if min(p, apparent) <= limits["undecided"]:
        raise NotJudged(f"{plural(held, 'held-out example')} do not decide it")
    planted = found.values.get("planted")
    control = value_of(Probed(0.0, planted), "p") if isinstance(planted, dict) else 1.0
    if not control <= limits["level"]:
        raise NotJudged(f"it learns neither the targets nor such as follow the inputs in {steps}")
    if value_of(found, "ids_only") == 1:
        raise NotJudged("the inputs are ids, and examples whose ids were not seen tell nothing of a relation")
    if held < limits["examples"]:
        raise NotJudged(
            f"of {plural(held, 'held-out example')} only a correlation of {number(value_of(found, 'detectable'))} or "
            "more would be seen"
        )
    yield Finding(
        RULE.name,
        "warning",
        f"After {steps} the answers to {plural(held, 'example')} not seen go no better with their own targets than "
        "with other examples' targets; the same model does learn targets that follow the inputs.",
        observed=p,
        limit=limits["level"],
        unit="p-value",
    )
