"""The registry of everything that is installed: the built-in nodes, and packs, each loaded or reported by name."""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType

from engine.graph.keys import Salt
from engine.graph.registry import Registry, RegistryClash
from engine.putoff import put_off
from engine.routes import Route, RouteError, routes_of

GROUP = "inkwater.nodes"
"""The entry points that name modules of node types."""

PREFIX = "inkwater_packs"
"""The package in which the packs of a folder live."""

LATER = ("torch", "torchvision", "diffusers", "transformers")
"""Libraries of which a server loads nothing; it runs node types in other processes."""

WHOLE = 1 << 20
"""Files up to this many bytes count by their content in a digest, larger ones by size and time of change."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was loaded.

    Args:
        digest: of its sources. nodes: the names of its node types.
        routes: what it answers over HTTP. web: its folder of files for browsers, if it has one.
    """

    name: str
    module: str
    digest: str
    nodes: tuple[str, ...]
    routes: tuple[Route, ...] = ()
    web: Path | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A pack that was left out, and why, in one sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """All node types, where those of packs come from, which packs were left out, and what is amiss with others."""

    registry: Registry
    packs: tuple[Pack, ...] = ()
    failures: tuple[Failure, ...] = ()
    warnings: tuple[Failure, ...] = ()

    def salt(self, base: str = "") -> Salt:
        """The salt of the keys: `base` and the code here, and each pack's sources for the pack's own nodes."""
        return Salt(f"{base} {code_digest()}", {p.module: p.digest for p in self.packs})


def registry(data: Path | None = None, lazy: Sequence[str] = ()) -> Loaded:
    """Load the built-in nodes and every pack that is found; a pack that fails or clashes is left out as a whole.

    Routes that cannot be served cost a pack its routes only, with a warning.

    Args:
        lazy: libraries that packs may import without their being loaded; a pack that uses one while it is loaded is
            warned of.
    """
    known = builtins()
    packs: list[Pack] = []
    failures: list[Failure] = []
    warnings: list[Failure] = []
    with put_off(lazy) as loaded:
        for name, module, place in (*_folder(data), *_entry_points()):
            try:
                modules = _modules(importlib.import_module(module))
                added = Registry.of(*modules)
                known = known | added
                routes = _routes(name, modules, warnings)
                digest = _module_digest(modules[0], place)
                packs.append(Pack(name, module, digest, tuple(added), routes, _web_folder(modules[0])))
            except (Exception, SystemExit) as error:
                failures.append(Failure(name, _reason(error)))
            warnings += [Failure(name, f"it uses {used} as soon as it is imported; {_MEND}") for used in loaded()]
    return Loaded(known, tuple(packs), tuple(failures), tuple(warnings))


_MEND = "import it inside the functions that need it, as the server is to stay free of it"


def _routes(name: str, modules: Sequence[ModuleType], warnings: list[Failure]) -> tuple[Route, ...]:
    try:
        return routes_of(modules)
    except RouteError as error:
        warnings.append(Failure(name, f"its routes are left out: {error}"))
        return ()


def _web_folder(module: ModuleType) -> Path | None:
    """The folder `web` beside a pack's `__init__.py`."""
    places = list(getattr(module, "__path__", ()))
    found = Path(places[0], "web") if places else None
    return found if found is not None and found.is_dir() else None


def builtins() -> Registry:
    """The node types of the `nodes` package; the engine knows it by name only."""
    package = importlib.import_module("nodes")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__))
    return Registry.of(*(importlib.import_module(f"nodes.{name}") for name in names))


def code_digest() -> str:
    """The digest of the sources of the engine and of the built-in nodes."""
    engine = Path(__file__).parent
    return sources_digest(engine, engine.parent / "nodes")


def sources_digest(*places: Path) -> str:
    """One digest for files and whole folders: names and contents; hidden files and byte code do not count."""
    hashed = hashlib.blake2b(digest_size=16)
    for place in places:
        for file in [place] if place.is_file() else sorted(_files(place)):
            stat = file.stat()
            content = file.read_bytes() if stat.st_size <= WHOLE else repr((stat.st_size, stat.st_mtime_ns)).encode()
            name = file.relative_to(place.parent).as_posix().encode()
            hashed.update(b"%d:%s%d:%s" % (len(name), name, len(content), content))
    return hashed.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__pycache__"]
        yield from (Path(parent, n) for n in names if not n.startswith(".") and not n.endswith(".pyc"))


def _module_digest(module: ModuleType, place: Path | None) -> str:
    if place is None:
        top = sys.modules[module.__name__.partition(".")[0]]
        paths = list(getattr(top, "__path__", [])) or [top.__file__ or ""]
        return sources_digest(*map(Path, paths))
    return sources_digest(place)


def _folder(data: Path | None) -> Iterator[tuple[str, str, Path]]:
    """(name, module, place) of each pack in DATA/packs."""
    folder = None if data is None else (data / "packs").absolute()
    if folder is None or not folder.is_dir():
        return
    _Finder.serve(folder)
    for place in sorted(folder.iterdir()):
        if place.name.startswith((".", "_")) or not (place.is_dir() or place.suffix == ".py"):
            continue
        yield place.name, f"{PREFIX}.{place.stem}", place


def _entry_points() -> Iterator[tuple[str, str, None]]:
    """(name, module, None) of each entry point; importlib.metadata is slow to load, so only if there is one."""
    if not any(GROUP.encode() in file.read_bytes() for file in _entry_point_files()):
        return
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP)):
        yield point.name, point.module, None


def _entry_point_files() -> Iterator[Path]:
    for folder in {p for p in sys.path if os.path.isdir(p)}:
        yield from (file for info in Path(folder).glob("*-info") if (file := info / "entry_points.txt").is_file())


def _modules(module: ModuleType) -> list[ModuleType]:
    """The module and what it imported of its own package; a folder without `__init__.py` is all its modules."""
    if getattr(module, "__file__", None) is None:
        for found in pkgutil.iter_modules(module.__path__, f"{module.__name__}."):
            importlib.import_module(found.name)
    inner = [m for name, m in sorted(sys.modules.items()) if name.startswith(f"{module.__name__}.")]
    return [module, *inner]


def _reason(error: BaseException) -> str:
    if isinstance(error, RegistryClash):
        return str(error)
    own = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own and own[-1].filename != __file__ else ""
    if isinstance(error, SyntaxError):
        where = f" ({Path(error.filename or '').name}, line {error.lineno})"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


class _Source(SourceFileLoader):
    """Compiles what is in the file now: byte code is trusted by whole seconds, too coarse for what a digest covers."""

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError("no byte code")


class _Finder(MetaPathFinder):
    """Finds the modules of packs, under a name of their own, so that a pack called `engine` shadows nothing."""

    @classmethod
    def serve(cls, folder: Path) -> None:
        """Make this folder the home of packs; those of an earlier one are forgotten."""
        for name in [n for n in sys.modules if n == PREFIX or n.startswith(f"{PREFIX}.")]:
            del sys.modules[name]
        sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, cls)]
        sys.meta_path.insert(0, cls())
        home = ModuleType(PREFIX)
        home.__path__ = [str(folder)]
        sys.modules[PREFIX] = home

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{PREFIX}.") or path is None:
            return None
        specs = (FileFinder(folder, (_Source, SOURCE_SUFFIXES)).find_spec(fullname) for folder in path)
        return next((spec for spec in specs if spec is not None), None)
