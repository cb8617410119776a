"""Serving: from the port to the orderly end."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from engine.files import FileProblem
from engine.queue.problems import QueueProblem
from engine.service.errors import ServiceProblem
from engine.service.service import Service, open_queue
from engine.service.settings import ServerSettings
from web.access import listens, make_token, needs_token, warnings
from web.app import make_app
from web.keys import EDITOR

log = logging.getLogger(__name__)

PATIENCE = 4.5
"""Seconds that running steps have to end when the server is stopped."""
FAREWELL = 0.3
"""Seconds that open connections have to end after that."""
WAITING = 1024
"""Connections that may wait to be accepted."""


class CannotServe(Exception):
    """Why the server does not start, in one sentence."""


def serve(settings: ServerSettings) -> int:
    """Run a server until it is told to end (SIGTERM, Ctrl-C); the exit code."""
    try:
        asyncio.run(_serve(settings))
    except (CannotServe, ServiceProblem, QueueProblem, FileProblem) as problem:
        print(str(problem)[:1].upper() + str(problem)[1:], file=sys.stderr)
        return 1
    return 0


async def _serve(settings: ServerSettings) -> None:
    stop = _stopped_by_signals()
    queue = open_queue(settings)  # before the port: who else works on this data is the more helpful thing to say
    try:
        sockets = bound(settings.listen, settings.port)
    except CannotServe:
        await queue.close()
        raise
    if needs_token(settings) and not settings.token:
        settings = replace(settings, token=make_token())
    service = await Service.open(settings, queue=queue)
    app = make_app(service)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=FAREWELL)
    try:
        await runner.setup()
        for each in sockets:
            await web.SockSite(runner, each, backlog=WAITING).start()
        if settings.editor_build:
            app[EDITOR].begin()
        _announce(service, settings, sockets)
        gc.freeze()  # what is loaded by now stays; no collection need look at it
        gc.enable()
        await stop.wait()
    finally:
        print("Ending: running steps have a few seconds, what is not done stays in the queue.", flush=True)
        for site in list(runner.sites):
            await site.stop()
        app[EDITOR].close()
        await service.close(PATIENCE)
        await runner.cleanup()


def bound(listen: str, port: int) -> list[socket.socket]:
    """Sockets that listen at each of these addresses; raises CannotServe.

    Connections wait in them from now on, and are answered when the server is ready.
    """
    made: list[socket.socket] = []
    for address in listens(listen):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        taken = made[0].getsockname()[1] if made else port
        try:
            made.append(_listening(family, address, taken))
        except OSError as error:
            if made and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue  # a machine without IPv6 that was asked for both
            for each in made:
                each.close()
            raise CannotServe(_unbound(address, port, error)) from error
    return made


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(WAITING)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def _unbound(address: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {port} is taken on {address}, perhaps by another server of this kind or by ComfyUI: end that "
                f"one, or start this one with another port, as --port {port + 1 if port < 65535 else 8188}."
            )
        case errno.EACCES:
            return f"Port {port} needs rights that this user has not: use one above 1023, as --port 8188."
        case errno.EADDRNOTAVAIL:
            return f"This machine has no address {address}: use --listen 127.0.0.1, or --listen 0.0.0.0 for all it has."
    return f"{address}:{port} cannot be listened to ({error.strerror or error})."


def address_of(sockets: Sequence[socket.socket]) -> str:
    """The url under which a browser on this machine finds the server."""
    host, port = sockets[0].getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _announce(service: Service, settings: ServerSettings, sockets: Sequence[socket.socket]) -> None:
    url = address_of(sockets)
    service.at(url)
    for failure in service.loaded.failures:
        print(f"Pack {failure.name} is left out: {failure.reason}", file=sys.stderr)
    for warning in service.loaded.warnings:
        print(f"Pack {warning.name}: {warning.reason}.", file=sys.stderr)
    for row in service.queue.recovered:
        fate = "is queued again" if row.state == "queued" else "was interrupted before, and waits for you to queue it"
        print(f"Job {row.id} was interrupted when the last server ended; it {fate}.")
    for told in warnings(settings):
        print(told, file=sys.stderr)
    shown = f"{url}/?token={settings.token}" if needs_token(settings) else url
    # In one write, line end included: who starts a server reads the address off this line, and a thread may log now.
    sys.stdout.write(f"Inkwater listens on {shown}\n")
    sys.stdout.flush()
    if settings.open_browser:
        import webbrowser

        webbrowser.open(shown)


def _stopped_by_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set; the second of them ends at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            log.warning("ended at once; what ran is queued again at the next start")
            sys.stderr.flush()
            signal.raise_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGABRT)
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(each, end)
        except NotImplementedError:  # Windows
            signal.signal(each, lambda *_: loop.call_soon_threadsafe(end))
    return stop
