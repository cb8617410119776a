"""The command line: one module per sub-command, each with `HELP`, `arguments(parser)` and `main(args) -> exit code`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from importlib import import_module

OWN = ("run", "verify", "why", "check", "export", "nodes", "graph", "doctor", "bench")

COMMANDS: Mapping[str, str] = {
    "serve": "web.cli",  # a name only: the engine never imports the web
    **{name: f"engine.cli.{name}" for name in OWN},
}
"""The module of each command."""

EXAMPLES = """
examples:
  python main.py
  python main.py run workflows/text_to_image.json
  python main.py run workflows/text_to_image.json --set "Prompt.text=a red fox" --set KSampler.seed=7
  python main.py check workflows
"""


class Sentence(Exception):
    """A mistake of the user's, told in one clear sentence; the program ends with exit code 1."""


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    _speak_utf8()
    args = _parsed(_with_command(sys.argv[1:] if argv is None else argv))
    try:
        return int(import_module(COMMANDS[args.command]).main(args))
    except KeyboardInterrupt:
        return _tell("Cancelled.", 130)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        return _tell(sentence, 1)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="main.py",
        description="Run node graphs of Stable Diffusion; without a command, serve them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, place in COMMANDS.items():
        module = import_module(place)
        module.arguments(commands.add_parser(name, help=module.HELP, description=module.HELP, allow_abbrev=False))
    return whole


def _with_command(argv: list[str]) -> list[str]:
    """Without a command it is `serve`, which is how ComfyUI is started."""
    return ["serve", *argv] if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help")) else argv


def _parsed(argv: list[str]) -> argparse.Namespace:
    """The arguments; an option that is unknown is told with the nearest that there is."""
    whole = parser()
    args, unknown = whole.parse_known_args(argv)
    if unknown:
        from engine.near import nearest

        commands = next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction))
        command: argparse.ArgumentParser = commands.choices[args.command]
        near = nearest(unknown[0].partition("=")[0], [o for a in command._actions for o in a.option_strings])
        hint = f" (did you mean {near[0]}?)" if near else ""
        command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return args


def _sentence(error: Exception) -> str | None:
    """What to tell of an error that has words for people; None for a fault of the program's own."""
    from engine.files import FileProblem
    from engine.workflow.error import WorkflowError

    if isinstance(error, Sentence | FileProblem | WorkflowError):
        return str(error)[:1].upper() + str(error)[1:] if isinstance(error, FileProblem) else str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return None


def _tell(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _speak_utf8() -> None:
    """Prompts and titles are in any language; a console of another encoding gets replacements, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
