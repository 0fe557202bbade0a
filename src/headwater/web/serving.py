"""How many connections the server holds: no more than the machine gives it files for, and none that never asks.

A connection beyond the limit is closed at once; so is one that says nothing. Below the application, since a connection
that has asked for nothing yet never reaches it.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 800
"""Below the 1,024 files that most systems let a process open: the rest are for databases, tables and the log."""

SILENCE_S = 20.0
"""How long a new connection may say nothing [s]."""


class Connection(H11Protocol):
    """One connection of a reader or a proxy."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, unless there are too many; close it again where nothing is asked."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self.timeout_keep_alive_task = self.loop.call_later(SILENCE_S, self.timeout_keep_alive_handler)
