"""Real programs: questions that people asked, models of the literature on faults, and known good references.

Each is written anew from the facts of its case (architecture, activations, loss, optimizer, range of the data), on data
that need no download. Each module holds

* `ID`, `KIND` (architecture and task), `SOURCE`, `PAIR` (its mended or sick twin);
* `FIXED`: whether it is healthy;
* `PRIMARY`: labels of the root cause or causes, of which a diagnosis should name one, first;
* `FAULTS`: labels of all that is true of it, consequences included;
* `ALLOWED`: labels that are defensible, neither right nor wrong;
* `MANIFESTS`: whether it visibly fails;
* `SEED`, with which it was seen to do so, and `build() -> Trial`.

The labels are those of the literature; `tests.faults.labels` tells which rules answer them.
"""
