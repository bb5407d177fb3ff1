"""What goes wrong in here is said once, and the training goes on."""

from collections.abc import Callable

from tb_nnhealth.instrument.judge import HealthError, warn

Failure = Callable[[str, Exception], None]
"""Is told what is not measured, and why; a finding that is to be raised, it raises."""


class NotWritten(OSError):
    """Not all could be written. Its text says in sentences what was expected and what came in the way."""


class Trouble:
    """Warns of each cause once in a `fit`. A finding that is to be raised, met on the way, is raised."""

    def __init__(self) -> None:
        self.begin_fit()

    def begin_fit(self) -> None:
        self._told: set[str] = set()
        self._has_failed = False

    def fail(self, where: str, error: Exception) -> None:
        """Says what broke: `where` is what is not measured for it, unless it could only not be written.

        Raises:
          HealthError: the error is one.
        """
        if isinstance(error, HealthError):
            raise error
        self._has_failed = True
        text = " ".join(str(error).split())[:500]
        if isinstance(error, NotWritten):
            return self.warn(text, f"HealthCallback could not write all it measures, and the training goes on. {text}")
        cause = f"{type(error).__name__}: {text}"
        self.warn(cause, f"HealthCallback could not measure {where}, and the training goes on without it: {cause}")

    def fail_in_consequence(self, where: str, error: Exception) -> None:
        """Says what broke unless something else did before, which will have been the cause.

        Raises:
          HealthError: the error is one.
        """
        if isinstance(error, HealthError) or not self._has_failed:
            self.fail(where, error)

    def warn(self, cause: str, message: str) -> None:
        if cause not in self._told:
            self._told.add(cause)
            warn(message)
