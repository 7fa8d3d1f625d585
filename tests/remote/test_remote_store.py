"""Results at an address: the same promises as on disk, and nothing of others is replaced."""

from __future__ import annotations

import pickle

import fsspec
import pytest

from bineego.errors import InputInvalid, UsageError
from bineego.remote.address import Address
from bineego.remote.store import RESULTS, RemoteStore, open_store
from bineego.store import Made

MADE = Made(source=["x"], by={"stride": 0.5})
OTHER = Made(source=["x"], by={"stride": 0.25})


def content(place: Address, name: str) -> bytes:
    return fsspec.filesystem("memory").cat_file(f"{place.text.removeprefix('memory:/')}/{name}")


def overwrite(place: Address, name: str, text: bytes) -> None:
    fsspec.filesystem("memory").pipe_file(f"{place.text.removeprefix('memory:/')}/{name}", text)


def new(place: Address) -> RemoteStore:
    store = open_store(place)
    assert isinstance(store, RemoteStore)
    return store


def put(store: RemoteStore, text: str, made: Made = MADE, video: str = "v") -> None:
    store.put(video, made, lambda drafts: (drafts / f"{video}.csv").write_text(text), {"rows": []})


def test_a_result_is_there_for_everybody(place: Address) -> None:
    store = new(place)
    store.check_writable()
    put(store, "first")
    assert content(place, "v.csv") == b"first"
    for other in (store, new(place), pickle.loads(pickle.dumps(store))):
        assert other.done("v", MADE, ["v.csv"]) is not None
        assert other.done("v", OTHER, ["v.csv"]) is None
        assert [record.video_id for record in other.all()] == ["v"]
        other.check("v", ["v.csv"], overwrite=False)
    assert not [name for name in fsspec.filesystem("memory").find(place.text) if "uploads" in name or "begun" in name]


def test_files_of_others_and_corrected_ones_are_kept(place: Address) -> None:
    overwrite(place, "v.csv", b"mine")
    with pytest.raises(UsageError, match="exists: it would be overwritten"):
        new(place).check("v", ["v.csv"], overwrite=False)
    new(place).check("v", ["v.csv"], overwrite=True)
    put(new(place), "first")
    overwrite(place, "v.csv", b"corrected")  # of another size: both may have been written in one millisecond
    with pytest.raises(UsageError, match="has changed since"):
        new(place).check("v", ["v.csv"], overwrite=False)
    assert new(place).done("v", MADE, ["v.csv"]) is None


def test_killed_before_the_record_the_files_count_as_ours(place: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(store: RemoteStore, kind: str, record: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RemoteStore, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        put(new(place), "first")
    monkeypatch.undo()
    assert content(place, "v.csv") == b"first"
    assert new(place).done("v", MADE, ["v.csv"]) is None
    new(place).check("v", ["v.csv"], overwrite=False)
    overwrite(place, "v.csv", b"mine!")
    with pytest.raises(UsageError, match="exists"):
        new(place).check("v", ["v.csv"], overwrite=False)


def test_tables_of_all(place: Address) -> None:
    with new(place).joint("predictions.csv") as draft:
        draft.write_text("one")
    new(place).check_joint("predictions.csv", overwrite=False)
    with new(place).joint("predictions.csv") as draft:
        draft.write_text("two")
    assert content(place, "predictions.csv") == b"two"
    overwrite(place, "predictions.csv", b"six")
    with pytest.raises(UsageError, match="has changed"):
        new(place).check_joint("predictions.csv", overwrite=False)


def test_failures_are_remembered_until_mended(place: Address) -> None:
    new(place).fail("v", MADE, InputInvalid("no video", where="v.mp4"))
    assert str(new(place).failure("v", MADE)) == "v.mp4: no video (as before)"
    assert new(place).failure("v", OTHER) is None
    put(new(place), "first")
    assert new(place).failure("v", MADE) is None


def test_records_of_others_are_seen_and_read_once(place: Address) -> None:
    store = new(place)
    put(store, "first")
    assert len(store.all()) == 1
    put(new(place), "second", video="w")
    assert [record.video_id for record in store.all()] == ["v", "w"]
    before = dict(store._known[RESULTS])
    store.all()
    assert {name: id(pair[1]) for name, pair in before.items()} == {
        name: id(pair[1]) for name, pair in store._known[RESULTS].items()
    }
