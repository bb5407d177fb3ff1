"""Shows a few examples as the first layers that learn get them, with targets and predictions.

Measured is nothing: what is shown is a gallery (`tb_nnhealth.instrument.gallery`), as a training shows them at times.
"""

from typing import Any

from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.instrument.gallery import gallery

SHARE = 0.3

EXAMPLES = 16


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns the gallery of the first examples of the sample."""
    first = subject.training.take(range(min(EXAMPLES, subject.training.examples)))
    return gallery(subject.model, first.x, first.y, EXAMPLES, subject.vocabulary)
