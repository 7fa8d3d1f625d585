"""Parts of a set of videos for several processes or machines, without any of them knowing of the others."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from bineego.errors import BadOption


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`: the videos whose ids hash to it, whatever other videos there are.

    Attributes:
        index: from 0.
        count: how many parts there are.
    """

    index: int
    count: int

    def has(self, video_id: str) -> bool:
        """Whether a video is of this part."""
        key = hashlib.blake2b(video_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(key, "big") % self.count == self.index


def read_shard(text: str) -> Shard:
    """`I/N`, I from 1 to N; 0 stands for N, so that arrays counted from 0 work as well.

    Raises:
        BadOption: it is none of these.
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    index, count = (int(found[1]), int(found[2])) if found else (1, 0)
    if index > count or count < 1:
        raise BadOption(f"must be I/N with I from 1 to N, such as 3/8, not {text!r}")
    return Shard(index % count, count)


def checked_shard(given: object) -> str:
    """The text of a shard, as an option.

    Raises:
        BadOption: as `read_shard`.
    """
    read_shard(str(given))
    return str(given)
