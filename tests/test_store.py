"""A folder of results shared by processes: who comes second keeps what is there, and no death leaves half a result."""

from __future__ import annotations

from pathlib import Path

import pytest

from bineego.errors import InputInvalid, InputMissing, UsageError
from bineego.store import Made, Store

MADE = Made(source=["x"], by={"stride": 0.5})
OTHER = Made(source=["x"], by={"stride": 0.25})


def put(store: Store, text: str, made: Made = MADE, **more: bool) -> None:
    store.put("v", made, lambda drafts: (drafts / "v.csv").write_text(text), {"rows": []}, **more)


def test_who_comes_second_keeps_what_the_first_has_put_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "first")
    put(store, "second")
    assert (tmp_path / "v.csv").read_text() == "first"
    put(store, "second", replace=True)
    assert (tmp_path / "v.csv").read_text() == "second"
    put(store, "third", made=OTHER)
    assert (tmp_path / "v.csv").read_text() == "third"
    assert store.done("v", MADE, ["v.csv"]) is None
    assert store.done("v", OTHER, ["v.csv"]) is not None
    assert [record.video_id for record in store.all()] == ["v"]


def test_killed_between_record_and_file_nothing_counts_as_done_and_nothing_as_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    put(store, "first")

    whole = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.suffix != ".json":
            raise KeyboardInterrupt
        return whole(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        put(store, "second", made=OTHER)
    monkeypatch.undo()
    assert (tmp_path / "v.csv").read_text() == "first"
    assert store.done("v", MADE, ["v.csv"]) is None
    assert store.done("v", OTHER, ["v.csv"]) is None
    store.check("v", ["v.csv"], overwrite=False)
    put(store, "second", made=OTHER)
    assert store.done("v", OTHER, ["v.csv"]) is not None


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "v.csv").write_text("theirs")
    with pytest.raises(UsageError, match=r"v\.csv: exists"):
        store.check("v", ["v.csv"], overwrite=False)
    store.check("v", ["v.csv"], overwrite=True)


def test_only_failures_that_would_come_again_are_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail("v", MADE, InputMissing("cannot be read", where="v.mp4"))
    assert store.failure("v", MADE) is None
    store.fail("v", MADE, InputInvalid("no frame can be decoded", where="v.mp4", remedy="copy it again"))
    known = store.failure("v", MADE)
    assert known is not None
    assert str(known) == "v.mp4: no frame can be decoded (as before)\n  -> copy it again"
    assert store.failure("v", OTHER) is None
    put(store, "done")
    assert store.failure("v", MADE) is None


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b'{"format": 9}', b"[" * 100_000, b"\xff"])
def test_a_damaged_record_is_none(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path)
    put(store, "first")
    (record,) = (tmp_path / ".bineego" / "results").iterdir()
    record.write_bytes(content)
    assert store.read("v") is None
    assert store.all() == []
