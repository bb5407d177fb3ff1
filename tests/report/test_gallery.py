"""The examples in the report."""

from dataclasses import replace

import pytest

from tb_nnhealth.faces.gallery import by_examples
from tb_nnhealth.reader.gallery import gallery_of
from tb_nnhealth.records import Galleries, HealthRun
from tb_nnhealth.report import html
from tb_nnhealth.report.gallery import MOST_BEFORE
from tb_nnhealth.scorecard import Scorecard
from tests.report.test_report import HOSTILE, Page
from tests.rules.builder import healthy
from tests.synthetic import PIXELS, make_gallery


def with_galleries(*contents: dict) -> HealthRun:
    galleries = [gallery_of(content, 10 * (place + 1)) for place, content in enumerate(contents)]
    return replace(healthy(), galleries=Galleries.of(galleries, ["one was damaged."]))


def report(run: HealthRun) -> Page:
    return Page(html(run, Scorecard.from_run(run)))


def test_the_last_gallery_is_shown_and_what_was_predicted_before() -> None:
    shown = report(with_galleries(make_gallery(0, wrong=3), make_gallery(1, wrong=1)))
    pictures = [image for image in shown.all("img") if image.get("class") == "pixels"]
    assert [image["src"] for image in pictures] == [f"data:image/png;base64,{PIXELS}"] * 3
    assert {(image["width"], image["height"]) for image in pictures} == {("100", "125")}
    text = " ".join(shown.text.partition("Examples")[2].split())
    assert "After epoch 2, step 20. 2 of 3 predictions are right." in text
    assert "✗ wrong: dog (1) 75 %" in text and "✓ horse (2) 75 %" in text and "not finite, 2" in text
    before = text.partition("What was predicted before")[2]
    assert "After epoch 1, step 10." in before and before.count("✗ wrong:") == 3
    assert "digit is drawn at 5 × 4 pixels" in text and "one was damaged." in text


def of_others(epoch: int | None, wrong: int = 1) -> dict:
    """The gallery of examples with another target."""
    content = make_gallery(epoch, wrong)
    content["exhibits"][2]["values"] = [[[2, 1.0, "horse"]]] * 3
    return content


def test_examples_of_the_preflight_are_not_taken_for_those_of_the_training() -> None:
    shown = report(with_galleries(of_others(None), make_gallery(0, wrong=3), make_gallery(1, wrong=1)))
    text = " ".join(shown.text.partition("Examples")[2].split())
    of_training, _, of_preflight = text.partition("In the preflight.")
    assert "After epoch 2, step 30." in of_training and "After epoch 1, step 20." in of_training
    assert of_preflight.count("horse (2)") > 3 and "What was predicted before" not in of_preflight
    assert len([image for image in shown.all("img") if image.get("class") == "pixels"]) == 6


def test_of_many_sets_of_examples_the_last_and_the_first_are_shown() -> None:
    contents = [of_others(None), make_gallery(0), of_others(1), make_gallery(2)]
    text = report(with_galleries(*contents)).text
    assert "After epoch 3, step 40." in text and "In the preflight." in text and "After epoch 2" not in text
    assert "2 sets of other examples in between are not shown." in text


def test_examples_of_inputs_with_other_names_are_others() -> None:
    renamed = make_gallery(None)
    for exhibit in renamed["exhibits"]:
        exhibit["name"] += "_1"
    assert len(by_examples(with_galleries(renamed, make_gallery(0)).galleries)) == 2


def test_examples_that_were_not_kept_are_one_set() -> None:
    empty = {"examples": 0, "exhibits": [], "left_out": []}
    run = with_galleries({**empty, "epoch": 0}, {**empty, "epoch": 1})
    assert len(by_examples(run.galleries)) == 1


def test_without_galleries_there_is_no_such_part() -> None:
    assert "examples" not in [attributes.get("id") for _, attributes in report(healthy()).tags]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_and_text_are_text(name: str) -> None:
    content = make_gallery(1)
    content["left_out"] = [name]
    for exhibit in content["exhibits"]:
        exhibit["name"] = exhibit["layer"] = exhibit["channels"] = exhibit["dtype"] = name
    text = {"stage": "input", "name": name, "kind": "text", "values": [name] * 3}
    tokens = {"stage": "input", "name": name, "kind": "tokens", "values": [[[1, name], [2, ""]]] * 3}
    content["exhibits"] += [text, tokens]
    run = with_galleries(content)
    assert {tag for tag, _ in report(run).tags} == {tag for tag, _ in report(with_galleries(make_gallery(1))).tags}


def test_it_is_bounded_however_many_there_are() -> None:
    content = make_gallery(1)
    run = with_galleries(*({**content, "epoch": at} for at in range(400)))
    assert len(html(run, Scorecard.from_run(run))) < 500_000
    assert report(run).text.count("predictions are right") == MOST_BEFORE + 1


def test_many_numbers_are_folded() -> None:
    gallery = make_gallery(3)
    gallery["exhibits"][1] |= {"columns": list(map(str, range(11))), "values": [[0.5] * 11] * 3}
    assert "and 3 more" in report(with_galleries(gallery)).text
