"""What a .ckpt, .pt or .bin file holds, read without running anything in it.  Torch-free.

A pickle is a program.  This reader lets it name only tensors, plain containers and the leftovers of PyTorch
Lightning and numpy, and gives it inert stand-ins for all of them; any other name ends the reading.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NoReturn

from engine.models.header import ITEMSIZE, MAX_DIMENSIONS, MAX_TENSORS, Entry, Header, ModelFileError

MAX_PICKLE = 64 << 20

HARMLESS = ("pytorch_lightning", "lightning", "lightning_fabric", "lightning_lite", "numpy")
"""Packages whose names old checkpoints carry beside their tensors; they are replaced, never imported."""

STORAGES: Mapping[str, str] = {
    "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "DoubleStorage": "F64",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL", "UntypedStorage": "U8",
}  # fmt: skip
DTYPES: Mapping[str, str] = {
    "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip


class Inert:
    """Stands for any harmless name: takes all arguments and states, does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Inert:
        return object.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def harmless(name: str) -> bool:
    """Whether a dotted global name belongs to a package that is replaced by `Inert`."""
    return name.split(".", 1)[0] in HARMLESS


NAMES = (str, bytes, int, float, type, Inert, type(None))
"""What may be a key: the hash of a tuple of tuples can take for ever, or more stack than there is."""


def _names(keys: Iterable[Any]) -> None:
    if not all(isinstance(key, NAMES) for key in keys):
        raise ModelFileError("it has a table whose keys are no names")


class Parameters(dict[Any, Any]):
    """Stands for torch's ParameterDict: the table of its parameters, nothing else of it."""

    def __setstate__(self, state: Any) -> None:
        inner = state.get("_parameters") if isinstance(state, dict) else None
        if isinstance(inner, dict):
            self.update(inner)


PARAMETERS = ("torch.nn.modules.container", "ParameterDict")


