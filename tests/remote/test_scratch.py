"""A file from an address is here, whole, for as long as it is worked on, and gone afterwards."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from bineego.errors import InputInvalid, InputMissing
from bineego.remote import scratch
from bineego.remote.address import Address, RemoteFile
from bineego.remote.listing import find_files
from bineego.remote.scratch import ScratchFull, brought


@pytest.fixture
def file(place: Address) -> RemoteFile:
    fsspec.filesystem("memory").pipe_file(f"{place.text.removeprefix('memory:/')}/v.mp4", b"x" * 1000)
    return find_files(place / "v.mp4")[0]


def test_it_is_there_and_then_gone(file: RemoteFile, tmp_path: Path) -> None:
    with brought(file, tmp_path / "s") as path:
        assert path.name == "v.mp4"
        assert path.read_bytes() == b"x" * 1000
    assert list((tmp_path / "s").iterdir()) == []


def test_a_path_is_left_where_it_is(tmp_path: Path) -> None:
    with brought(tmp_path / "v.mp4", tmp_path / "s") as path:
        assert path == tmp_path / "v.mp4"
    assert not (tmp_path / "s").exists()


def test_errors_name_the_address(file: RemoteFile, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid) as caught, brought(file, tmp_path) as path:
        raise InputInvalid("no video", where=f"{path}: second 3")
    assert caught.value.where == f"{file}: second 3"
    assert list(tmp_path.iterdir()) == []


def test_a_part_is_not_the_whole(file: RemoteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "PAUSE", 0.0)
    other = RemoteFile(file.address, 1001, file.token)
    with pytest.raises(InputMissing, match="1,000 of 1,001 bytes arrived"), brought(other, tmp_path):
        pass
    with (
        pytest.raises(InputMissing, match="no such file"),
        brought(RemoteFile(file.address.parent / "z", 1, ""), tmp_path),
    ):
        pass


def test_a_full_scratch_disk(file: RemoteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = RemoteFile(file.address, 10**18, file.token)
    with pytest.raises(ScratchFull, match=r"takes 1000000000\.0 GB") as caught, brought(large, tmp_path):
        pass
    assert (caught.value.exit_code, str(tmp_path) in str(caught.value)) == (7, True)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "_chunks", full)
    with pytest.raises(ScratchFull, match="the disk is full") as caught, brought(file, tmp_path):
        pass
    assert str(tmp_path) in str(caught.value)
    assert "--scratch" in str(caught.value)


def test_what_killed_processes_left_is_removed(file: RemoteFile, tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from bineego.remote.scratch import scratch_folder\n"
        "with scratch_folder(pathlib.Path(sys.argv[1])) as f: (f / 'x').write_bytes(b'y'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    scratch._remove_abandoned.cache_clear()
    with brought(file, tmp_path) as path:
        assert [path.parent] == list(tmp_path.iterdir())


def test_room_is_asked_of_the_scratch_disk(file: RemoteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=999))
    with pytest.raises(ScratchFull), brought(file, tmp_path):
        pass
