from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from bineego import files
from bineego.errors import InputMissing, ResourceExhausted, UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with files.atomic_text(target) as stream:
        stream.write("ä\n")
        assert not target.exists()
    assert target.read_bytes() == "ä\n".encode()
    assert names(target.parent) == ["a.txt"]


def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(RuntimeError), files.atomic_text(target) as stream:  # noqa: PT012
        stream.write("after")
        raise RuntimeError
    assert target.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    files.write_bytes(tmp_path / "ours", b"")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").write_text("")
    with pytest.raises(RuntimeError), files.atomic_folder(target) as folder:  # noqa: PT012
        (folder / "half").write_text("")
        raise RuntimeError
    assert names(target) == ["old"]
    with files.atomic_folder(target) as folder:
        (folder / "new").write_text("x")
    assert names(target) == ["new"]
    assert names(tmp_path) == ["run"]


def test_writing_over_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        files.write_bytes(tmp_path, b"")


def test_reading_what_is_not_there_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"none\.csv"):
        files.read_bytes(tmp_path / "none.csv")
    with pytest.raises(InputMissing):
        files.read_bytes(tmp_path)


@pytest.mark.parametrize(
    ("code", "error"), [(errno.ENOSPC, ResourceExhausted), (errno.EACCES, UsageError), (errno.EROFS, UsageError)]
)
def test_disk_errors_become_ours(tmp_path: Path, code: int, error: type[Exception]) -> None:
    with pytest.raises(error), files.disk_errors(tmp_path):
        raise OSError(code, os.strerror(code))


def test_other_errors_of_the_system_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output"), files.disk_errors(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_check_writable_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        files.check_writable(tmp_path / "file" / "sub")


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.txt", tmp_path / "link.txt"
    real.write_text("before")
    link.symlink_to(real)
    files.write_bytes(link, b"after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    assert names(tmp_path / "real") == ["a.txt"]


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="pipe"):
        files.write_bytes(pipe, b"x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
