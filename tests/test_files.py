"""The one resolver: no name leads out of its folder, and people's folders of models are understood."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.digests import Digests, file_digest
from engine.files import FileProblem, FileRef, Library, unfit
from engine.near import nearest


def put(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def refused(library: Library, kind: str, name: str) -> FileProblem:
    with pytest.raises(FileProblem) as error:
        library.path(kind, name)
    assert str(error.value).endswith(".")
    return error.value


@pytest.fixture
def library(tmp_path: Path) -> Library:
    put(tmp_path / "secret.png")
    put(tmp_path / "input" / "a.png")
    put(tmp_path / "input" / "sub" / "b.png")
    put(tmp_path / "input-other" / "c.png")
    return Library.standard(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.png", "parent"),
        ("sub/../../secret.png", "parent"),
        ("sub/..", "parent"),
        ("..", "parent"),
        ("..\\secret.png", "parent"),
        ("sub\\..\\..\\secret.png", "parent"),
        ("../input-other/c.png", "parent"),
        ("/etc/passwd", "absolute"),
        ("//server/share/x.png", "absolute"),
        ("\\\\server\\share\\x.png", "absolute"),
        ("\\\\?\\C:\\x.png", "absolute"),
        ("C:\\x.png", "colon"),
        ("C:/x.png", "colon"),
        ("c:x.png", "colon"),
        ("a.png:stream", "colon"),
        ("a.png::$DATA", "colon"),
        ("a.png\0", "control"),
        ("a\n.png", "control"),
        ("a\x7f.png", "control"),
        ("\ud800.png", "control"),
        ("", "empty"),
        ("  ", "empty"),
        ("sub//b.png", "empty"),
        ("sub/", "empty"),
        (".", "hidden"),
        ("./a.png", "hidden"),
        (".hidden.png", "hidden"),
        (".git/config", "hidden"),
        ("...", "hidden"),
        ("a.png.", "trailing"),
        ("a.png ", "trailing"),
        ("sub./b.png", "trailing"),
        ("sub /b.png", "trailing"),
        ("NUL", "device"),
        ("nul.png", "device"),
        ("con", "device"),
        ("CON.tar.gz", "device"),
        ("aux .txt", "device"),
        ("sub/COM1", "device"),
        ("LPT9.png", "device"),
        ("COM¹.png", "device"),
        ("CONIN$", "device"),
        ("x" * 300 + ".png", "long"),
        ("x/" * 1000 + "y", "long"),
    ],
)
def test_unfit_names_are_refused_with_a_reason(library: Library, name: str, reason: str) -> None:
    problem = refused(library, "input", name)
    assert (problem.code, problem.details["reason"]) == ("bad_file_name", reason)


@pytest.mark.parametrize(
    "name", ["com10.png", "console.png", "a..b.png", "nulls", "~", "$HOME", "%TEMP%", "é 漢.png", "com.png"]
)
def test_names_that_only_look_odd_are_fit(name: str) -> None:
    assert unfit(name) is None


@given(
    st.text(max_size=12) | st.lists(st.sampled_from(["..", ".", "a", "sub", "/", "\\", "C:", "\0", " "])).map("".join)
)
def test_whatever_is_found_lies_inside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.getbasetemp() / "names"
    put(root / "secret.png")
    put(root / "input" / "sub" / "a")
    put(root / "input" / "a")
    library = Library.standard(root)
    try:
        found = library.path("input", name)
    except FileProblem:
        return
    assert found.is_relative_to((root / "input").resolve())


def test_files_and_sub_folders_are_found_and_listed_with_slashes(library: Library, tmp_path: Path) -> None:
    put(tmp_path / "input" / ".hidden.png")
    put(tmp_path / "input" / ".cache" / "d.png")
    put(tmp_path / "input" / "nul.png")
    assert library.names("input") == ("a.png", "sub/b.png")
    for name in ("sub/b.png", "sub\\b.png"):
        assert library.path("input", name) == (tmp_path / "input" / "sub" / "b.png").resolve()
        assert library.ref("input", name).name == "sub/b.png"


def test_a_missing_file_names_folders_and_near_names(library: Library, tmp_path: Path) -> None:
    problem = refused(library, "input", "B.jpg")
    assert problem.code == "value_not_in_list"
    assert problem.details["near"] == ("sub/b.png",)
    assert problem.details["folders"] == (str(tmp_path / "input"),)
    assert refused(library, "input", "sub").code == "value_not_in_list"
    assert refused(library, "nothing", "x").details["folders"] == ()


def test_comfyui_names_may_say_the_folder(library: Library, tmp_path: Path) -> None:
    put(tmp_path / "output" / "made.png")
    ref = library.ref("input", "made.png [output]")
    assert (ref.kind, ref.name) == ("output", "made.png")
    assert library.ref("input", "a.png [input]").kind == "input"
    put(tmp_path / "models" / "vae" / "v [output].safetensors")
    assert library.path("vae", "v [output].safetensors")
    assert refused(library, "vae", "made.png [output]").code == "value_not_in_list"
    assert refused(library, "input", "../secret.png [output]").code == "bad_file_name"


needs_links = pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs symbolic links")


@needs_links
def test_links_out_of_the_users_own_folders_are_refused(library: Library, tmp_path: Path) -> None:
    (tmp_path / "input" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "input" / "up").symlink_to(tmp_path)
    (tmp_path / "input" / "near").symlink_to(tmp_path / "input-other")
    for name in ("link.png", "up/secret.png", "near/c.png"):
        problem = refused(library, "input", name)
        assert (problem.code, problem.details["reason"]) == ("bad_file_name", "link")
    (tmp_path / "input" / "same.png").symlink_to(tmp_path / "input" / "a.png")
    assert library.path("input", "same.png") == (tmp_path / "input" / "a.png").resolve()
    assert not any(name.startswith(("up/", "near/")) for name in library.names("input"))


@needs_links
def test_folders_of_models_may_be_links_but_not_deeper(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    put(disk / "xl" / "x.safetensors")
    put(disk / "secret.safetensors")
    (disk / "xl" / "out.safetensors").symlink_to(disk / "secret.safetensors")
    checkpoints = tmp_path / "data" / "models" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "mine").symlink_to(disk / "xl")
    (checkpoints / "one.safetensors").symlink_to(disk / "secret.safetensors")
    (tmp_path / "data" / "models" / "loras").symlink_to(disk / "xl")
    library = Library.standard(tmp_path / "data")
    assert library.names("checkpoints") == ("mine/x.safetensors", "one.safetensors")
    assert library.path("checkpoints", "mine/x.safetensors") == disk / "xl" / "x.safetensors"
    assert library.path("checkpoints", "one.safetensors") == disk / "secret.safetensors"
    assert library.path("loras", "x.safetensors") == disk / "xl" / "x.safetensors"
    assert refused(library, "checkpoints", "mine/out.safetensors").details["reason"] == "link"


@needs_links
def test_a_ring_of_links_ends(library: Library, tmp_path: Path) -> None:
    (tmp_path / "input" / "sub" / "again").symlink_to(tmp_path / "input")
    (tmp_path / "input" / "self").symlink_to(tmp_path / "input" / "self")
    assert library.names("input") == ("a.png", "sub/b.png")
    assert refused(library, "input", "self").code == "value_not_in_list"


def test_kinds_hold_what_they_are_named_for(tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("a.safetensors", "b.CKPT", "c.txt", "d.pkl", "e.exe"):
        put(models / "checkpoints" / name)
    put(models / "diffusers" / "sd" / "model_index.json")
    put(models / "diffusers" / "sd" / "unet" / "config.json")
    put(models / "diffusers" / "no" / "config.json")
    library = Library.standard(tmp_path)
    assert library.names("checkpoints") == ("a.safetensors", "b.CKPT")
    assert library.names("diffusers") == ("sd",)
    assert library.path("diffusers", "sd") == (models / "diffusers" / "sd").resolve()
    assert refused(library, "diffusers", "no").code == "value_not_in_list"
    assert library.ref("diffusers", "sd").digest.startswith("folder:")


def test_folders_are_looked_through_in_order_and_the_first_is_written_to(tmp_path: Path) -> None:
    put(tmp_path / "data" / "models" / "vae" / "v.safetensors", b"data")
    put(tmp_path / "mine" / "vae" / "v.safetensors", b"mine")
    put(tmp_path / "mine" / "vae" / "w.safetensors", b"mine")
    put(tmp_path / "shipped" / "vae" / "w.safetensors", b"shipped")
    put(tmp_path / "shipped" / "vae" / "z.safetensors", b"shipped")
    library = Library.standard(tmp_path / "data", [tmp_path / "mine"], tmp_path / "shipped")
    found = {name: library.path("vae", name).read_bytes() for name in library.names("vae")}
    assert found == {"v.safetensors": b"data", "w.safetensors": b"mine", "z.safetensors": b"shipped"}
    assert library.folder("vae") == tmp_path / "data" / "models" / "vae"
    assert library.folder("output") == tmp_path / "data" / "output"
    assert library.replaced("output", tmp_path / "o").folder("output") == tmp_path / "o"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("checkpoints", "checkpoints"),
        ("checkpoints", "models/checkpoints"),
        ("checkpoints", "models/Stable-diffusion"),
        ("checkpoints", "Stable-diffusion"),
        ("checkpoints", ""),
        ("loras", "models/loras"),
        ("loras", "models/Lora"),
        ("loras", "models/LyCORIS"),
        ("vae", "models/VAE"),
        ("embeddings", "embeddings"),
        ("hypernetworks", "models/hypernetworks"),
        ("controlnet", "models/ControlNet"),
        ("upscale_models", "models/ESRGAN"),
        ("text_encoders", "models/clip"),
        ("text_encoders", "models/text_encoder"),
        ("clip", "models/text_encoders"),
        ("unet", "models/diffusion_models"),
        ("diffusion_models", "models/unet"),
    ],
)
def test_other_programs_folders_are_understood(tmp_path: Path, kind: str, path: str) -> None:
    put(tmp_path / "theirs" / path / "sub" / "m.safetensors")
    library = Library.standard(tmp_path / "data", [tmp_path / "theirs"])
    assert library.names(kind) == ("sub/m.safetensors",)


def test_extra_model_paths(tmp_path: Path) -> None:
    put(tmp_path / "webui" / "models" / "Lora" / "l.safetensors")
    put(tmp_path / "webui" / "models" / "LyCORIS" / "y.safetensors")
    put(tmp_path / "near" / "c.ckpt")
    put(tmp_path / "near" / "t.safetensors")
    yaml = put(
        tmp_path / "extra_model_paths.yaml",
        b"""
