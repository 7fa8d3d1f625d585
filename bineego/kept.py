"""The part of a long video that is done, kept so that an interrupted command continues where it stopped."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bineego import digests, npz
from bineego.errors import BineegoError
from bineego.files import atomic_stream

SECONDS = 60.0
"""Time between two savings; what takes less is simply done again."""

LIMIT = 20_000_000_000
"""Bytes: features of a day."""

Arrays = Mapping[str, NDArray[Any]]


class Kept:
    """Rows that are done of one video.

    Args:
        path: where they are kept.
        of: what they are of (source, options, model), plain values: others are not taken.
    """

    def __init__(self, path: Path, of: object) -> None:
        self.path = Path(path)
        self.of = json.dumps(of, sort_keys=True, default=str)
        self._saved = time.monotonic()

    def load(self) -> dict[str, NDArray[Any]]:
        """What an interrupted call has left; empty if there is nothing, or nothing that can be used."""
        try:
            arrays = npz.read(self.path, limit=LIMIT, what="part of a result")
            header = json.loads(str(arrays.pop("header")))
        except (BineegoError, ValueError, KeyError, RecursionError):
            return {}
        usable = header.get("of") == self.of and header.get(digests.KEY) == digests.of_arrays(header, arrays)
        return arrays if usable else {}

    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved >= SECONDS

    def save(self, arrays: Arrays) -> None:
        """Keep these rows in the place of those before."""
        header: dict[str, Any] = {"of": self.of}
        header[digests.KEY] = digests.of_arrays(header, arrays)
        with atomic_stream(self.path) as stream:
            np.savez(stream, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]
        self._saved = time.monotonic()

    def drop(self) -> None:
        """The whole is done: its parts are not needed any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def saved_on_the_way_out(self, arrays: Callable[[], Arrays | None]) -> Any:
        """Within the block, whatever ends it early (Ctrl-C, SIGTERM, a full memory) leaves what is done.

        Args:
            arrays: what is done, when asked; None = nothing yet.
        """
        try:
            yield
        except BaseException:
            done = arrays()
            if done is not None:
                with contextlib.suppress(BineegoError):  # why it ended matters more
                    self.save(done)
            raise
