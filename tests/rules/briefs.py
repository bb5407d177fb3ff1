"""Brief trainings as a preflight's probes tell them."""


def training(losses=(2.4, 2.3, 2.3), deviations=(0.0, 0.5, 0.4), spread=(0.5, 0.9, 1.0), steps=480, rate=1e-3):
    """One of them, which by default learns nothing."""
    return {
        "rate": rate,
        "steps": steps,
        "held_losses": list(losses),
        "deviations": list(deviations),
        "spread": list(spread),
    }
