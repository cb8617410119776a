"""`serve`: the server that editors, scripts and ComfyUI's tools talk to."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.cli.common import folders, precision, recordings, settings
from web.flags import FLAGS, Flag, changes

if TYPE_CHECKING:
    from engine.service.settings import ServerSettings

HELP = "serve the API and the editor; what main.py does without a command"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
EVERYWHERE = "0.0.0.0,::"
DAY = 86400.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "ComfyUI's start flags are taken too; those that mean nothing here are ignored, with a line."
    own = parser.add_argument
    own("--listen", nargs="?", const=EVERYWHERE, default="127.0.0.1", metavar="IP", help="without IP: every address")
    own("--port", type=_port, default=8188, help="0: any free one; default 8188")
    folders(parser)
    own("--token", default="", help="what requests must show; made and printed when others than this machine may ask")
    own("--allow-host", action="append", default=[], metavar="NAME", help="a further name of this server; repeatable")
    own("--no-auth", action="store_true", help="ask for no token: whoever reaches the server may do everything")
    precision(parser)
    own("--share", choices=("auto", "never"), default="never", help="auto: jobs share batches, which changes last bits")
    own("--device", default="auto", help="auto, cpu, cuda:0 …; none: no device, only nodes that need no model run")
    own("--at-once", type=_count, default=8, metavar="N", help="jobs that run at the same time; default 8")
    own(
        "--requeue",
        choices=("once", "never"),
        default="once",
        help="once: a job whose server or worker died is queued again, the second time it waits for you",
    )
    own("--keep-history", type=float, default=90.0, metavar="DAYS", help="0: for ever; default 90")
    own("--keep-temp", type=float, default=1.0, metavar="DAYS", help="of the files in temp; 0: until the next start")
    recordings(parser)
    own("--no-metadata", action="store_true", help="leave the workflow out of the pictures")
    own("--no-editor-build", action="store_true", help="serve the editor as it was built, even when it is stale")
    own("--verbose", nargs="?", const="DEBUG", default="INFO", type=str.upper, choices=LEVELS, help="of the log")
    for flag in FLAGS:
        parser.add_argument(flag.name, action=_Comfy, flag=flag, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Serve until the end is asked for."""
    gc.disable()  # what is loaded now stays: `serve` lets the collector begin behind it
    from web.serve import serve

    logging.basicConfig(level=args.verbose, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    return serve(chosen(args))


def chosen(args: argparse.Namespace) -> ServerSettings:
    """The settings that the options say."""
    from engine.service.settings import Keep, ServerSettings

    base = settings(args)
    fields: dict[str, Any] = {
        "data": base.data,
        "models": base.models,
        "precision": base.precision,
        "device_bytes": base.device_bytes,
        "recordings": base.recordings,
        "share": args.share,
        "device": args.device,
        "listen": args.listen,
        "port": args.port,
        "token": args.token,
        "auth": not args.no_auth,
        "allow_hosts": tuple(args.allow_host),
        "at_once": args.at_once,
        "requeue": args.requeue,
        "metadata": not args.no_metadata,
        "editor_build": not args.no_editor_build,
        "keep": Keep(history_age=args.keep_history * DAY, temp_age=args.keep_temp * DAY),
        "options": tuple(sys.argv[1:]),
    }
    for flag, values in getattr(args, "comfy", ()):
        if flag.means is None:
            print(f"{flag.name} is ignored: {flag.ignored}.", file=sys.stderr)
        fields = _merged(fields, _changes(flag, values))
    return ServerSettings(**fields)


def _changes(flag: Flag, values: Sequence[str]) -> Mapping[str, Any]:
    from engine.cli import Sentence

    try:
        return changes(flag, values)
    except ValueError as error:
        raise Sentence(str(error)) from error


def _merged(fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    added = {name: (*fields.get(name, ()), *more[name]) for name in ("models", "folders") if name in more}
    return {**fields, **more, **added}


class _Comfy(argparse.Action):
    """Collects ComfyUI's flags in `comfy`, in their order."""

    def __init__(self, option_strings: Sequence[str], dest: str, flag: Flag, help: str | None = None) -> None:
        super().__init__(option_strings, "comfy", nargs=flag.takes, default=(), help=help)
        self._flag = flag

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        given = [values] if isinstance(values, str) else list(values or ())
        namespace.comfy = (*namespace.comfy, (self._flag, given))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text}: a port is 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return count
