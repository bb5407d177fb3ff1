"""Brief trainings on some of the examples, looked at on the others: on the real data, and on data in whose place other
data are put. All probes that ask what a model learns share them.

A model is trained from its own start with Adam, without noise and regularizers, on batches of no more than
`MOST_IN_BATCH` examples: it learns by steps. After few steps, and whenever they have doubled, the examples that took no
part in it are answered in inference mode, and judged by `relation`.
"""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.brief import linear
from tb_nnhealth.flight.brief.baselines import Baselines, baselines
from tb_nnhealth.flight.brief.costs import Costs, Predictor, moved, spread
from tb_nnhealth.flight.brief.features import encoded, features
from tb_nnhealth.flight.brief.material import Kind, batch_size, batches, of_kind, used
from tb_nnhealth.flight.brief.relation import Relation, dependence, random_waves, relation
from tb_nnhealth.flight.brief.trial import LOOKS, LOW_RATE, RATES, Look, Trial, trials_told
from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.examples.rows import named_arrays
from tb_nnhealth.flight.examples.twins import first_of_each
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import has_own_loss
from tb_nnhealth.flight.training.trainer import Trainer
from tb_nnhealth.instrument.batch import input_names

Floats = NDArray[np.float64]

MOST_HELD = 256

WAVES = 256
"""So many random waves a curved regression has."""

MOST_SECONDS = 4.0
"""So long a training is, once it is compiled, or a `PART` of the probe's time where that is longer."""

PART = 1 / 6


