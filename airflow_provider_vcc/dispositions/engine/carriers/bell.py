"""A bell that wakes the thread which waits for answers."""

from __future__ import annotations

from _socket import socketpair  # that of socket loses a descriptor if an exception comes from a signal in the middle
from contextlib import suppress
from select import POLLIN
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _socket import socket
    from select import poll

__all__ = ["Bell"]


class Bell:
    """May be rung by any thread, and by a signal handler. Ringing costs something only while somebody sleeps."""

    def __init__(self) -> None:
        self.asleep = False
        """Whether somebody sleeps. Who means to must say so first, and look then whether there is a reason not to."""
        self._pair: tuple[socket, socket] | None = None

    def hang(self, watcher: poll) -> None:
        """Let a watcher hear it."""
        if self._pair is None:
            self._pair = socketpair()
            for end in self._pair:
                end.settimeout(0)
            watcher.register(self._pair[0], POLLIN)

    def ring(self) -> None:
        """Wake who sleeps."""
        pair = self._pair  # once, since another thread may close it
        if self.asleep and pair is not None:
            self.asleep = False
            with suppress(OSError):  # it has rung often enough, or is gone
                pair[1].send(b"!")

    def still(self, descriptor: int) -> bool:
        """Take in that it has rung, and return True, if this is where a watcher hears it."""
        if self._pair is None or self._pair[0].fileno() != descriptor:
            return False
        with suppress(OSError):  # it has not
            self._pair[0].recv(1 << 10)
        return True

    def close(self) -> None:
        """Let nobody hear it any more."""
        pair, self._pair = self._pair, None
        for end in pair or ():
            end.close()
