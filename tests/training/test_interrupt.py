"""Signals that wait for the end of a step."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from bineego.training.interrupt import Interrupt


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_passed_on_afterwards(number: signal.Signals) -> None:
    came: list[int] = []
    signal.signal(number, lambda received, _frame: came.append(received))
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        assert (interrupt.signum, came) == (number, [])
        interrupt.pass_on(number)
    assert came == [number]


def test_the_second_signal_acts_at_once() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.signum == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """A job in the background of a script must not end half way as if it were done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.signum is None
