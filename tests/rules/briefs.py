"""Brief trainings as a preflight's probes tell them."""


def training(losses=(2.4, 2.3, 2.3), deviations=(0.0, 0.5, 0.4), spread=(0.5, 0.9, 1.0), steps=480, rate=1e-3, at=None):
    """One of them, which by default learns nothing, and is looked at whenever its steps have doubled."""
    return {
        "rate": rate,
        "steps": steps,
        "at": [0, *(steps // 2**back for back in reversed(range(len(losses) - 1)))] if at is None else list(at),
        "held_losses": list(losses),
        "deviations": list(deviations),
        "spread": list(spread),
    }
