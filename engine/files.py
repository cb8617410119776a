"""Files: the one resolver of names that users give, and the references that it makes of them.

Names are relative, with "/" between folders on every system, and stay inside the folders of their kind. A folder of
models may itself be a symlink, and so may an entry directly in it: people keep models on other disks. Deeper symlinks,
and all of those in input, output and temp, must not lead out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.digests import Digests
from engine.folders import APPROXIMATE, EXTENSIONS, OWN_KINDS, kind_named, standard_folders
from engine.near import nearest

NAMED = frozenset({"depth_estimators"})
"""Kinds whose files are told apart by the names that they were published under, for their tensors are alike: a renamed
file is another one."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a library: its kind ("checkpoints", "input", …), its name there ("sdxl/x.safetensors"), its digest."""

    kind: str
    name: str
    digest: str

    def __digest__(self) -> tuple[str, ...]:
        """What keys hold of a file: not its name, but for kinds in `NAMED`."""
        return (self.kind, self.digest, self.name) if self.kind in NAMED else (self.kind, self.digest)


class FileProblem(Exception):
    """A name that cannot be used, as a problem's code and args; `str()` of it is one sentence.

    Codes: bad_file_name {name, reason}, value_not_in_list {value, kind, near, folders}, file_changed {name, kind},
    unreadable_file {name, reason}, bad_model_paths {name, reason}.
    """

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code, details)
        self.code = code
        self.details: Mapping[str, Any] = details

    def __str__(self) -> str:
        from engine.graph.sentences import tell

        return tell(self.code, self.details)


class Library:
    """The folders in which files of each kind are looked for; the first folder of a kind is where they are written.

    Args:
        written: where files of a kind are written instead.
    """

    def __init__(
        self,
        folders: Mapping[str, Sequence[Path]],
        digests: Digests | None = None,
        written: Mapping[str, Path] | None = None,
    ) -> None:
        self.folders: Mapping[str, tuple[Path, ...]] = {kind: tuple(paths) for kind, paths in folders.items()}
        self.digests = digests or Digests()
        self._written = dict(written or {})

    @classmethod
    def standard(cls, data: Path, models: Sequence[Path] = (), shipped: Path | None = None) -> Library:
        """What users make under `data`, their model folders (any layout of `engine.folders`), the shipped models.

        Raises FileProblem when a model folder, or a list of such in YAML, cannot be read.
        """
        try:
            folders = standard_folders(data.absolute(), [m.absolute() for m in models], shipped and shipped.absolute())
        except ValueError as error:
            raise FileProblem("bad_model_paths", name=str(error.args[0]), reason=str(error.args[1])) from error
        return cls(folders, Digests(data / "cache" / "digests.json"))

    def replaced(self, kind: str, *folders: Path) -> Library:
        """A library that has these folders for `kind`, and all else as here."""
        return Library({**self.folders, kind: folders}, self.digests, self._written)

    def preferring(self, place: Path) -> Library:
        """A library that looks in input, output and temp of `place` first, and writes where this one does."""
        before = {kind: (place / kind, *self.folders.get(kind, ())) for kind in OWN_KINDS}
        written = {kind: self.folder(kind) for kind in OWN_KINDS if kind in self.folders}
        return Library({**self.folders, **before}, self.digests, written)

    def folder(self, kind: str) -> Path:
        """Where files of this kind are written; it need not exist yet."""
        kind = kind_named(kind)
        return self._written.get(kind) or self.folders[kind][0]

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of all files of this kind, sorted; hidden files are left out."""
        kind = kind_named(kind)
        roots = self.folders.get(kind, ())
        found = {name for root in roots for name in _listed(root, kind) if not unfit(name)}
        more = {name for name in APPROXIMATE if kind == "vae" and self.approximate(name)}
        return tuple(sorted(found | more))

    def approximate(self, name: str) -> tuple[Path, ...]:
        """The file, or two (decoder first), in vae_approx that a name of `APPROXIMATE` stands for; else none."""
        for root in self.folders.get("vae_approx", ()):
            for stems in ((name,), (f"{name}_decoder", f"{name}_encoder")):
                paths = [_first(root, stem) for stem in stems]
                if all(paths):
                    return tuple(path for path in paths if path is not None)
        return ()

    def near(self, kind: str, name: str) -> tuple[str, ...]:
        """Up to three names of this kind that look like `name`, best first."""
        return nearest(name, self.names(kind))

    def path(self, kind: str, name: str, near: Callable[[str, str], tuple[str, ...]] | None = None) -> Path:
        """Where the file is; raises FileProblem when the name is unfit, leads out, or is not there.

        Args:
            near: finds near names in place of `Library.near`, which lists all files.
        """
        return self._path(kind, name, near or self.near)

    def _path(self, kind: str, name: str, near: Callable[[str, str], tuple[str, ...]]) -> Path:
        kind, name = self._place(kind, name)
        if (reason := unfit(name)) is not None:
            raise FileProblem("bad_file_name", name=name, reason=reason)
        if kind == "vae" and name in APPROXIMATE and (small := self.approximate(name)):
            return small[0]
        for root in self.folders.get(kind, ()):
            found = _inside(root, name, kind)
            if found is not None:
                return found
        folders = tuple(str(root) for root in self.folders.get(kind, ()))
        raise FileProblem("value_not_in_list", value=name, kind=kind, near=near(kind, name), folders=folders)

    def ref(self, kind: str, name: str, near: Callable[[str, str], tuple[str, ...]] | None = None) -> FileRef:
        """A reference to what the file holds now; raises FileProblem as `path` does, or if it cannot be read.

        Args:
            near: finds near names in place of `Library.near`, which lists all files.
        """
        path = self._path(kind, name, near or self.near)
        kind, name = self._place(kind, name)
        return FileRef(kind, name, self._digest(name, path))

    def resolve(self, ref: FileRef) -> Path:
        """Where a referenced file is; raises FileProblem if it is gone or no longer holds the same."""
        path = self.path(ref.kind, ref.name)
        if self._digest(ref.name, path) != ref.digest:
            raise FileProblem("file_changed", name=ref.name, kind=ref.kind)
        return path

    def _digest(self, name: str, path: Path) -> str:
        small = self.approximate(name) if name in APPROXIMATE else ()
        paths = small if path in small else (path,)
        try:
            return "+".join(map(self.digests.of, paths))
        except OSError as error:
            raise FileProblem("unreadable_file", name=name, reason=error.strerror or str(error)) from error

    def _place(self, kind: str, name: str) -> tuple[str, str]:
        """The kind and name meant: old names of kinds, "\\" of Windows, and ComfyUI's "x.png [output]"."""
        kind, name = kind_named(kind), name.replace("\\", "/")
        other = next((own for own in OWN_KINDS if name.endswith(f"[{own}]")), None) if kind in OWN_KINDS else None
        return (kind, name) if other is None else (other, name.removesuffix(f"[{other}]").rstrip())


