from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import UsageError
from bineego.shards import read_shard


@given(st.lists(st.text(), unique=True), st.integers(1, 20), st.booleans())
def test_every_video_is_in_one_shard(ids: list[str], count: int, from_zero: bool) -> None:
    shards = [read_shard(f"{index + (not from_zero)}/{count}") for index in range(count)]
    assert all(sum(shard.has(video_id) for shard in shards) == 1 for video_id in ids)


def test_a_video_stays_in_its_shard() -> None:
    """On every machine and in every version: shards of one job may run months apart."""
    found = [name for name in map(str, range(20)) if read_shard("2/4").has(name)]
    assert found == [
        "1",
        "4",
        "7",
        "8",
        "11",
        "16",
        "19",
    ]


@pytest.mark.parametrize("text", ["", "1", "3/2", "0/0", "1/0", "-1/2", "a/b", "1/2/3", "1.0/2", " 1/2", "²/3"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match="must be I/N"):
        read_shard(text)
