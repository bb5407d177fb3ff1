"""Each of Python's warnings is shown once in a preflight, and none is swallowed."""

import warnings

from keras import layers

from tb_nnhealth import preflight
from tb_nnhealth.flight.warned import warned_once
from tests.flight.models import classes, classifier


def shown(caught):
    return [str(warning.message) for warning in caught]


def test_a_warning_is_shown_once_whatever_its_numbers():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with warned_once():
            for size in (32, None, 7, 7):
                warnings.warn(f"softmax of shape ({size}, 1)", stacklevel=1)
            for name in ("dense", "dense", "conv"):
                warnings.warn(f"{name} is slow", DeprecationWarning, stacklevel=1)
        warnings.warn("softmax of shape (7, 1)", stacklevel=1)
    assert shown(caught) == ["softmax of shape (32, 1)", "dense is slow", "conv is slow", "softmax of shape (7, 1)"]


def test_what_shows_warnings_is_as_it_was():
    show = warnings.showwarning
    try:
        with warned_once():
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert warnings.showwarning is show


def test_keras_own_warning_is_shown_once_in_a_preflight():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        preflight(classifier(layers.Dense(1, "softmax")), classes(), probes=["overfit-tiny-batch", "dimension-probe"])
    assert sum("softmax over axis -1" in text for text in shown(caught)) == 1
