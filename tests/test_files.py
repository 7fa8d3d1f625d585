from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from pathlib import Path
from typing import IO

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
    ("code", "error"),
    [
        *((code, ResourceExhausted) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE)),
        *(
            (code, ResourceExhausted)
            for code in (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENXIO, errno.EREMOTEIO)
        ),
        *((code, UsageError) for code in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENAMETOOLONG, errno.EXDEV)),
    ],
)
def test_every_answer_of_the_system_to_writing_becomes_ours(tmp_path: Path, code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"some\.csv"), files.disk_errors(tmp_path / "some.csv"):
        raise OSError(code, os.strerror(code))


def test_no_answer_of_the_system_is_a_bug_of_ours(tmp_path: Path) -> None:
    for code in errno.errorcode:
        for make in (files.write_error, files.read_error):
            assert make(OSError(code, os.strerror(code)), tmp_path / "x").exit_code in (2, 3, 7)


class _Library:
    """Writes as torch and safetensors do: the system's error is lost in one of its own."""

    def save(self, stream: IO[bytes]) -> None:
        try:
            stream.write(b"x" * 100_000)
            stream.flush()
        except OSError:
            raise RuntimeError("PytorchStreamWriter failed") from None


def test_what_a_library_makes_of_a_full_disk_is_told_as_a_full_disk(tmp_path: Path) -> None:
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        with (
            pytest.raises(ResourceExhausted, match=r"state\.pt: the file is larger"),
            files.atomic_stream(tmp_path / "state.pt") as stream,
        ):
            _Library().save(stream)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert names(tmp_path) == []


def test_a_path_that_is_not_there_says_which_is(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(InputMissing, match=r"did you mean 'labels\.csv'"):
        files.read_bytes(tmp_path / "lables.csv")


def test_what_fails_without_a_name_has_the_path(tmp_path: Path) -> None:
    """Reading and closing tell none."""
    with pytest.raises(InputMissing, match="Input/output error") as found, files.read_errors(tmp_path / "a"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert found.value.where == str(tmp_path / "a")


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
