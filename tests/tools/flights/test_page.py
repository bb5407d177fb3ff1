"""The page tells what the probes found, what they missed and why, and where they were wrong."""

from tools.flights.page import page
from tools.flights.said import Said

SICK = frozenset({"data-order"})


def said(name, expected=SICK, missed="", others=(), messages=None, **probes):
    states = {name.replace("_", "-"): status for name, status in probes.items()}
    return Said("data-order", name, expected, missed, states, others, messages or {}, 2.0)


OUTCOMES = (
    said("found", data_order="fail", label_noise="fail"),
    said("unjudged", missed="Too few.", data_order="no_data", label_noise="pass", messages={"data-order": "it has 5"}),
    said("healthy", frozenset(), data_order="fail", label_noise="no_data", messages={"data-order": "sorted"}),
    said("odd", frozenset(), others=("dead-units",), data_order="pass", label_noise="error"),
)


def rows(title):
    """Returns the cells of the table under a heading, without its head."""
    (part,) = (part for part in page(OUTCOMES, 5).split("\n## ") if part.startswith(title))
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_sums_are_told():
    text = page(OUTCOMES, 5)
    assert "4 of the 5 flights that there are were made. 1 of 2 sick flights were found; 1 of 2 healthy" in text
    assert "and 1 one of another rule" in text and "took 2.0 s" in text
    assert rows("Each probe") == [
        ["data-order", "2", "1", "1", "2", "1", "0"],
        ["label-noise", "0", "0", "0", "2", "0", "1"],
    ]


def test_what_was_missed_is_told_with_what_is_known_of_it():
    assert rows("What was wrong") == [
        ["unjudged", "data-order", "missed", "it has 5", "Too few."],
        ["healthy", "data-order", "false alarm", "sorted", ""],
        ["odd", "dead-units", "false alarm", "", ""],
        ["odd", "label-noise", "broke", "", ""],
    ]


def test_each_flight_has_a_row():
    assert [row[:4] for row in rows("Each flight")] == [
        ["found", "data-order", "data-order", "data-order, label-noise"],
        ["unjudged", "data-order", "data-order", ""],
        ["healthy", "data-order", "healthy", "data-order"],
        ["odd", "data-order", "healthy", ""],
    ]