class _Ordered(OrderedDict[Any, Any]):
    """OrderedDict that looks at its keys first."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        pairs = [(key, value) for key, value in items]
        _names(key for key, _ in pairs)
        super().__init__(pairs)


HASHED: Mapping[int, slice] = {
    pickle.SETITEM[0]: slice(-2, -1),
    pickle.SETITEMS[0]: slice(0, None, 2),
    pickle.DICT[0]: slice(0, None, 2),
    pickle.ADDITEMS[0]: slice(None),
    pickle.FROZENSET[0]: slice(None),
}
"""The operations that hash what lies on the stack, and where it lies."""


def _checked(load: Any, keys: slice) -> Any:
    """An operation of the unpickler that looks at its keys first."""

    def checked(scan: Any) -> None:
        _names(scan.stack[keys])
        load(scan)

    return checked


class _Scan(pickle._Unpickler):
    """Pure Python on purpose: the C unpickler's memo is an array that a hostile index can make huge."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")
        self.inert: set[str] = set()

    dispatch: ClassVar[dict[int, Any]] = {
        code: _checked(load, HASHED[code]) if code in HASHED else load
        for code, load in pickle._Unpickler.dispatch.items()
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module in ("torch", "torch.storage") and name in STORAGES:
            return STORAGES[name]
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if harmless(module):
            self.inert.add(f"{module}.{name}")
            return Inert
        raise ModelFileError(
            'it asks for "{module}.{name}", which no model file needs, and so it was not opened',
            module=module,
            name=name,
        )

    def persistent_load(self, pid: Any) -> Any:
        """A storage is known by its dtype and where it is; the bytes are never read here."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise ModelFileError("it refers to something that is no tensor")
        return _Storage(pid[1], pid[2]) if isinstance(pid[1], str) and isinstance(pid[2], str) else pid[1]


class _Storage(str):
    """The dtype of a storage, and the entry of the archive that holds it."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, dtype: str, key: str) -> _Storage:
        made = super().__new__(cls, dtype)
        made.key = key
        return made


def _tensor(storage: Any, offset: Any, size: Any, *rest: Any) -> Entry:
    own = rest[3] if len(rest) > 3 and isinstance(rest[3], str) and rest[3] in ITEMSIZE else storage
    if not isinstance(storage, _Storage) or type(offset) is not int or offset < 0:
        return Entry(own, tuple(size))
    return Entry(str(own), tuple(size), offset * ITEMSIZE.get(str(own), 0), storage=storage.key)


def _parameter(data: Any, *rest: Any) -> Any:
    return data


_KNOWN: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Ordered,
    ("builtins", "set"): Inert,
    ("__builtin__", "set"): Inert,
    PARAMETERS: Parameters,
    ("_codecs", "encode"): Inert,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


def read_value(path: Path) -> tuple[Any, frozenset[str]]:
    """What a PyTorch file holds, an `Entry` in place of each tensor, and the harmless global names in it.

    Raises ModelFileError for a file that names anything else, or is damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            return _scan_zip(path)
        with path.open("rb") as file:
            torn = file.read(2) == b"PK"
        if not torn:
            return _scan_legacy(path)
    except ModelFileError as error:
        raise ModelFileError(
            "{name} is not a safe model file: {reason}.",
            name=path.name,
            reason=error.telling,
        ) from None
    except Exception:
        raise ModelFileError(
            "{name} is not a PyTorch model file, or it is damaged.",
            name=path.name,
        ) from None
    raise ModelFileError(
        "{name} is damaged or cut short: the end of its archive is missing.",
        name=path.name,
    )


def read_pickle(path: Path) -> tuple[Header, frozenset[str]]:
    """Tensors of a PyTorch file and the harmless global names in it; raises ModelFileError for anything else."""
    value, inert = read_value(path)
    tensors = {name: entry for name, entry in state_dict(value).items() if isinstance(entry, Entry)}
    if not tensors or len(tensors) > MAX_TENSORS:
        raise ModelFileError(
            "{name} holds no table of tensors.",
            name=path.name,
        )
    if not all(map(sound, tensors.values())):
        raise ModelFileError(
            "{name} is damaged: one of its tensors has no sound shape.",
            name=path.name,
        )
    return Header(tensors), inert


def sound(entry: Entry) -> bool:
    """Whether dtype and shape are what they should be; a pickle can overwrite what it made, so look in the end."""
    shape = entry.shape
    known = isinstance(entry.dtype, str) and entry.dtype in ITEMSIZE
    return (
        known
        and isinstance(shape, tuple)
        and len(shape) <= MAX_DIMENSIONS
        and all(type(n) is int and n >= 0 for n in shape)
    )


INNER = ("state_dict", "params_ema", "params-ema", "params")
"""Names under which files keep their table of tensors; upscalers bring an averaged one, which is the better."""


def state_dict(value: Any) -> Mapping[str, Any]:
    """The table of tensors inside what a PyTorch file holds: itself, or one under a name of `INNER`."""
    inner = next((value[name] for name in INNER if name in value), value) if isinstance(value, dict) else {}
    return {name: item for name, item in inner.items() if isinstance(name, str)} if isinstance(inner, dict) else {}


def _scan_zip(path: Path) -> tuple[Any, frozenset[str]]:
    with zipfile.ZipFile(path) as archive:
        found = [item for item in archive.infolist() if item.filename.count("/") <= 1 and _is_program(item.filename)]
        if len(found) != 1:
            raise ModelFileError("it has no data.pkl of its own")
        if found[0].file_size > MAX_PICKLE:
            _too_large()
        with archive.open(found[0]) as member:
            scan = _Scan(io.BytesIO(member.read(MAX_PICKLE)))
            return scan.load(), frozenset(scan.inert)


def _is_program(name: str) -> bool:
    return name.rsplit("/", 1)[-1] == "data.pkl"


def _scan_legacy(path: Path) -> tuple[Any, frozenset[str]]:
    """Before version 1.6 torch wrote magic number, protocol, system and object as four pickles, then the bytes."""
    with path.open("rb") as file:
        for _ in range(3):
            _Scan(file).load()
        scan = _Scan(file)
        value = scan.load()
        if file.tell() > MAX_PICKLE:
            _too_large()
        return value, frozenset(scan.inert)


def _too_large() -> NoReturn:
    raise ModelFileError(
        "its table of contents is larger than {most} bytes",
        most=MAX_PICKLE,
    )