class Brief:
    """The brief trainings of a subject, each made once.

    Raises:
      NotMeasured: there are too few examples, or no targets that the loss of one looks at.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.sample = used(subject)
        self.distinct = len(first_of_each([array for _, array in named_arrays(self.sample.x)]))
        targets = encoded(self.sample.y, subject.random("brief targets"))
        if not targets.shape[1]:
            raise NotMeasured("the targets of all examples are the same")
        order = subject.random("brief split").permutation(self.sample.examples)
        count = min(MOST_HELD, max(self.sample.examples // 4, min(self.sample.examples // 2, 64)))
        self._held, self._kept = order[:count], order[count:]
        self.batch_size = batch_size(self.sample, subject.model, len(self._kept))
        self.answers = Predictor(subject.model)
        self.costs = Costs(subject.model)
        held = self.sample.take(self._held)
        differ = np.ptp(targets[self._held], axis=0).any()
        if differ and not np.ptp(self.costs.table(self._any_answers(held), held), axis=1).any():
            raise NotMeasured("the loss of an example by itself is the same whatever its target is")
        self._trials: dict[tuple[Kind, float], Trial] = {}
        self._is_warm = False

    @property
    def trainer(self) -> Trainer:
        """What trains the model, shared with other probes."""
        return self._subject.shared(Trainer, quiet=True)

    def trials(self, kind: Kind, clock: Clock) -> tuple[Trial, ...]:
        """Returns the trainings on such data: one where it shows a relation clearly, else one of each rate; of random
        inputs, which can show none, one."""
        found = [self._trial(kind, RATES[0], clock)]
        if not found[0].is_clear and kind in ("real", "planted"):
            exploded = not np.isfinite(found[0].losses).all() or not np.isfinite(found[0].last.losses).all()
            clock.done(0.5)
            found.append(self._trial(kind, LOW_RATE if exploded else RATES[1], clock))
        return tuple(found)

    def record(self, trials: Sequence[Trial]) -> dict[str, Any]:
        """Returns trainings as plain data, and how many examples there were, and took no part."""
        return {**trials_told(trials), "examples": self.sample.examples, "held": self.held}

    @cached_property
    def inputs(self) -> tuple[Floats, Floats]:
        """The features of the examples trained on, and of the others."""
        columns = features(self.sample.x, self._subject.random("brief features"))
        return columns[self._kept], columns[self._held]

    @cached_property
    def apparent(self) -> dict[str, Relation]:
        """The relation of targets and inputs that is seen without the model: of any kind, by a linear regression, by
        one on random waves, and by the nearest neighbours."""
        targets = encoded(self.sample.y, self._subject.random("brief targets"))
        random = self._subject.random("brief apparent")
        kept, held = self.inputs
        found = {"any": dependence(np.concatenate([kept, held]), targets[[*self._kept, *self._held]], random)}
        if not kept.shape[1] or not targets.shape[1]:
            return found
        waves = random_waves(kept, WAVES, random)
        for name, fit, one, other in (
            ("linear", linear.ridge, kept, held),
            ("curved", linear.ridge, waves(kept), waves(held)),
            ("neighbours", linear.neighbours, kept, held),
        ):
            answers = fit(one, targets[self._kept])(other)
            found[name] = relation(-(answers - answers.mean(axis=0)) @ targets[self._held].T, random)
        return found

    @cached_property
    def baselines(self) -> Baselines:
        """The losses of a constant and a linear model."""
        kept, held = self.sample.take(self._kept), self.sample.take(self._held)
        return baselines(self.costs, *self.inputs, kept, held, self.answers(held))

    @property
    def held(self) -> int:
        """How many examples take no part in the trainings."""
        return len(self._held)

    def _any_answers(self, held: Sample) -> Any:
        """Returns random answers of the model's form, from 0 to 1: a dead model's own cost the same with any target."""
        random = self._subject.random("brief any answers")
        return keras.tree.map_structure(lambda leaf: random.random(leaf.shape, np.float32), self.answers(held))

    def _trial(self, kind: Kind, rate: float, clock: Clock) -> Trial:
        found = self._trials.get((kind, rate))
        seconds = _seconds(clock)
        if found is None or (found.is_cut and seconds > 2 * found.seconds):
            clock.check("train the model briefly")
            sample = of_kind(kind, self.sample, self._subject)
            kept, held = sample.take(self._kept), sample.take(self._held)
            if not self._is_warm:
                self.trainer.reset()
                self.trainer.train([kept.take(np.arange(self.batch_size))], clock)
                self._is_warm = True
            self.trainer.reset()
            self.trainer.set_rate(rate)
            self._trials[kind, rate] = self._trained(kept, held, rate, clock, kind)
        return self._trials[kind, rate]

    def _trained(self, kept: Sample, held: Sample, rate: float, clock: Clock, kind: Kind) -> Trial:
        random = self._subject.random(f"brief {kind}")
        given = batches(kept, self.batch_size, self._subject.random("brief batches"))
        losses: list[float] = []
        looks = [self._look(0, held, random)]
        if not np.isfinite(looks[0].losses).all():
            raise NotMeasured("the loss of some examples is not finite before any step")
        clock = clock.part(_seconds(clock))
        for step in LOOKS:
            more = self.trainer.train([next(given) for _ in range(step - len(losses))], clock)
            losses.extend(more.tolist())
            if len(losses) > looks[-1].step:
                looks.append(self._look(len(losses), held, random))
            if len(losses) < step or not np.isfinite(losses).all() or self._tells_enough(looks[-1], kind):
                break
        uses = self._uses(held, random) if kind == "real" and not _may_serve_the_loss(self._subject.model) else ()
        return Trial(rate, np.array(losses), tuple(looks), uses, clock.seconds, not clock.left())

    def _look(self, step: int, held: Sample, random: np.random.Generator) -> Look:
        answers = self.answers(held)
        table = self.costs.table(answers, held)
        return Look(step, self.costs.each(answers, held), relation(table, random), spread(answers))

    def _uses(self, held: Sample, random: np.random.Generator) -> tuple[tuple[str, float | None], ...]:
        """Returns how far the answers move with each input; see `Trial`."""
        inputs = keras.tree.flatten(held.x)
        names = sorted(held.x) if isinstance(held.x, dict) else input_names(self._subject.model) or []
        if len(names) != len(inputs):
            names = [str(index) for index in range(len(inputs))]
        own = self.answers(held)
        found: list[tuple[str, float | None]] = []
        for index, (name, values) in enumerate(zip(names, inputs, strict=True)):
            if values is None or (values == values[:1]).all():
                found.append((name, None))
                continue
            others = np.roll(values, 1 + int(random.integers(len(values) - 1)), axis=0)
            changed = keras.tree.pack_sequence_as(held.x, [*inputs[:index], others, *inputs[index + 1 :]])
            found.append((name, moved(own, self.answers(replace(held, x=changed)))))
        return tuple(found)

    def _tells_enough(self, look: Look, kind: Kind) -> bool:
        """Returns whether it has clearly learnt a relation, and as much of the real one as a linear model."""
        if not look.is_clear:
            return False
        try:
            return kind != "real" or float(look.losses.mean()) <= float(self.baselines.linear.mean())
        except NotMeasured:
            return True


def brief_of(subject: Subject) -> Brief:
    """Returns the brief trainings of a subject, the same for all probes."""
    made = subject.__dict__
    if "_brief" not in made:
        made["_brief"] = Brief(subject)
    found: Brief = made["_brief"]
    return found


def _seconds(clock: Clock) -> float:
    return min(max(MOST_SECONDS, PART * clock.seconds), 0.5 * clock.left())


def _may_serve_the_loss(model: Any) -> bool:
    """Returns whether an input may matter to the loss without the answers."""
    return has_own_loss(model) or any("add_loss" in _names_in(type(layer).call) for layer in model._flatten_layers())


def _names_in(function: Any) -> Sequence[str]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_names if code else ()
