"""/view and its neighbours: whole files, previews, channels, metadata, lists."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.web import samples
from tests.web.stand import Stand, stand


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    data = tmp_path_factory.mktemp("view")
    for kind in ("input", "output", "temp"):
        (data / kind / "sub").mkdir(parents=True)
        (data / kind / "a.png").write_bytes(samples.picture(colour=(len(kind), 2, 3, 128), workflow="{}"))
        (data / kind / "sub" / "é 1.jpg").write_bytes(samples.picture("JPEG"))
    (data / "output" / "model.safetensors").write_bytes(b"x")
    with stand(data) as made:
        yield made


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    ("query", "file"),
    [
        ("filename=a.png", "output/a.png"),
        ("filename=a.png&type=output&subfolder=", "output/a.png"),
        ("filename=a.png&type=input", "input/a.png"),
        ("filename=a.png&type=temp&rand=0.123", "temp/a.png"),
        ("filename=a.png%20%5Binput%5D", "input/a.png"),
        ("filename=a.png+[temp]&type=output", "temp/a.png"),
        ("filename=%C3%A9%201.jpg&subfolder=sub", "output/sub/é 1.jpg"),
        ("filename=sub/%C3%A9%201.jpg", "output/sub/é 1.jpg"),
        ("filename=%C3%A9%201.jpg&subfolder=sub%5C", "output/sub/é 1.jpg"),
    ],
)
def test_files_are_found_by_name_folder_and_kind(site: Stand, prefix: str, query: str, file: str) -> None:
    reply = site.get(f"{prefix}/view?{query}")
    assert reply.status == 200
    assert reply.body == (site.data / file).read_bytes()
    assert reply.headers["content-type"] == ("image/png" if file.endswith(".png") else "image/jpeg")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("filename=", 400),
        ("filename=b.png", 404),
        ("filename=sub", 404),
        ("filename=a.png&type=models", 400),
        ("filename=a.png&type=checkpoints", 400),
        ("filename=a.png&channel=x", 400),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(site: Stand, query: str, status: int) -> None:
    reply = site.get(f"/view?{query}")
    assert reply.status == status
    assert reply.sentence.endswith(".")
    assert str(site.data) not in reply.sentence


def test_parts_and_unchanged_files_are_not_sent_whole(site: Stand) -> None:
    whole = site.get("/view?filename=a.png")
    assert site.get("/view?filename=a.png", If_None_Match=whole.headers["etag"]).status == 304
    part = site.get("/view?filename=a.png", Range="bytes=0-7")
    assert (part.status, part.body) == (206, whole.body[:8])


@pytest.mark.parametrize(
    ("preview", "media"),
    [
        ("webp", "image/webp"),
        ("webp;1", "image/webp"),
        ("jpeg;90", "image/jpeg"),
        ("jpeg;-5", "image/jpeg"),
        ("gif;x;y", "image/webp"),
    ],
)
def test_previews_are_encoded_anew_without_metadata(site: Stand, preview: str, media: str) -> None:
    reply = site.get(f"/view?filename=a.png&preview={preview}")
    assert (reply.status, reply.headers["content-type"]) == (200, media)
    assert samples.opened(reply.body).size == (24, 16)
    assert b"workflow" not in reply.body
    assert site.get(f"/view?filename=a.png&preview={preview}", If_None_Match=reply.headers["etag"]).status == 304


def test_channels(site: Stand) -> None:
    rgb = samples.opened(site.get("/view?filename=a.png&channel=rgb").body)
    assert (rgb.mode, rgb.getpixel((0, 0))) == ("RGB", (6, 2, 3))
    alpha = samples.opened(site.get("/view?filename=a.png&channel=a").body)
    assert (alpha.mode, alpha.getpixel((0, 0))) == ("RGBA", (0, 0, 0, 128))
    assert site.get("/view?filename=a.png&channel=rgba").body == (site.data / "output" / "a.png").read_bytes()


def test_previews_are_turned_upright(site: Stand) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 10)).save(site.data / "output" / "turned.jpg", exif=exif)
    reply = site.get("/view?filename=turned.jpg&preview=jpeg")
    assert samples.opened(reply.body).size == (10, 40)
    assert not samples.opened(reply.body).getexif()


def test_a_compressed_file_beside_a_picture_is_never_sent_for_it(site: Stand) -> None:
    (site.data / "output" / "a.png.gz").write_bytes(b"other")
    reply = site.get("/view?filename=a.png", Accept_Encoding="gzip, br")
    assert reply.body == (site.data / "output" / "a.png").read_bytes()
    assert "content-encoding" not in reply.headers


def test_metadata_of_models(site: Stand) -> None:
    header = json.dumps({"__metadata__": {"title": "<b>x</b>"}}).encode()
    folder = site.data / "models" / "loras"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (folder / "plain.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
    (folder / "broken.safetensors").write_bytes(b"\xff" * 20)
    assert site.get("/view_metadata/loras?filename=a.safetensors").json == {"title": "<b>x</b>"}
    for name in ("plain.safetensors", "broken.safetensors", "none.safetensors", "a.ckpt", ""):
        assert site.get(f"/view_metadata/loras?filename={name}").status == 404
    assert site.get("/view_metadata/nonsense?filename=a.safetensors").status == 404


def test_lists_of_files_are_newest_first(site: Stand) -> None:
    folder = site.data / "temp"
    for age, name in enumerate(("new.png", "old.png")):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (2e9 - age, 2e9 - age))
    (folder / ".hidden").write_bytes(b"x")
    found = site.get("/internal/files/temp").json
    assert found[:2] == ["new.png", "old.png"]
    assert ".hidden" not in found
    assert "sub" not in found
    assert site.get("/internal/files/models").status == 400
