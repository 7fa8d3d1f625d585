"""Ctrl-C and SIGTERM that wait for the end of a step."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Within the block, the first signal is noted, the second acts at once. Does nothing outside the main thread, and
    leaves alone a signal that is ignored, as Ctrl-C is by what runs in the background of a script.

    Attributes:
        signum: the signal that came, or None.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def pass_on(self, signum: int) -> None:
        """Let a signal, which may have come to another process, do what it would have done before the block."""
        self._restore()
        signal.raise_signal(signum)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signum is not None:
            self._restore()
            signal.raise_signal(number)
        self.signum = number

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
