"""How far the work on several items is, told as one number; and, in a notebook, shown as a bar."""

from __future__ import annotations

import functools
import html
import sys
import time
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from bineego.types import OnProgress
from bineego.words import duration

EVERY = 0.2
"""Seconds between two pictures of a bar."""

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


def shown(what: str, given: OnProgress | None) -> OnProgress | None:
    """The listener that is given; where none is, and a notebook runs this, a bar in its output."""
    return NotebookBar(what) if given is None and _in_notebook() else given


class NotebookBar:
    """A progress bar in the output of a notebook's cell. It needs what every notebook has, and no widgets.

    Args:
        what: is done, in a word.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._began = self._drawn = time.monotonic()
        self._place: Any = None

    def __call__(self, done: float, total: float) -> None:
        now = time.monotonic()
        if self._place is not None and done < total and now - self._drawn < EVERY:
            return
        self._drawn = now
        share = min(1.0, done / total) if total > 0 else 1.0
        passed = now - self._began
        left = f", {duration(passed / share - passed)} left" if 0 < share < 1 and passed > 1 else ""
        text = f"{self.what}: {share:.0%}, {duration(passed)}{left}"
        picture = f'<progress value="{share:.4f}" max="1"></progress> {html.escape(text)}'
        self._show({"text/html": picture, "text/plain": text})

    def _show(self, picture: dict[str, str]) -> None:
        from IPython.display import display

        if self._place is None:
            self._place = display(picture, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._place.update(picture, raw=True)


def _in_notebook() -> bool:
    """Whether a notebook's kernel runs this, and not a terminal or a script."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
