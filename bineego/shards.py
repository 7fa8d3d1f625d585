"""Parts of a set of videos for several processes or machines, without any of them knowing of the others."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass

from bineego.errors import BadOption
from bineego.words import many

log = logging.getLogger(__name__)


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


def of_shard(video_ids: Collection[str], shard: str | None) -> list[str]:
    """The videos of a part, such as "3/8", in their order; all of them without one."""
    if shard is None:
        return list(video_ids)
    part = read_shard(shard)
    found = [video_id for video_id in video_ids if part.has(video_id)]
    log.info("shard %s: %d of %s", shard, len(found), many(len(video_ids), "video"))
    return found


def read_shard(text: str) -> Shard:
    """`I/N`, I from 1 to N; 0 means N, so that arrays counted from 0 work too.

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
