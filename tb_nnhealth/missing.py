"""What is told of a run whose rows are not all here: TensorBoard kept some of them, or they were lost."""

from tb_nnhealth.records import HealthRun


def few_here(run: HealthRun) -> str | None:
    """Returns why what needs several samples of a series is not judged, None where half of them and more are here."""
    return f"{_told(run)} ({_cure(run)})" if run.sampled_steps < run.missing_rows else None


def note(run: HealthRun) -> str | None:
    """Returns what a verdict on the rows that are here is worth, None where all are."""
    if not run.thinned:
        return None
    cure = _cure(run)
    return f"This run is thinned, {_told(run)}: findings may be missing or wrong. {cure[:1].upper()}{cure[1:]}."


def _told(run: HealthRun) -> str:
    return f"only {run.sampled_steps:,} of {run.sampled_steps + run.missing_rows:,} samples are here"


def _cure(run: HealthRun) -> str:
    if run.lost_rows == run.missing_rows:
        return "the others were lost as they were written"
    return "leave nnhealth out of --samples_per_plugin and start TensorBoard again, unless the file is damaged"
