"""What a page holds, and that nothing in it can get out of its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from page.making import ACTIONS, predictions, track, truth

from bineego import segments
from bineego.errors import InputMissing, UsageError
from bineego.evaluation import evaluate
from bineego.formats import csv
from bineego.formats.annotations import Annotations
from bineego.page import media
from bineego.page.build import render
from bineego.page.media import HEIGHT, MediaDescriber
from bineego.page.results import find_results, gather, report
from bineego.page.strips import strips_of
from bineego.store import Made, Store
from bineego.tracks import ScoreTrack


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_all_that_is_given_is_in_it(results: Path, tmp_path: Path) -> None:
    page = report(results, truth=tmp_path / "truth.csv", output=tmp_path / "r.html")
    data = data_of(page.read_text())
    assert data["names"] == sorted(ACTIONS)
    videos = {video["id"]: video for video in data["videos"]}
    assert list(videos) == ["a", "b </script>", "c"]
    assert videos["a"]["segments"] == [[0, 1.0, 2.5, 0.9], [1, 4.0, 6.0, 0.8]]
    assert videos["a"]["truth"] == [[0, 1.1, 2.5, None], [1, 4.0, 5.0, None]]
    assert videos["a"]["length"] == 10.0
    assert videos["b </script>"]["truth"] is None  # nobody has annotated it
    assert videos["c"]["segments"] == []
    score = data["score"]
    assert score["final"] == pytest.approx(evaluate(truth(), predictions()).final)
    assert [one["name"] for one in score["classes"]] == sorted(ACTIONS)
    assert len(score["classes"][0]["curves"]) == 3
    assert score["classes"][0]["curves"][0][0][0] == 0.0  # a curve of one hit is a line too


def test_without_truth_there_is_no_score(results: Path, tmp_path: Path) -> None:
    data = data_of(report(results, output=tmp_path / "r.html").read_text())
    assert data["score"] is None
    assert all(video["truth"] is None for video in data["videos"])


def test_names_stay_text(results: Path, tmp_path: Path) -> None:
    """A label or an id is never markup, and only the page's own script may run."""
    text = report(results, output=tmp_path / "r.html").read_text()
    assert "<b>" not in text
    assert text.count("</script>") == 2
    script = re.search(r"<script>(.*)</script>", text, re.S)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in text or f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)


def test_title_is_escaped(tmp_path: Path) -> None:
    page = render(gather("<img src=x>", predictions()), tmp_path / "r.html")
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page


def test_strip_holds_the_largest_probability_of_each_column() -> None:
    names = ["other", *ACTIONS]
    whole = strips_of(track(), names, 1000)
    rows = np.frombuffer(base64.b64decode(whole["data"]), np.uint8).reshape(3, whole["columns"])
    assert whole["columns"] == 20
    np.testing.assert_array_equal(rows[0], 0)
    np.testing.assert_array_equal(rows[1], np.rint(255 * track().probabilities()[:, 1]))
    assert whole["strong"] == [1, 2]
    few = strips_of(track(), names, 4)
    rows = np.frombuffer(base64.b64decode(few["data"]), np.uint8).reshape(3, 4)
    assert rows[1].tolist() == [254, 85, 85, 85]
    assert few["length"] == 10.0


def test_videos_are_found_from_where_the_page_lies(results: Path, tmp_path: Path, make_clip) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "my videos").mkdir()
    make_clip(tmp_path / "my videos" / "a.mp4")
    (tmp_path / "pages").mkdir()
    page = report(results, videos=tmp_path / "my videos", output=tmp_path / "pages" / "r.html")
    video = data_of(page.read_text())["videos"][0]
    assert video["src"] == "../my%20videos/a.mp4"
    assert video["file"] == "a.mp4"
    assert video["length"] == pytest.approx(2.0, abs=0.1)
    assert video["thumbs"]["count"] >= 4
    assert video["thumbs"]["height"] == 54
    assert video["thumbs"]["data"].startswith("data:image/jpeg;base64,")


