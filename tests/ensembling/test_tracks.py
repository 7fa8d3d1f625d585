"""The verb on score tracks: decoded once, folders and files, missing videos."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from postprocess.making import make_track

from bineego import ensembling, segments, tracks
from bineego.errors import InputInvalid, UsageError
from bineego.postprocess import DecodeOptions, Postprocess, decode


def test_the_verb_decodes_once_and_offers_every_method() -> None:
    # Each model alone breaks the action; together they do not.
    one = make_track([[0.1, 0.9, 0], [0.6, 0.4, 0], [0.1, 0.9, 0], [0.9, 0.1, 0]])
    other = make_track([[0.1, 0.9, 0], [0.2, 0.8, 0], [0.6, 0.4, 0], [0.9, 0.1, 0]], model="n")
    paper = DecodeOptions(postprocess=Postprocess.PAPER)
    found = ensembling.ensemble([one, other], decode=paper)
    assert found[["start", "end"]].to_numpy().tolist() == [[0.0, 3.0]]
    assert found["score"].tolist() == pytest.approx([0.9], abs=1e-6)
    tables = [decode(track, paper) for track in (one, other)]
    for method in ("paper", "average"):
        expected = ensembling.ensemble(tables, method=method)
        assert ensembling.ensemble([one, other], method=method, decode=paper).equals(expected)
    assert len(ensembling.ensemble([one, other])) == 1
    assert ensembling.ensemble([one, other], weights=[0, 1], decode=paper)["end"].max() == 2.0


def test_folders_files_and_missing_videos(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for model, videos in (("a", "uv"), ("b", "v")):
        for video in videos:
            track = make_track([[0.1, 0.9, 0.0]] * 2, video_id=video, model=model)
            tracks.save(track, tmp_path / model / f"{video}.scores.npz")
    found = ensembling.ensemble([tmp_path / "a", tmp_path / "b"])
    assert found["video_id"].tolist() == ["u", "v"]
    assert "1 of 2 videos" in caplog.text
    # Files of one model in one folder are that model.
    files = [tmp_path / "a/u.scores.npz", tmp_path / "a/v.scores.npz", tmp_path / "b/v.scores.npz"]
    assert ensembling.ensemble(files, weights=[1, 1]).equals(found)
    with pytest.raises(UsageError):
        ensembling.ensemble(files, weights=[1, 1, 1])
    with pytest.raises(UsageError):
        ensembling.ensemble([tmp_path / "a", segments.empty(scored=True)])
    tracks.save(make_track([[0.1, 0.9, 0.0]], video_id="u"), tmp_path / "a/again.scores.npz")
    with pytest.raises(InputInvalid):
        ensembling.ensemble([tmp_path / "a"])


def test_a_folder_without_tracks_is_its_predictions(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("video_id,label,start,end,score\nv,x,0,1,0.5\n")
    table = pd.DataFrame({"video_id": ["v"], "label": ["x"], "start": [0], "end": [1], "score": [1]})
    assert ensembling.ensemble([tmp_path, table])["score"].tolist() == [0.75]
