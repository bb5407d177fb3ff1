"""The page tells what was found, missed and said wrongly, and how much of it was run."""

import pytest

from tests.faults.case import UNNAMED
from tests.tools.accuracy.made import made
from tools.accuracy import page as pages
from tools.accuracy.page import page, tables

CAUSE = frozenset({"cause"})
CASES = {("programs", False): 2, ("programs", True): 1, ("zoo", False): 1, ("zoo", True): 3}
OUTCOMES = (
    *(made("bad", "programs", "cause", "symptom", expected=CAUSE, also=frozenset({"symptom"}), seed=s) for s in (0, 1)),
    made("bad", "programs", "symptom", expected=CAUSE, also=frozenset({"symptom"}), seed=2, no_data={"q": "a | b"}),
    made("good", "programs", "noise error", "noise", seed=0),
    made("good", "programs", "hint info", seed=1),
    made("late", "zoo", "symptom", "cause", expected=CAUSE, held_out=True),
    made("silent", "zoo", expected=CAUSE, held_out=True, raised="ValueError", no_data={"q": "gone"}),
)  # fmt: skip


def rows(text, title):
    """Returns the cells of the table under each heading of that title."""
    tables = [part.split("\n#")[0] for part in text.split(f"# {title}\n")[1:]]
    lines = [line for table in tables for line in table.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {tuple(line[:2]): line[2:] for line in cells if line[0] != "---"}


@pytest.fixture
def text():
    return page(OUTCOMES, CASES, seeds=3)


def test_the_summary_tells_parts_and_how_many_were_run(text):
    table = rows(text, "Summary")
    assert table["programs", "calibrated"] == [
        "2 of 2", "5 of 6", "3", "2 (66.7%)", "2 (66.7%)", "2", "1 (50.0%)", "1 (50.0%)", "50.0%"
    ]  # fmt: skip
    assert table["programs", "held out"] == ["0 of 1", "0 of 3", "0", "–", "–", "0", "–", "–", "–"]
    assert table["zoo", "held out"] == ["2 of 3", "2 of 9", "2", "1 (50.0%)", "0 (0.0%)", "0", "–", "–", "100.0%"]
    assert table["all", "all"][:5] == ["4 of 7", "7 of 21", "5", "3 (60.0%)", "2 (40.0%)"]


def test_goals_are_met_or_not(text):
    table = rows(text, "Goals")
    assert table["Real programs: cause found", "≥ 92%"] == ["66.7%", "–", "66.7%", "no"]
    assert table["Zoo: cause first", "≥ 85%"] == ["–", "0.0%", "0.0%", "no"]
    assert table["Real programs, healthy: a warning", "≤ 5%"] == ["50.0%", "–", "50.0%", "no"]
    assert table["Zoo, healthy: a warning", "≤ 5%"] == ["–", "–", "–", "–"]
    assert table["All healthy: an error", "≤ 0%"] == ["50.0%", "–", "50.0%", "no"]
    fine = [made("a", "zoo", "cause", expected=CAUSE), made("b", "zoo")]
    table = rows(page(fine, CASES, 1), "Goals")
    assert [cells[-1] for cells in table.values()] == ["met", "–", "–", "yes", "yes", "–", "–", *["yes"] * 4]


def test_a_goal_that_is_missed_on_the_cases_held_out_is_told_so():
    found = [made(name, "zoo", "cause", expected=CAUSE) for name in "abcdefghijklmnopqrst"]
    outcomes = [*found, made("z", "zoo", expected=CAUSE, held_out=True)]
    assert rows(page(outcomes, CASES, 1), "Goals")["Zoo: cause found", "≥ 95%"][-1] == "held out: no"


def test_the_blind_have_no_goal_and_are_told_like_the_others():
    outcomes = [*OUTCOMES, made("odd", "blind", "noise", expected=frozenset({UNNAMED}), held_out=True)]
    text = page(outcomes, {**CASES, ("blind", True): 1}, 1)
    assert rows(text, "Summary")["blind", "held out"][:5] == ["1 of 1", "1 of 1", "1", "0 (0.0%)", "0 (0.0%)"]
    assert not [title for title, _ in rows(text, "Goals") if "Blind" in title]
    blind = text[text.index("## Blind\n") :]
    assert rows(blind, "Misses")["odd", "MLP, binary"] == ["held out", "1 of 1", "*unnamed*", "`noise` × 1"]
    assert set(rows(blind, "Rules")) == {("rule", "should"), ("`noise`", "0 + 0")}


def test_what_was_found_at_first_sight_is_told(text):
    assert f"alone.\n\n{pages.FIRST_SIGHT}\n\nHow many" in text


def test_rules_are_told_with_both_parts_of_the_split(text):
    table = rows(text, "Rules")
    assert table["`noise`", "0 + 0"] == ["0 + 0", "0 + 0", "0 + 0", "1 + 0"]
    assert table["`symptom`", "0 + 0"] == ["0 + 0", "0 + 0", "0 + 1", "0 + 0"]  # the zoo's comes last
    assert table["`cause`", "3 + 0"] == ["2 + 0", "0 + 0", "0 + 0", "0 + 0"]
    assert table["`cause`", "0 + 2"] == ["0 + 1", "0 + 0", "0 + 0", "0 + 0"]


def test_each_sick_case_is_told_with_the_runs_in_which_its_cause_was_found_and_first(text):
    sick = rows(text, "Sick cases")
    assert sick["bad", "MLP, binary"] == ["calibrated", "`cause`", "2 of 3", "2 of 3"]
    assert sick["late", "MLP, binary"] == ["held out", "`cause`", "1 of 1", "0 of 1"]
    assert ("good", "MLP, binary") not in sick


def test_misses_and_alarms_are_told_by_name_over_seeds(text):
    missed = rows(text, "Misses")
    assert missed["bad", "MLP, binary"] == ["calibrated", "1 of 3", "`cause`", "`symptom` × 1"]
    raised = "nothing × 1, the training raised ValueError × 1"
    assert missed["silent", "MLP, binary"] == ["held out", "1 of 1", "`cause`", raised]
    assert rows(text, "Found, but not first")["late", "MLP, binary"][-1] == "`symptom` × 1"
    alarms = rows(text, "False alarms")
    assert alarms["good", "MLP, binary"] == [
        "calibrated", "1 of 2", "nothing", "`noise` (error) × 1, `noise` (warning) × 1"
    ]  # fmt: skip


def test_reasons_without_data_are_counted_and_bars_do_not_break_the_table(text):
    assert "| `q` | a \\| b | 1 + 0 |" in text
    assert "| `q` | gone | 0 + 1 |" in text
    assert "| rule | reason | runs, of 5 + 0 |" in text


def test_rules_that_broke_are_told_only_where_there_are_any(text):
    assert "broke" not in text
    assert "| `a` | oh | 1 |" in page([made(broken={"a": "oh"})], CASES, 1)


def test_only_parts_with_cases_have_tables():
    text = tables(OUTCOMES, {("zoo", True): 3}, 3)
    assert "## Zoo" in text and "## Real programs" not in text


def test_the_page_does_not_depend_on_the_order_of_runs(text):
    assert page(OUTCOMES[::-1], CASES, 3).count("\n") == text.count("\n")
