"""Signals that end a piece of work as Ctrl-C does, and mean what they meant afterwards."""

from __future__ import annotations

import signal
import threading

import pytest
from amlemu.interrupts import as_interrupts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_an_interrupt_and_then_what_it_was(number):
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), as_interrupts():
        signal.raise_signal(number)

    assert signal.getsignal(number) == before


def test_one_that_is_not_named_stays_as_it_is():
    with as_interrupts(signal.SIGTERM):
        inside = signal.getsignal(signal.SIGHUP)

    assert inside == signal.getsignal(signal.SIGHUP)


def test_another_thread_changes_nothing():
    """Only the main one may."""
    seen: list[object] = []

    def work() -> None:
        with as_interrupts():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [signal.getsignal(signal.SIGTERM)]