_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)

LONGEST_PART = 255
LONGEST_NAME = 1024


def unfit(name: str) -> str | None:
    """Why no system may be asked for this name ("/" between folders), as a word; None when it is fit.

    Words: empty, long, control, absolute, colon, backslash, parent, hidden, trailing, device, link.
    """
    if len(name) > LONGEST_NAME:
        return "long"
    return next((why for why, wrong in _WHOLE if wrong(name)), None) or next(
        (why for part in name.split("/") for why, wrong in _PARTS if wrong(part)), None
    )


_WHOLE: Sequence[tuple[str, Callable[[str], bool]]] = (
    ("empty", lambda name: not name.strip()),
    ("control", lambda name: any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name)),
    ("absolute", lambda name: name.startswith("/")),
    ("colon", lambda name: ":" in name),
    ("backslash", lambda name: "\\" in name),
)

_PARTS: Sequence[tuple[str, Callable[[str], bool]]] = (
    ("parent", lambda part: part == ".."),
    ("empty", lambda part: not part),
    ("hidden", lambda part: part.startswith(".")),
    ("trailing", lambda part: part[-1] in ". "),
    ("long", lambda part: len(part.encode()) > LONGEST_PART),
    ("device", lambda part: _DEVICE.fullmatch(part.split(".")[0].rstrip(" ")) is not None),
)


def contained(root: Path, name: str) -> Path:
    """Where `name` is, or would be written, in a folder out of which no link may lead.

    Raises FileProblem (bad_file_name) for a name that is unfit, or a symlink that leads out.
    """
    if (reason := unfit(name)) is not None:
        raise FileProblem("bad_file_name", name=name, reason=reason)
    try:
        real = (root / name).resolve()
        if real.is_relative_to(root.resolve()):
            return real
    except (OSError, RuntimeError):
        pass
    raise FileProblem("bad_file_name", name=name, reason="link")


def _inside(root: Path, name: str, kind: str) -> Path | None:
    """The file of this name if it is there; raises FileProblem if a symlink leads out."""
    if not _is_entry(path := root / name, kind):
        return None
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    if any(real.is_relative_to(home) for home in _homes(root, name, kind)):
        return real
    raise FileProblem("bad_file_name", name=name, reason="link")


def _first(root: Path, stem: str) -> Path | None:
    """The file of this name in vae_approx, whatever its ending."""
    names = (f"{stem}{ending}" for ending in sorted(EXTENSIONS["vae_approx"], reverse=True))
    return next((path for name in names if (path := _inside(root, name, "vae_approx")) is not None), None)


def _homes(root: Path, name: str, kind: str) -> Iterator[Path]:
    """The real folders in which a name may end."""
    yield root.resolve()
    first = root / name.split("/")[0]
    if kind not in OWN_KINDS and first.is_symlink():
        yield first.resolve()


def _is_entry(path: Path, kind: str) -> bool:
    """Whether this is something of the kind: a diffusers model is a folder, everything else a file."""
    try:
        return (path / "model_index.json").is_file() if kind == "diffusers" else path.is_file()
    except (OSError, ValueError):
        return False


def _listed(root: Path, kind: str) -> Iterator[str]:
    """The names in one folder of a kind; each real folder is visited once."""
    extensions = EXTENSIONS.get(kind)
    seen: set[Path] = set()
    todo = [""]
    while todo:
        below = todo.pop()
        real = (root / below).resolve()
        if real in seen:
            continue
        seen.add(real)
        for entry in _entries(root / below):
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_symlink() and not _stays(root, name, kind):
                continue
            if kind == "diffusers" and _is_entry(root / name, kind):
                yield name
            elif entry.is_dir():
                todo.append(name)
            elif kind != "diffusers" and entry.is_file() and _has(entry.name, extensions):
                yield name


def _stays(root: Path, name: str, kind: str) -> bool:
    """Whether a symlink leads to something, and not out."""
    try:
        real = (root / name).resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return any(real.is_relative_to(home) for home in _homes(root, name, kind))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries if not e.name.startswith(".")]
    except OSError:
        return []


def _has(name: str, extensions: frozenset[str] | None) -> bool:
    return extensions is None or os.path.splitext(name)[1].lower() in extensions
