"""A gallery in words."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tb_nnhealth.faces import gallery
from tb_nnhealth.reader.gallery import gallery_of
from tb_nnhealth.records import Exhibit, Gallery
from tests.synthetic import make_gallery


def answer(stage: str, *values: Any, name: str = "kind", several: bool = False) -> Exhibit:
    return Exhibit(stage, name, "classes", values, unit="fraction", several=several)


def of(*exhibits: Exhibit) -> Gallery:
    return Gallery(3, 0, len(exhibits[0].values), exhibits)


CAT, DOG, NONE = ((0, 1.0, "cat"),), ((1, 1.0, "dog"), (0, 0.0, "cat")), ()


def test_what_is_right_and_what_cannot_be_told() -> None:
    assert gallery.right(of(answer("target", CAT, DOG, CAT), answer("prediction", CAT, CAT, NONE))) == [
        True,
        False,
        None,
    ]
    assert gallery.right(of(answer("target", NONE), answer("prediction", CAT))) == [None]
    assert gallery.right(of(answer("target", CAT, several=True), answer("prediction", DOG, several=True))) == [None]
    assert gallery.right(of(answer("prediction", DOG))) == [None]
    one, other = answer("target", CAT, CAT), answer("target", CAT, DOG, name="b")
    two = of(one, other, answer("prediction", CAT, CAT), answer("prediction", DOG, DOG, name="b"))
    assert gallery.right(two) == [False, True]
    renamed = of(answer("target", CAT, name="0"), answer("prediction", DOG, name="dense"))
    assert gallery.right(renamed) == [False]


def test_words() -> None:
    given = gallery_of(make_gallery(3, wrong=1), 1199)
    assert gallery.title(given) == "after epoch 4, step 1,199"
    assert gallery.title(replace(given, epoch=None)) == "in the preflight"
    assert gallery.said(given) == "2 of 3 predictions are right"
    picture, numbers, *_ = given.exhibits
    assert gallery.told(picture) == (
        "50 × 40 × 1, uint8; from 0 to 255, mean 101, std 70.3; drawn from black at 0 to white at 255; "
        "one channel; channels last"
    )
    assert gallery.heading(numbers) == "what dense gets of digit" and "1 NaN or infinite" in gallery.told(numbers)
    told = gallery.content(given)
    assert told["exhibits"][0]["size"] == [125, 100] and told["exhibits"][1]["values"][1] == [None, 2.0]
    assert told["right"] == [False, True, True] and told["left_out"] == list(given.left_out)


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [((5, 4), [125, 100]), ((128, 6), [128, 126]), ((100, 128), [100, 128]), ((400, 4), [400, 128]), ((), [])],
)
def test_small_pictures_are_enlarged_and_slender_ones_widened(drawn: tuple[int, ...], shown: list[int]) -> None:
    assert gallery.size(replace(answer("input"), kind="picture", size=drawn)) == shown


def test_between_which_values_a_picture_is_drawn_is_told_beside_its_range() -> None:
    picture = replace(gallery_of(make_gallery(3), 0).exhibits[0], drawn=(-1.0, 300.0))
    assert "from 0 to 255, mean 101, std 70.3; drawn from black at −1 to white at 300" in gallery.told(picture)


@pytest.mark.parametrize(("step", "place"), [(None, 2), (0, 0), (5, 0), (6, 0), (10, 1), (15, 1), (99, 2)])
def test_the_gallery_that_had_been_taken_by_a_step(step: int | None, place: int) -> None:
    assert gallery.at_step([Gallery(step, 0, 0, ()) for step in (5, 10, 20)], step) == place


def numbers(stage: str, name: str, *values: tuple[float, ...]) -> Exhibit:
    columns = tuple(map(str, range(len(values[0]))))
    return Exhibit(stage, name, "numbers", values, columns=columns, layer="dense" if stage == "first" else None)


def test_what_a_first_layer_gets_of_an_input_as_it_was_is_not_shown_again() -> None:
    one, other = numbers("input", "a", (1.0, math.nan), (2.0, 3.0)), numbers("input", "b", (7.0,), (8.0,))
    put_together = numbers("first", "a", (0.5, 1.0, math.nan, 7.0, 9.0), (0.5, 2.0, 3.0, 8.0, 9.0))
    told = gallery.content(of(one, other, put_together))
    assert [exhibit["columns"] for exhibit in told["exhibits"]] == [["0", "1"], [""], ["0", "4"]]
    assert told["exhibits"][2]["values"] == [[0.5, 9.0], [0.5, 9.0]]
    assert told["left_out"] == ["What dense gets of a: 3 values that repeat a and b are left out."]
    again = gallery.content(of(one, numbers("first", "a", *one.values)))
    assert [exhibit["stage"] for exhibit in again["exhibits"]] == ["input"] and len(again["left_out"]) == 1
    changed = gallery.content(of(one, numbers("first", "a", (1.0, math.nan), (2.0, 3.5))))
    assert len(changed["exhibits"]) == 2 and changed["left_out"] == []