def test_a_page_of_others_is_kept(results: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    page.write_text("mine")
    with pytest.raises(UsageError, match="would be overwritten"):
        report(results, output=page)
    assert page.read_text() == "mine"
    report(results, output=page, overwrite=True)
    report(results, output=page)  # its own it may replace


def test_what_there_is_nothing_to_say_of(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        find_results(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="neither a finished run"):
        find_results(tmp_path)
    with pytest.raises(UsageError, match="no predictions"):
        gather("empty", segments.empty(scored=True))
    others = segments.make([f"v{i:03}" for i in range(300)], ["a"] * 300, [0.0] * 300, [1.0] * 300)
    few = segments.make(["v299"], ["a"], [0.0], [1.0], [0.5])
    content = gather("few of many", few, Annotations(segments=others, videos=tuple(others["video_id"])))
    assert len(content.videos) == 200
    assert "v299" in content.videos
    many = segments.make([f"v{i}" for i in range(201)], ["a"] * 201, [0.0] * 201, [1.0] * 201, [0.5] * 201)
    with pytest.raises(UsageError, match="a page holds at most 200"):
        gather("many", many)


def test_two_hundred_videos_and_fifty_actions_fit(tmp_path: Path) -> None:
    """30 MB at most, with scores of every video."""
    actions = tuple(f"action {i}" for i in range(50))
    rng = np.random.default_rng(0)
    edges = np.arange(0, 601.0)
    logits = rng.normal(size=(600, 51)).astype(np.float32)
    videos = [f"v{i:03}" for i in range(200)]
    found = [
        ScoreTrack(video_id=video, edges=edges, logits=logits, actions=actions, t=1.0, scene_probs=np.zeros(0))
        for video in videos
    ]
    n = 200 * 100
    start = rng.uniform(0, 590, n)
    table = segments.make(np.repeat(videos, 100), rng.choice(actions, n), start, start + 5, rng.random(n))
    page = render(gather("large", table, None, None, found), tmp_path / "r.html")
    assert len(page.encode()) < 30_000_000


def test_pictures_stay_within_their_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of noise take three times as much as others; they are fewer then, not more bytes."""
    noise = np.random.default_rng(0).integers(0, 256, (60, HEIGHT, 108, 3), np.uint8)
    monkeypatch.setattr(media, "thumbnails", lambda _video, times, _height: noise[: len(times)])
    for room in (20_000, 150_000):
        sheet = MediaDescriber(page=tmp_path / "r.html", room=room)._sheet(tmp_path / "a.mp4", 10.0)
        assert sheet is not None
        jpeg = base64.b64decode(sheet["data"].partition(",")[2])
        assert len(jpeg) <= room
        assert sheet["count"] >= 2


def test_videos_without_any_action_are_on_the_page(tmp_path: Path, make_clip) -> None:  # type: ignore[no-untyped-def]
    """A folder of `localize` knows them, and where they lie; a folder that is named shows its own."""
    (tmp_path / "videos").mkdir()
    clip = make_clip(tmp_path / "videos" / "quiet.mp4")
    none = tmp_path / "out" / "predictions.csv"
    store = Store(tmp_path / "out")
    content = {"rows": [], "scene": None, "video": str(clip), "damage": []}
    store.put("quiet", Made(source=["s"], by={}), lambda drafts: (drafts / "quiet.csv").write_text("x"), content)
    csv.write_segments(segments.empty(scored=True), none)
    for source in (tmp_path / "out", none):
        text = report(source, output=tmp_path / "r.html").read_text()
        assert "<title>out</title>" in text
        (video,) = data_of(text)["videos"]
        assert (video["id"], video["src"]) == ("quiet", "videos/quiet.mp4")
    (tmp_path / "none.csv").write_bytes(none.read_bytes())
    (video,) = data_of(report(tmp_path / "none.csv", videos=clip.parent, output=tmp_path / "r.html").read_text())[
        "videos"
    ]
    assert video["id"] == "quiet"
