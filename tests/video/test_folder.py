from __future__ import annotations

from pathlib import Path

import pytest

from bineego.video.folder import videos_in


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def test_videos_of_cameras_of_all_kinds(tmp_path: Path) -> None:
    names = ["GS01.360", "VID.insv", "a.MP4", "b.h264", "c.lrv", "d.dav", "e.y4m", "f.ivf", "g.obu", "h.nut", "i.dv"]
    names += ["j.osv", "k.m2t", "l.trp", "m.ogm", "n.mk3d", "o.lrf", "p.xvid"]
    fill(tmp_path, *names, "notes.txt", ".hidden.mp4", "labels.csv")
    assert [path.name for path in videos_in(tmp_path)] == sorted(names)


def test_a_small_copy_beside_its_video_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="bineego")
    fill(tmp_path, "GX01.MP4", "GX01.LRV", "GX02.LRV")
    assert [path.name for path in videos_in(tmp_path)] == ["GX01.MP4", "GX02.LRV"]
    assert "1 file (GX01.LRV)" in caplog.text


def test_what_cannot_be_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, "a.mp4", "b.braw", "c.yuv")
    assert [path.name for path in videos_in(tmp_path)] == ["a.mp4"]
    assert "2 files (b.braw, c.yuv)" in caplog.text
