"""What random numbers are drawn from, and what names are given out by, in the whole process."""

import random
import sys
from functools import partial

import numpy as np
from keras.src.backend.common import global_state
from tensorflow.python.eager.context import context
from tensorflow.python.ops import stateful_random_ops

from tb_nnhealth.flight.keeping.objects import Restore, Snapshot, set_items

_ABSENT = object()


class Chance:
    """The state of the process' random generators and of Keras' counters of names when this is made.

    TensorFlow's own seed is not set by `tf.random.set_seed`, which starts all of its random operations anew.
    """

    def __init__(self) -> None:
        tracker = global_state.GLOBAL_STATE_TRACKER
        generator = stateful_random_ops.global_generator
        counted = ("global_seed_generator", "object_name_uids", "name_scope_stack", "uninitialized_variables")
        # What else Keras keeps there goes by the ids of tensors, which come and go.
        objects = Snapshot([generator, *(getattr(tracker, name, None) for name in counted)])
        self._context = context()
        self._seed = self._context._seed
        self._generator = getattr(self._context, "_rng", _ABSENT)
        self._restores: list[Restore] = [
            partial(set_items, vars(tracker), dict(vars(tracker))),
            objects.restore,
            partial(setattr, stateful_random_ops, "global_generator", generator),
            partial(random.setstate, random.getstate()),
            partial(np.random.set_state, np.random.get_state(legacy=False)),
            *_of_torch(),
            self._restore_context,
        ]

    def part_seeds(self) -> None:
        """Lets TensorFlow draw from another seed from now on.

        Each of its random operations counts how often it was run, in a place that is found by its seeds and cannot be
        read: none of those that are run from now on may be one that is run later.
        """
        seed = random.Random(f"preflight {self._seed}").getrandbits(30)
        self._context._seed = seed
        self._context._rng = random.Random(seed)

    def restore(self) -> None:
        """Brings everything back; may be called again where it was interrupted."""
        for restore in self._restores:
            restore()

    def _restore_context(self) -> None:
        self._context._seed = self._seed
        if self._generator is not _ABSENT:
            self._context._rng = self._generator
        else:
            vars(self._context).pop("_rng", None)


def _of_torch() -> list[Restore]:
    torch = sys.modules.get("torch")
    return [] if torch is None else [partial(torch.random.set_rng_state, torch.random.get_rng_state())]
