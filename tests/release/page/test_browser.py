"""The page in a real browser: looked at, corrected, saved, and the saved labels read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page.making import ACTIONS

from bineego import segments, train
from bineego.evaluation import evaluate
from bineego.formats.read import read_annotations
from bineego.page.build import write_page
from bineego.page.results import gather, report

RUN, WAVE = ACTIONS


@pytest.fixture
def opened(browser: Any, results: Path, tmp_path: Path) -> Iterator[Any]:
    """The page with its truth; nothing may go wrong in it."""
    page = browser.new_page(viewport={"width": 1200, "height": 800}, accept_downloads=True)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(report(results, truth=tmp_path / "truth.csv", output=tmp_path / "report.html").as_uri())
    page.wait_for_selector(".segment")
    yield page
    assert not problems
    page.close()


def saved(page: Any, tmp_path: Path, button: str = "#save-csv") -> Path:
    with page.expect_download() as waiting:
        page.click(button)
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def rows(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in read_annotations(path).segments.itertuples(index=False)]


def drag(page: Any, selector: str, at: str, pixels: int) -> None:
    box = page.locator(selector).first.bounding_box()
    x = {"start": box["x"] + 2, "end": box["x"] + box["width"] - 2, "middle": box["x"] + box["width"] / 2}[at]
    page.mouse.move(x, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(x + pixels / 2, box["y"] + 8)
    page.mouse.move(x + pixels, box["y"] + 8)
    page.mouse.up()


def until(page: Any, expression: str) -> None:
    """Waits for it to be true; Playwright's own way would need `eval`, which the page forbids."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def seconds_per_pixel(page: Any) -> float:
    return 10.0 / page.locator("#field").bounding_box()["width"]


def test_names_are_text(opened: Any) -> None:
    assert opened.locator("#names div").all_inner_texts()[1].startswith(WAVE)
    assert opened.locator("#list button").nth(1).get_attribute("title") == "b </script>"
    assert opened.locator("#names b").count() == 0


def test_a_dragged_boundary_is_in_the_saved_labels(opened: Any, tmp_path: Path) -> None:
    drag(opened, ".segment", "start", 50)
    (run, wave) = rows(saved(opened, tmp_path))
    assert run[:2] == ("a", RUN)
    assert run[2] == pytest.approx(1.0 + 50 * seconds_per_pixel(opened), abs=0.02)
    assert run[3] == 2.5
    assert wave == ("a", WAVE, 4.0, 6.0)
    # The tool itself takes them as they are.
    assert evaluate(tmp_path / "labels.csv", tmp_path / "out" / "predictions.csv").final > 0


@pytest.mark.parametrize(("at", "moved"), [("end", (0, 1)), ("middle", (1, 1))])
def test_the_other_end_and_the_whole(opened: Any, tmp_path: Path, at: str, moved: tuple[int, int]) -> None:
    drag(opened, ".segment", at, 40)
    by = 40 * seconds_per_pixel(opened)
    run = rows(saved(opened, tmp_path))[0]
    assert run[2:] == (pytest.approx(1.0 + by * moved[0], abs=0.02), pytest.approx(2.5 + by * moved[1], abs=0.02))


def test_undo_and_redo(opened: Any, tmp_path: Path) -> None:
    drag(opened, ".segment", "end", 60)
    opened.click("#undo")
    assert opened.locator("#save-csv").is_disabled()  # nothing is decided any more
    opened.click("#redo")
    assert rows(saved(opened, tmp_path))[0][3] > 2.6


def test_label_deletion_addition_acceptance(opened: Any, tmp_path: Path) -> None:
    opened.locator(".segment").first.click()
    opened.fill("#label", "jump, high")
    opened.press("#label", "Enter")
    opened.locator(".segment", has_text="wave").click()
    opened.keyboard.press("Delete")
    until(opened, "document.querySelectorAll('.segment').length === 1")
    lane = opened.locator(".lane").first.bounding_box()
    opened.mouse.dblclick(lane["x"] + lane["width"] * 0.8, lane["y"] + 30)
    opened.locator("#list button").nth(2).click()  # c, in which nothing was found
    opened.click("#accept-all")
    path = saved(opened, tmp_path)
    found = read_annotations(path)
    assert found.videos == ("a", "c")
    (jump, added) = rows(path)
    assert jump == ("a", "jump, high", 1.0, 2.5)
    assert added[2] == pytest.approx(8.0, abs=0.05)
    project = saved(opened, tmp_path, "#save-via")
    assert rows(project) == rows(path)
    assert read_annotations(project).videos == ("a", "c")


def test_keys(opened: Any, tmp_path: Path) -> None:
    opened.keyboard.press("k")  # the first action
    opened.keyboard.press("a")  # accepted, on to the next
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("[")
    opened.keyboard.press("1")
    first, second = rows(saved(opened, tmp_path))
    assert first == ("a", RUN, 1.0, 2.5)
    assert second == ("a", RUN, pytest.approx(4.04, abs=0.001), 6.0)
    assert "not looked at" not in opened.inner_text("#pending")


def test_only_what_is_in_view_has_elements(opened: Any) -> None:
    assert opened.locator(".segment").count() == 2
    box = opened.locator("#field").bounding_box()
    opened.mouse.move(box["x"] + 0.17 * box["width"], box["y"] + 40)
    for _ in range(8):
        opened.mouse.wheel(0, -300)
    until(opened, "document.querySelectorAll('.segment').length === 1")
    opened.keyboard.press("0")
    until(opened, "document.querySelectorAll('.segment').length === 2")


