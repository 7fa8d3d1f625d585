"""How far the work on several items is, told as one number."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Generic, TypeVar

from bineego.types import OnProgress

K = TypeVar("K")


class Progress(Generic[K]):
    """Tells a listener how much of all items is done.

    Args:
        sizes: of every item, such as seconds of video.
        on_progress: the listener; None = nobody.
    """

    def __init__(self, sizes: Mapping[K, float], on_progress: OnProgress | None) -> None:
        self._sizes, self._on_progress = sizes, on_progress
        self._done: dict[K, float] = {}
        self._total = sum(sizes.values())

    def tell(self, item: K, share: float) -> None:
        """This share of an item, 0 to 1, is done."""
        if self._on_progress is not None:
            self._done[item] = share * self._sizes[item]
            self._on_progress(sum(self._done.values()), self._total)

    def of_part(self, item: K, number: int, count: int) -> OnProgress:
        """A listener for the work on one of `count` equal parts of an item, from 0."""
        return functools.partial(self._tell_part, item, number, count)

    def _tell_part(self, item: K, number: int, count: int, done: float, total: float) -> None:
        self.tell(item, (number + done / max(total, 1e-9)) / count)
