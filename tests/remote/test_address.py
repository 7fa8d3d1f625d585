"""Addresses are told from paths, shown without secrets, and nothing is fetched to read them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import BadOption
from bineego.remote.address import Address, RemoteFile, is_address, read_place


@pytest.mark.parametrize(
    ("text", "name", "suffix"),
    [
        ("s3://bucket/videos/a b.mp4", "a b.mp4", ".mp4"),
        ("s3://bucket/50%25.mp4", "50%25.mp4", ".mp4"),
        ("gs://b/x/y.tar.mkv", "y.tar.mkv", ".mkv"),
        ("hf://datasets/me/set@main/v.mp4", "v.mp4", ".mp4"),
        ("https://host/a%20b.mp4?X-Amz-Signature=secret", "a b.mp4", ".mp4"),
        ("s3://bucket/videos/", "videos", ""),
    ],
)
def test_names(text: str, name: str, suffix: str) -> None:
    address = read_place(text)
    assert isinstance(address, Address)
    assert (address.name, address.suffix) == (name, suffix)


def test_secrets_are_not_shown() -> None:
    address = Address("https://me:secret@host/v.mp4?signature=secret")
    assert str(address) == "https://host/v.mp4"
    assert "secret" not in RemoteFile(address, 7, "tag").stamp


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters=":\0"), min_size=1))
def test_what_has_no_scheme_is_a_path(text: str) -> None:
    assert read_place(text) == Path(text)
    assert not is_address(text)


def test_file_addresses_are_paths(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").touch()
    (tmp_path / "50%25.mp4").touch()
    assert read_place(f"file://{tmp_path}/a%20b.mp4") == tmp_path / "a b.mp4"
    assert read_place(f"file://localhost{tmp_path}/a b.mp4") == tmp_path / "a b.mp4"
    assert read_place(f"file://{tmp_path}/50%25.mp4") == tmp_path / "50%25.mp4"


@pytest.mark.parametrize("text", ["s4://bucket/x", "ftp://host/x", "simplecache::s3://b/x.mp4://"])
def test_other_kinds_are_refused(text: str) -> None:
    if text.startswith("simple"):
        assert read_place(text) == Path(text)  # no chains: not an address
    else:
        with pytest.raises(BadOption, match="must be a path, or begin with file://, s3://"):
            read_place(text)


def test_paths_of_an_address() -> None:
    assert Address("s3://b/x/") / "y/z.csv" == Address("s3://b/x/y/z.csv")
    assert Address("s3://b/x/y.csv").parent == Address("s3://b/x")


def test_the_library_is_loaded_for_addresses_only() -> None:
    code = "import bineego.inference.options, bineego.remote.store, sys; assert 'fsspec' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
