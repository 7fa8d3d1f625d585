"""ELAN's .eaf files."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import found, rows, rows_of
from pympi.Elan import Eaf

from bineego.errors import InputInvalid
from bineego.formats import eaf, read
from bineego.formats.media import Media
from bineego.formats.options import LabelOptions


def make(path: Path, tiers: dict[str, list[tuple[int, int, str]]], *files: tuple[str, str, int | None]) -> Path:
    document = Eaf()
    document.remove_tier("default")
    for address, kind, origin in files:
        document.add_linked_file(address, mimetype=kind, time_origin=origin)
    for tier, several in tiers.items():
        document.add_tier(tier)
        for start, end, text in several:
            document.add_annotation(tier, start, end, text)
    document.to_file(path)
    return path


def test_annotations_are_segments_of_the_video(tmp_path: Path) -> None:
    path = make(
        tmp_path / "x.eaf", {"action": [(1280, 6600, "waving"), (9560, 13280, " bending ")]},
        ("file:///C:/lab/my%20clip.mp4", "video/mp4", None),
    )  # fmt: skip
    assert rows_of(path) == [("my clip", "waving", 1.28, 6.6), ("my clip", "bending", 9.56, 13.28)]


def test_without_a_video_the_file_s_name_is_the_id(tmp_path: Path) -> None:
    assert rows_of(make(tmp_path / "monday.eaf", {"action": [(0, 1000, "x")]})) == [("monday", "x", 0.0, 1.0)]


def test_the_video_is_taken_and_its_origin_counts(tmp_path: Path) -> None:
    path = make(
        tmp_path / "x.eaf", {"t": [(500, 1000, "x")]}, ("file:///a/sound.wav", "audio/x-wav", None),
        ("file:///a/v.mp4", "video/mp4", 2250),
    )  # fmt: skip
    assert rows_of(path) == [("v", "x", 2.75, 3.25)]


def test_which_tiers_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tiers = {"Comment": [(0, 900, "windy")], "Action": [(0, 1000, "x")], "action 2": [(500, 1500, "y")]}
    path = make(tmp_path / "v.eaf", tiers)
    assert rows_of(path) == [("v", "x", 0.0, 1.0), ("v", "y", 0.5, 1.5)]
    assert "ignored: 1 tier ('Comment')" in caplog.text
    assert rows_of(path, how=LabelOptions(columns="label=Comment")) == [("v", "windy", 0.0, 0.9)]
    with pytest.raises(InputInvalid, match=r"no tier 'Remarks' \(it has 'Comment', 'Action'"):
        rows_of(path, how=LabelOptions(columns="label=Remarks"))


def test_tiers_of_any_name_are_all_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = make(tmp_path / "v.eaf", {"Anna": [(0, 1000, "x")], "Bernd": [(500, 1500, "y")], "empty": []})
    assert rows_of(path) == [("v", "x", 0.0, 1.0), ("v", "y", 0.5, 1.5)]
    assert "labels are taken from 2 tiers ('Anna', 'Bernd')" in caplog.text


def test_a_tier_without_texts_is_a_label(tmp_path: Path) -> None:
    path = make(tmp_path / "v.eaf", {"grooming": [(0, 1000, ""), (2000, 3000, "")], "rearing": [(500, 900, "")]})
    assert rows_of(path) == [("v", "grooming", 0.0, 1.0), ("v", "grooming", 2.0, 3.0), ("v", "rearing", 0.5, 0.9)]
    mixed = make(tmp_path / "w.eaf", {"t": [(0, 1000, "x"), (2000, 3000, " ")]})
    with pytest.raises(InputInvalid, match=r"without a text|tier 't', annotation .* at 2 s"):
        rows_of(mixed)


def test_tiers_are_joined_by_time(tmp_path: Path) -> None:
    tiers = {"verb": [(0, 1000, "take"), (2000, 3000, "put")], "noun": [(0, 1000, "cup"), (2000, 3000, "lid")]}
    how = LabelOptions(columns="label=verb+noun")
    path = make(tmp_path / "v.eaf", tiers)
    assert rows_of(path, how=how) == [("v", "take cup", 0.0, 1.0), ("v", "put lid", 2.0, 3.0)]
    bad = make(tmp_path / "w.eaf", {**tiers, "noun": [(0, 1000, "cup"), (2000, 3001, "lid")]})
    with pytest.raises(InputInvalid, match="tier 'noun' has no annotation from 2 to 3 s"):
        rows_of(bad, how=how)


def test_dependent_tiers_are_not_labels(tmp_path: Path) -> None:
    document = Eaf()
    document.add_linguistic_type("kind", "Symbolic_Association", timealignable=False)
    document.add_tier("what")
    document.add_annotation("what", 0, 1000, "take")
    document.add_tier("of what", ling="kind", parent="what")
    document.add_ref_annotation("of what", "what", 500, "cup")
    document.to_file(tmp_path / "v.eaf")
    assert rows_of(tmp_path / "v.eaf") == [("v", "take", 0.0, 1.0)]
    joined = rows_of(tmp_path / "v.eaf", how=LabelOptions(columns="label=what+of what"))
    assert joined == [("v", "take cup", 0.0, 1.0)]


BARE = """<ANNOTATION_DOCUMENT>
<HEADER><MEDIA_DESCRIPTOR MEDIA_URL="v.mp4" MIME_TYPE="video/mp4"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1500"/></TIME_ORDER>
<TIER TIER_ID="action"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>walk</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>"""


def test_a_file_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "x.eaf").write_text(BARE)
    assert rows_of(tmp_path / "x.eaf") == [("v", "walk", 0.5, 1.5)]


LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<ANNOTATION_DOCUMENT><HEADER/></ANNOTATION_DOCUMENT>
"""


