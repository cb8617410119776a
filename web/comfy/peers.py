"""The clients of the websocket by their ids, connected or awaited, and what is told to which of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass

from engine.compat.messages import Flags, Message, Said
from engine.compat.wire import status
from web.comfy.outbox import MOST, MOST_KEPT, SECONDS_KEPT, Outbox

STATUS_SECONDS = 0.1
"""Between two `status` for those whose job it is not."""
MOST_PEERS = 4096
"""Clients for whom messages are kept while they are not connected."""


@dataclass(slots=True, eq=False)
class Peer:
    """A client by its id; `sender` empties its outbox into its present socket, and is None while it has none."""

    client: str
    outbox: Outbox
    sender: asyncio.Task[None] | None = None


class Peers:
    """Belongs to one event loop. `remaining` gives how many jobs wait or run."""

    def __init__(self, remaining: Callable[[], int]) -> None:
        self.known: dict[str, Peer] = {}
        self.clock = time.monotonic
        self._remaining = remaining
        self._status_told = 0.0
        self._status_timer: asyncio.TimerHandle | None = None

    def connect(
        self, client: str, running: Iterable[Said], send: Callable[[Peer], Coroutine[None, None, None]]
    ) -> Peer:
        """A client is there, in place of its older socket: what it missed waits for it, then what runs."""
        peer = self._peer(client)
        outbox = peer.outbox
        if peer.sender is not None:
            peer.sender.cancel()
        else:
            outbox.drop_old()
        outbox.flags, outbox.most = Flags(), MOST
        for said in running:
            outbox.put("", said)
        peer.sender = asyncio.ensure_future(send(peer))
        return peer

    def disconnect(self, peer: Peer, sender: asyncio.Task[None] | None) -> None:
        """A socket is closed; unless another took its place, what comes is kept for a while."""
        if sender is not None:
            sender.cancel()
        if peer.sender is sender:
            peer.sender = None
            peer.outbox.most = MOST_KEPT
            if not (len(peer.outbox) or peer.outbox.lost):
                self.known.pop(peer.client, None)

    def tell(self, job: str, client: str, said: Said) -> None:
        """Tell something of a job to its client, or to all who are connected."""
        if said.everyone:
            for peer in self.known.values():
                if peer.sender is not None or peer.client == client:
                    peer.outbox.put(job, said)
        elif client:
            self._peer(client).outbox.put(job, said)

    def status(self, client: str) -> None:
        """Tell how many jobs wait or run: the client whose job it is at once, all others a few times a second."""
        message = status(self._remaining())
        if not client:
            self._status_all(message)
            return
        wait = self._status_told + STATUS_SECONDS - self.clock()
        if wait <= 0:
            self._status_all(message)
        elif self._status_timer is None:
            self._status_timer = asyncio.get_running_loop().call_later(wait, self._status_late)
        self._peer(client).outbox.put("", message)

    async def sweep(self) -> None:
        """Forget, again and again, what waits too long for clients that do not come."""
        while True:
            await asyncio.sleep(SECONDS_KEPT / 2)
            for client, peer in list(self.known.items()):
                if peer.sender is None and peer.outbox.age() > SECONDS_KEPT:
                    del self.known[client]

    def _peer(self, client: str) -> Peer:
        """The client's peer, made if need be; of those that are away the one that waits longest makes room."""
        peer = self.known.pop(client, None)
        if peer is None:
            peer = Peer(client, Outbox(self.clock))
            peer.outbox.most = MOST_KEPT
            if len(self.known) >= MOST_PEERS:
                away = next((c for c, p in self.known.items() if p.sender is None), None)
                if away is not None:
                    del self.known[away]
        self.known[client] = peer
        return peer

    def _status_late(self) -> None:
        self._status_timer = None
        self._status_all(status(self._remaining()))

    def _status_all(self, message: Message) -> None:
        self._status_told = self.clock()
        for peer in self.known.values():
            if peer.sender is not None:
                peer.outbox.put("", message)
