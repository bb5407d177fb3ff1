"""How the blind cases are written down: one function makes the sick training and the mended one."""

from collections.abc import Callable

from tests.faults.case import Case, Trial
from tests.faults.twins import twins

Twins = Callable[[int, bool], Trial]
Alone = Callable[[int], Trial]


class Cases(list[Case]):
    """Cases by the names of the functions that make them."""

    def sick(self, kind: str, *expected: str) -> Callable[[Twins], Twins]:
        """Adds both twins of a function that is given the seed, and whether the mistake is fixed."""

        def add(build: Twins) -> Twins:
            self.extend(twins(build.__name__, kind, set(expected), build, False, True))
            return build

        return add

    def healthy(self, kind: str) -> Callable[[Alone], Alone]:
        """Adds the training of a function that is given the seed."""

        def add(build: Alone) -> Alone:
            self.append(Case(build.__name__, kind, build))
            return build

        return add