def test_no_entities(tmp_path: Path) -> None:
    (tmp_path / "x.eaf").write_text(LAUGHS)
    with pytest.raises(InputInvalid, match=r"x.eaf, line 2: has a document type"):
        rows_of(tmp_path / "x.eaf")
    (tmp_path / "y.eaf").write_bytes(LAUGHS.replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"))
    with pytest.raises(InputInvalid, match="has a document type"):
        rows_of(tmp_path / "y.eaf")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<ANNOTATION_DOCUMENT><TIER></ANNOTATION_DOCUMENT>", "line 1, column .*: not valid XML"),
        ('<?xml version="1.0" encoding="UTF-4"?><ANNOTATION_DOCUMENT/>', "not valid XML: unknown encoding: UTF-4"),
        ('<?xml version="1.0" encoding="big5"?><ANNOTATION_DOCUMENT/>', "not valid XML: multi-byte encodings"),
        ('<?xml version="1.0" encoding="idna"?><ANNOTATION_DOCUMENT/>', "not valid XML"),
        ("<TIERS><ANNOTATION_DOCUMENT/></TIERS>", "not an ELAN file that can be read"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "x.eaf").write_text(content)
    with pytest.raises(InputInvalid, match=problem):
        rows_of(tmp_path / "x.eaf")


def test_a_time_slot_without_a_time_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "v.eaf", {"t": [(0, 1234, "x")]})
    path.write_text(path.read_text().replace(' TIME_VALUE="1234"', ""))
    with pytest.raises(InputInvalid, match="tier 't', annotation 'a2': an annotation without a time"):
        rows_of(path)


def test_predictions_go_there_and_back(tmp_path: Path) -> None:
    given = found(
        ("my clip", "a & <b>", 0.5, 2.0, 0.75), ("my clip", "c", 1.0, 2.25, 0.5), ("my clip", "c", 2.25, 3.0, 1e-9)
    )
    file = tmp_path / "vid" / "my clip.mp4"
    eaf._write(given, tmp_path / "out.eaf", {"my clip": Media(path=file, length=9, rate=25, steady=True)})
    assert sorted(rows(read.read_predictions(tmp_path / "out.eaf"))) == sorted(rows(given.segments))
    assert sorted(rows_of(tmp_path / "out.eaf")) == sorted(row[:4] for row in rows(given.segments))
    opened = Eaf(tmp_path / "out.eaf")
    assert [tier for tier in opened.get_tier_names() if "score" not in tier] == ["action", "action 2"]
    assert opened.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./vid/my clip.mp4"


def test_what_elan_cannot_hold(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    eaf._write(found(("v", "x", -1.0, 2.0), ("v", "y", 3.0, 3.0)), tmp_path / "v.eaf", {})
    assert rows_of(tmp_path / "v.eaf") == [("v", "x", 0.0, 2.0), ("v", "y", 3.0, 3.001)]
    assert "2 annotations lengthened to 1 ms or moved to 0:00" in caplog.text
    with pytest.raises(InputInvalid, match="a character that XML cannot hold"):
        eaf._write(found(("v", "x\x00", 0.0, 2.0)), tmp_path / "v.eaf", {})