a1111:
    base_path: webui/
    is_default: true
    loras: |
        models/Lora
        models/LyCORIS
    custom_nodes: packs
other:
    checkpoints: near
    clip: near
    strange_kind: near
empty:
""",
    )
    library = Library.standard(tmp_path / "data", [yaml])
    assert library.names("loras") == ("l.safetensors", "y.safetensors")
    assert library.names("checkpoints") == ("c.ckpt", "t.safetensors")
    assert library.names("text_encoders") == ("c.ckpt", "t.safetensors")
    assert library.names("strange_kind") == ("c.ckpt", "t.safetensors")


@pytest.mark.parametrize("text", [b"[1, 2]", b"a: [", b"\xff\xfe", b"!!python/object/apply:os.system ['x']"])
def test_bad_lists_and_folders_of_models_are_told(tmp_path: Path, text: bytes) -> None:
    for path in (put(tmp_path / "m.yaml", text), tmp_path / "none.yaml", tmp_path / "none"):
        with pytest.raises(FileProblem) as error:
            Library.standard(tmp_path / "data", [path])
        assert error.value.code == "bad_model_paths"
        assert str(path) in str(error.value)


def test_a_reference_holds_the_content_and_notices_a_change(tmp_path: Path) -> None:
    path = put(tmp_path / "input" / "a.png", b"one")
    library = Library.standard(tmp_path)
    ref = library.ref("input", "a.png")
    assert ref == FileRef("input", "a.png", f"sha256:{hashlib.sha256(b'one').hexdigest()}")
    assert library.resolve(ref) == path.resolve()
    path.write_bytes(b"two")
    with pytest.raises(FileProblem, match="was changed"):
        library.resolve(ref)
    path.unlink()
    with pytest.raises(FileProblem, match="there is no file"):
        library.resolve(ref)


def test_large_files_are_known_by_header_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.digests.WHOLE", 64)
    header = b'{"a": 1}'
    path = put(tmp_path / "m.safetensors", len(header).to_bytes(8, "little") + header + bytes(1000))
    os.utime(path, ns=(10**18, 10**18))
    first = file_digest(path)
    assert first.startswith("header:")
    with path.open("r+b") as file:
        file.seek(500)
        file.write(b"changed")
    os.utime(path, ns=(10**18, 10**18))
    assert file_digest(path) == first
    os.utime(path, ns=(10**18, 10**18 + 1000))
    assert file_digest(path) != first
    put(path, len(header).to_bytes(8, "little") + b'{"a": 2}' + bytes(1000))
    os.utime(path, ns=(10**18, 10**18))
    assert file_digest(path) != first
    put(path, b"\xff" * 1016)
    assert file_digest(path).startswith("header:")


def test_digests_are_remembered_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a", b"one")
    os.utime(path, ns=(10**18, 10**18))
    memory = tmp_path / "cache" / "digests.json"
    first = Digests(memory).of(path)
    monkeypatch.setattr("engine.digests.file_digest", lambda path: "read again")
    assert Digests(memory).of(path) == first
    os.utime(path, ns=(10**18, 10**18 + 1))
    assert Digests(memory).of(path) == "read again"
    memory.write_text('{"x": 3')
    assert Digests(memory).of(path) == "read again"


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    path = put(tmp_path / "a", b"one")
    digests = Digests()
    now = time.time_ns()
    os.utime(path, ns=(now, now))
    first = digests.of(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(now, now))
    assert digests.of(path) != first


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    path = put(tmp_path / "a", b"one")
    os.utime(path, ns=(10**18, 10**18))
    assert Digests(path / "cache" / "digests.json").of(path) == file_digest(path)


def test_near_names() -> None:
    names = ("sdxl/sd_xl_base_1.0.safetensors", "v1-5-pruned.safetensors", "mini-v1.safetensors")
    assert nearest("SD_XL_Base.ckpt", names)[0] == names[0]
    assert nearest("models\\v1-5-pruned-emaonly.ckpt", names)[0] == names[1]
    assert nearest("qqq", names) == ()
    assert nearest("", names) == ()
    assert len(nearest("mini", ["mini1", "mini2", "mini3", "mini4"])) == 3
