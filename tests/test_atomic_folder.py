"""Folders that several processes write at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bineego.files import atomic_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("complete", [None, "index"])
def test_it_takes_the_place_of_what_is_not_complete(tmp_path: Path, complete: str | None) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "half").touch()
    with atomic_folder(target, complete=complete) as folder:
        (folder / "index").touch()
    assert names(target) == ["index"]
    assert names(tmp_path) == ["run"]


def test_a_complete_one_of_another_writer_stays(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with atomic_folder(target, complete="index") as mine:
        (mine / "index").write_text("mine")
        with atomic_folder(target, complete="index") as other:
            (other / "index").write_text("other")
        held = target.stat().st_ino
    assert (target / "index").read_text() == "other"
    assert target.stat().st_ino == held
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("complete", [None, "index"])
def test_many_writers_do_not_disturb_each_other(tmp_path: Path, complete: str | None) -> None:
    target = tmp_path / "run"

    def write(number: int) -> None:
        with atomic_folder(target, complete=complete) as folder:
            for name in ("a", "b", "index"):
                (folder / name).write_text(str(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(200)))
    assert len({(target / name).read_text() for name in ("a", "b", "index")}) == 1
    assert names(tmp_path) == ["run"]
