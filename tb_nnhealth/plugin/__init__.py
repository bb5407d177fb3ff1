"""The Health tab: serves a run, its scorecard and its matrices to the page in `static/`."""
