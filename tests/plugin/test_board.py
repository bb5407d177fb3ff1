"""The table of all runs: judged a few at a time, sent once, never waiting for the last one."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth import Scorecard
from tb_nnhealth.plugin.board import MOST_POINTS, RUNS_AT_ONCE, Board, Loaded, judged_row
from tb_nnhealth.reader import read_run
from tb_nnhealth.records import NonFinite, Place
from tests.browser.runs import write_calm_run, write_sick_run
from tests.rules.builder import STEPS, healthy, losses, unmeasured

LOADED = {name: Loaded(f"{name}1", 10, 5.0) for name in "abc"}


def judge(run: str) -> dict[str, str]:
    return {"run": run, "state": "pass"}


def slowly(run: str) -> dict[str, str]:
    time.sleep(0.03)
    return judge(run)


def names(answer: dict) -> list[str]:
    return [row["run"] for row in answer["rows"] if "state" in row]


def test_first_answer_lists_all_runs_and_judges_none():
    answer = Board().answer(LOADED, "", pytest.fail, 0.0)
    assert answer["rows"] == [{"run": run, "steps": 10, "last_time": 5.0} for run in "abc"]
    assert answer["pending"] == 3


def test_answers_judge_what_fits_into_their_time_until_none_is_left():
    board, since, told = Board(), "", []
    many = {f"{index}": Loaded("1", 10, 5.0) for index in range(5 * RUNS_AT_ONCE)}
    for answers in range(1, 20):  # noqa: B007
        answer = board.answer(many, since, slowly, 0.05)
        since, told = answer["serial"], told + names(answer)
        if not answer["pending"]:
            break
    assert sorted(told) == sorted(many)
    assert answers > 1
    assert board.answer(many, since, pytest.fail, 1.0) == {"serial": since, "rows": [], "pending": 0}


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1.5", "²", "", " 1"])
def test_what_is_no_serial_gets_all_rows(number):
    board = Board()
    name, _, _ = board.answer(LOADED, "", judge, 1.0)["serial"].partition("-")
    assert names(board.answer(LOADED, f"{name}-{number}", pytest.fail, 1.0)) == sorted(LOADED)


def test_rows_are_sent_once_unless_the_run_grows():
    board = Board()
    since = board.answer(LOADED, "", judge, 1.0)["serial"]
    grown = {**LOADED, "b": replace(LOADED["b"], version="b2")}
    answer = board.answer(grown, since, judge, 1.0)
    assert names(answer) == ["b"]
    assert names(board.answer(grown, answer["serial"], pytest.fail, 1.0)) == []


@pytest.mark.parametrize("since", ["", "1", "-", "x-1", "x-²", "-1", "00000000-99", "\0"])
def test_whoever_knows_another_board_gets_all_rows(since):
    board = Board()
    board.answer(LOADED, "", judge, 1.0)
    assert sorted(names(board.answer(LOADED, since, judge, 1.0))) == ["a", "b", "c"]


def test_a_run_that_grows_all_the_time_keeps_no_other_waiting():
    board, told = Board(), []
    for turn in range(6):
        grown = {**LOADED, "a": replace(LOADED["a"], version=str(turn))}
        told += names(board.answer(grown, "", slowly, 0.01))
    assert set(told) == {"a", "b", "c"}


def test_runs_that_are_gone_are_forgotten():
    board = Board()
    board.answer(LOADED, "", judge, 1.0)
    answer = board.answer({"a": LOADED["a"]}, "", judge, 1.0)
    assert (names(answer), answer["pending"]) == (["a"], 0)


def test_each_run_is_judged_by_one_of_several_askers_and_told_to_all():
    board, judged, seen = Board(), [], {}

    def noted(run: str) -> dict[str, str]:
        judged.append(run)
        return slowly(run)

    def ask(asker: int) -> None:
        since, told = "", []
        while set(told) != set(LOADED):
            answer = board.answer(LOADED, since, noted, 0.02)
            since, told = answer["serial"], told + names(answer)
        seen[asker] = told

    threads = [threading.Thread(target=ask, args=(asker,), daemon=True) for asker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(judged) == ["a", "b", "c"]
    assert all(sorted(told) == ["a", "b", "c"] for told in seen.values()) and len(seen) == 4


@pytest.mark.parametrize("write", [write_sick_run, write_calm_run])
def test_row_says_what_the_scorecard_says(tmp_path, write):
    write(tmp_path)
    run, card = read_run(tmp_path), Scorecard.from_logdir(tmp_path)
    row = judged_row("x/health", run, card)
    assert (row["run"], row["score"], row["steps"], row["finished"]) == ("x/health", card.score, run.steps, True)
    assert (row["state"] == "pass") == (card.status == "pass")
    assert (row["finding"] is None) == (card.status != "fail")
    assert row["failing"] == sum(verdict.status == "fail" for verdict in card.rules)
    if row["finding"]:
        first = next(finding for finding in card.findings if finding.severity != "info")
        assert (row["finding"]["rule"], row["finding"]["message"]) == (first.rule, first.message)


def test_picture_of_the_loss_is_small_and_keeps_a_spike(tmp_path):
    write_calm_run(tmp_path)
    run = read_run(tmp_path)
    run.step.high[run.step.steps == 71, 0, run.step.columns.index("loss")] = 99.0
    loss = judged_row("x", run, Scorecard.from_run(run))["loss"]
    assert loss.pop("broken") is None
    assert {len(part) for part in loss.values()} == {MOST_POINTS}
    assert max(loss["high"]) == 99.0
    assert loss["values"][0] > loss["values"][-1]


@pytest.mark.parametrize(("last", "told"), [(np.nan, "NaN"), (np.inf, "∞")])
def test_loss_that_ends_as_no_number_is_told_so(last, told):
    run = losses(healthy(), np.where(STEPS < 300, 2.0, last))
    broken = replace(run, nonfinite=NonFinite(300, (Place("loss", "", 1.0),)))
    assert judged_row("x", broken, Scorecard.from_run(broken))["loss"]["broken"] == told
    recovered = replace(broken, step=healthy().step)
    assert judged_row("x", recovered, Scorecard.from_run(recovered))["loss"]["broken"] is None


def test_loss_that_never_was_a_number_is_told_so_and_one_that_was_not_measured_is_not():
    run = replace(losses(healthy(), np.full(len(STEPS), np.nan)), nonfinite=NonFinite(0, (Place("loss", "", 1.0),)))
    loss = judged_row("x", run, Scorecard.from_run(run))["loss"]
    assert (loss["broken"], set(loss["values"])) == ("NaN", {None})
    none = unmeasured(healthy())
    assert judged_row("x", none, Scorecard.from_run(none))["loss"] is None