def test_summary_and_themes(opened: Any) -> None:
    opened.click("#tab-summary")
    text = opened.inner_text("#summary")
    assert "mean mAP" in text
    assert "Confusion matrix" in text
    assert opened.locator("#summary svg path").count() >= 2
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.click("#theme")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_a_chosen_video_plays_and_follows(opened: Any, tmp_path: Path, make_clip: Callable[[Path], Path]) -> None:
    clip = make_clip(tmp_path / "a.webm")
    opened.set_input_files("#files", str(clip))
    until(opened, "document.getElementById('player').readyState > 1")
    box = opened.locator("#ruler").bounding_box()
    opened.mouse.click(box["x"] + 0.15 * box["width"], box["y"] + 5)
    until(opened, "Math.abs(document.getElementById('player').currentTime - 1.5) < 0.05")
    opened.keyboard.press("Space")
    until(opened, "document.getElementById('player').currentTime > 1.6")
    until(opened, "document.getElementById('clock').textContent.startsWith('0:01.')")


def test_many_lanes_scroll_below_the_player(browser: Any, tmp_path: Path) -> None:
    """Fifty classes leave the player its place; the thumbnails' ruler stays in view."""
    actions = tuple(f"action {i}" for i in range(50))
    table = segments.make(["a"] * 50, actions, [float(i) for i in range(50)], [i + 2.0 for i in range(50)], [0.5] * 50)
    write_page(gather("many", table), tmp_path / "report.html")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector(".segment")
    screen, timeline = page.locator("#screen").bounding_box(), page.locator("#timeline").bounding_box()
    assert screen["height"] > 200
    assert timeline["y"] >= screen["y"] + screen["height"]
    assert timeline["y"] + timeline["height"] <= 800
    page.evaluate("document.getElementById('timeline').scrollTop = 1000")
    assert page.locator("#ruler").bounding_box()["y"] == pytest.approx(timeline["y"] + 1, abs=2)
    page.locator(".segment", has_text="action 49").click()
    assert page.input_value("#label") == "action 49"
    page.close()


def test_labels_begin_with_nothing_found(browser: Any, tmp_path: Path, make_clip: Callable[[Path], Path]) -> None:
    """A page of videos alone: actions are added, named, saved, and are labels."""
    (tmp_path / "videos").mkdir()
    make_clip(tmp_path / "videos" / "a.webm")
    (tmp_path / "none.csv").write_text("video_id,label,start,end,score\n")
    path = report(tmp_path / "none.csv", videos=tmp_path / "videos", output=tmp_path / "report.html")
    page = browser.new_page(viewport={"width": 1200, "height": 800}, accept_downloads=True)
    page.goto(path.as_uri())
    page.wait_for_selector("#list button")
    field = page.locator("#field").bounding_box()
    page.mouse.dblclick(field["x"] + field["width"] / 4, field["y"] + field["height"] - 20)
    page.keyboard.type("wave")
    page.keyboard.press("Enter")
    (only,) = rows(saved(page, tmp_path))
    assert only[:2] == ("a", "wave")
    assert only[2] == pytest.approx(0.5, abs=0.02)
    page.close()


def test_a_chosen_file_gives_the_length(browser: Any, tmp_path: Path, make_clip: Callable[[Path], Path]) -> None:
    """Of a video of which only predictions are known; a file of another name is told of."""
    clip = make_clip(tmp_path / "a.webm")
    table = segments.make(["a", "b"], ["run", "run"], [0.2, 0.2], [0.5, 0.5], [0.5, 0.5])
    write_page(gather("two", table), tmp_path / "report.html")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector(".segment")
    (tmp_path / "other.webm").write_bytes(clip.read_bytes())
    page.set_input_files("#files", str(tmp_path / "other.webm"))
    assert "other.webm" in page.inner_text("#why")
    page.set_input_files("#files", str(clip))
    until(page, "document.getElementById('clock').textContent.endsWith('/ 0:02.00')")
    page.close()


def test_saved_labels_are_trained_on(browser: Any, tmp_path: Path, make_clip: Callable[[Path], Path]) -> None:
    """Both files that the page saves, as they are."""
    (tmp_path / "videos").mkdir()
    for name in ("a", "b"):
        make_clip(tmp_path / "videos" / f"{name}.mp4")
    table = segments.make(["a", "b"], ["run", "run"], [0.2, 0.4], [1.0, 1.5], [0.5, 0.5])
    write_page(gather("two", table), tmp_path / "report.html")
    page = browser.new_page(viewport={"width": 1200, "height": 800}, accept_downloads=True)
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector(".segment")
    for number in range(2):
        page.locator("#list button").nth(number).click()
        page.click("#accept-all")
    files = [saved(page, tmp_path, button) for button in ("#save-csv", "#save-via")]
    page.close()
    for file in files:
        result = train(
            file, videos=tmp_path / "videos", name=file.suffix[1:], runs=tmp_path / "runs", head="temporal",
            features=tmp_path / "features", kinds=("motion",), epochs=1,
        )  # fmt: skip
        assert result.model.is_file()
