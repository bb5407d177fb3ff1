"""Ctrl-C is heard where it can be answered, and elsewhere waits until then."""

import signal
import threading

import pytest

from tb_nnhealth.flight.ctrl_c import CtrlC


def press():
    signal.raise_signal(signal.SIGINT)


def test_it_comes_at_once_where_it_is_heard():
    with CtrlC() as ctrl_c, pytest.raises(KeyboardInterrupt), ctrl_c.heard():
        press()
        pytest.fail("it did not come")


def test_elsewhere_it_waits_and_is_told_once():
    with CtrlC() as ctrl_c:
        press()
        with pytest.raises(KeyboardInterrupt), ctrl_c.heard():
            pytest.fail("it did not come")
        with ctrl_c.heard():
            pass


def test_one_that_came_before_waits():
    with CtrlC(waits=True) as ctrl_c, pytest.raises(KeyboardInterrupt), ctrl_c.heard():
        pytest.fail("it did not come")


def test_a_second_one_does_not_wait():
    with CtrlC():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_afterwards_it_comes_as_before():
    with CtrlC():
        pass
    with pytest.raises(KeyboardInterrupt):
        press()


def test_one_that_still_waits_comes_at_the_end_where_nothing_else_is_raised():
    with pytest.raises(KeyboardInterrupt), CtrlC():
        press()
    with pytest.raises(OSError, match="full"), CtrlC():
        press()
        raise OSError("full")


def test_one_that_waits_after_one_has_come_is_the_same_wish():
    with CtrlC() as ctrl_c:
        with pytest.raises(KeyboardInterrupt), ctrl_c.heard():
            press()
        press()


class Swallows:
    """Is pressed where Python ignores what is raised."""

    def __del__(self):
        press()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_is_swallowed_comes_where_it_is_asked_for():
    with CtrlC() as ctrl_c, pytest.raises(KeyboardInterrupt), ctrl_c.heard():
        Swallows()
        ctrl_c.answer()
        pytest.fail("it did not come")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("error", [None, OSError("what came of it")])
def test_one_that_is_swallowed_comes_at_the_end_of_what_it_was_heard_in(error):
    with CtrlC() as ctrl_c:
        with pytest.raises(KeyboardInterrupt), ctrl_c.heard():
            Swallows()
            if error is not None:
                raise error
        ctrl_c.answer()  # Not twice.


def test_who_handles_it_himself_does_so():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("own"))
    try:
        with CtrlC():
            press()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["own"]


def test_in_another_thread_it_is_left_alone():
    seen = []

    def open_it():
        with CtrlC(waits=True) as ctrl_c:
            seen.append(signal.getsignal(signal.SIGINT))
            with pytest.raises(KeyboardInterrupt), ctrl_c.heard():
                seen.append("heard")

    thread = threading.Thread(target=open_it)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
