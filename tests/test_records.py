from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from bineego import records
from bineego.errors import UsageError


def write(path: Path, text: str) -> None:
    with records.recorded(path) as draft:
        draft.write_text(text)


def test_a_file_of_ours_may_be_replaced_and_one_that_was_corrected_may_not(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    records.check_free(path, overwrite=False)
    write(path, "first")
    records.check_free(path, overwrite=False)
    write(path, "second")
    records.check_free(path, overwrite=False)
    path.write_text("corrected")
    with pytest.raises(UsageError, match="has changed since bineego wrote it"):
        records.check_free(path, overwrite=False)
    records.check_free(path, overwrite=True)
    assert path.read_text() == "corrected"
    path.write_text("second")  # as it was
    records.check_free(path, overwrite=False)


def test_a_file_of_somebody_else_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("theirs")
    with pytest.raises(UsageError, match=r"out\.csv: exists.*\n.*--overwrite"):
        records.check_free(path, overwrite=False)
    records.check_free(path, overwrite=True)
    write(path, "ours")
    records.check_free(path, overwrite=False)


def test_killed_between_record_and_file_both_are_ours(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write(path, "old")
    records.note(path, hashlib.sha256(b"new").hexdigest())
    records.check_free(path, overwrite=False)
    path.write_text("new")
    records.check_free(path, overwrite=False)
    records.note(path, hashlib.sha256(b"newer").hexdigest())
    path.write_text("old")
    with pytest.raises(UsageError):
        records.check_free(path, overwrite=False)


@pytest.mark.parametrize("name", ["ж" * 120 + ".csv", "x" * 251 + ".csv", "a b\tc.csv", ".hidden", "NUL", "-o"])
def test_any_file_name_has_a_record_of_its_own(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "ours")
    assert records.is_ours(tmp_path / name)
    (tmp_path / "other").write_text("ours")
    assert not records.is_ours(tmp_path / "other")


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "ours")
    (record,) = (tmp_path / records.HOME / "written").iterdir()
    for content in (b"", b"{", b"[]", b'{"sha256": 3}', b"\xff"):
        record.write_bytes(content)
        assert not records.is_ours(tmp_path / "a.csv")


def test_inputs_and_folders_are_no_targets(tmp_path: Path) -> None:
    given = tmp_path / "in.csv"
    given.write_text("")
    with pytest.raises(UsageError, match="one of the inputs"):
        records.check_free(given, overwrite=True, inputs=[given])
    with pytest.raises(UsageError, match="is a folder"):
        records.check_free(tmp_path, overwrite=True)


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "a.csv")
    write(tmp_path / "link.csv", "x")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "a.csv").read_text() == "x"
    records.check_free(tmp_path / "link.csv", overwrite=False)


@pytest.mark.skipif(os.getuid() == 0 and shutil.which("chattr") is None, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        records.check_free(tmp_path / "file" / "out.csv", overwrite=False)
