"""/upload/image and /upload/mask."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.web import samples
from tests.web.stand import Stand, form, stand, upload


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("upload")) as made:
        yield made


def left(site: Stand) -> list[str]:
    """Every file in the data folder's input, hidden ones too."""
    folder = site.data / "input"
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_the_same_bytes_are_stored_once_others_get_a_number(site: Stand) -> None:
    first, second = samples.picture(), samples.picture(colour=(1, 2, 3, 4))
    assert upload(site, "a.png", first).json == {"name": "a.png", "subfolder": "", "type": "input"}
    assert upload(site, "a.png", first, "/api/upload/image").json["name"] == "a.png"
    assert upload(site, "a.png", second).json["name"] == "a (1).png"
    assert upload(site, "a.png", second).json["name"] == "a (1).png"
    assert upload(site, "a.png", samples.picture("JPEG")).json["name"] == "a (2).png"
    assert left(site) == ["a (1).png", "a (2).png", "a.png"]
    assert (site.data / "input" / "a.png").read_bytes() == first


def test_overwrite_replaces(site: Stand) -> None:
    upload(site, "a.png", samples.picture())
    assert upload(site, "a.png", samples.picture("GIF"), overwrite="true").json["name"] == "a.png"
    assert left(site) == ["a.png"]
    assert (site.data / "input" / "a.png").read_bytes() == samples.picture("GIF")


def test_folders_and_kinds(site: Stand) -> None:
    made = upload(site, "a.png", samples.picture(), type="temp", subfolder="x\\y/").json
    assert made == {"name": "a.png", "subfolder": "x/y", "type": "temp"}
    assert (site.data / "temp" / "x" / "y" / "a.png").is_file()
    assert upload(site, "a.png", samples.picture(), type="checkpoints").status == 400


def test_fields_may_come_before_and_after_the_file(site: Stand) -> None:
    body, headers = form(type="temp", image=("a.png", samples.picture()), subfolder="s")
    assert site.ask("POST", "/upload/image", body, headers).json == {"name": "a.png", "subfolder": "s", "type": "temp"}


def test_fields_are_short_whatever_the_size_of_the_picture(site: Stand) -> None:
    large = samples.picture() + b"\0" * (1 << 20)
    assert upload(site, "a.png", large, type="temp", subfolder="s").status == 200
    assert upload(site, "a.png", samples.picture(), subfolder="s" * 5000).status == 413


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../a.png", "a.png"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("/etc/a.png", "a.png"),
        ("", "picture.png"),
        ("evil.html", "evil.html.png"),
        ("shot", "shot.png"),
        ("photo.jpg", "photo.jpg"),
        ("Ä ö (1).PNG", "Ä ö (1).PNG"),
    ],
)
def test_only_the_last_part_of_the_clients_name_counts(site: Stand, name: str, stored: str) -> None:
    assert upload(site, name, samples.picture()).json["name"] == stored
    assert left(site) == [stored]


@pytest.mark.parametrize("name", [".png", "..", "con.png", "COM1.png", "a.png:x", "a\0.png", "a. ", "x" * 300 + ".png"])
def test_names_that_no_system_has_are_refused(site: Stand, name: str) -> None:
    reply = upload(site, name, samples.picture())
    assert reply.status == 400 or reply.json["name"] not in (name, "")
    assert all(not file.startswith(".") for file in left(site))


@pytest.mark.parametrize("name", samples.PAGES)
def test_what_is_no_picture_is_refused_and_leaves_nothing(site: Stand, name: str) -> None:
    data = samples.PAGES[name]
    suffix = {b"\x89PNG": ".png", b"RIFF": ".webp"}.get(data[:4])
    if suffix is not None:  # a picture as well: stored by a name that says so
        assert upload(site, name, data).json["name"] == name + suffix
        return
    reply = upload(site, name, data)
    assert reply.code in ("no_picture", "picture_too_large")
    assert left(site) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_is_taken(site: Stand, kind: str) -> None:
    assert upload(site, f"a.{kind.lower()}", samples.picture(kind)).status == 200


FIELD = b'--edge7d2f\r\nContent-Disposition: form-data; name="image"\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--edge7d2f",
        b"--edge7d2f--\r\n",
        b"nonsense" * 1000,
        b"--edge7d2f\r\n\r\n\r\n--edge7d2f--\r\n",
        FIELD + b"Content-Encoding: x\r\n\r\nabc\r\n--edge7d2f--\r\n",
        FIELD + b"Content-Length: 99999\r\n\r\nabc\r\n--edge7d2f--\r\n",
        FIELD + b"Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--edge7d2f--\r\n",
        FIELD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n--edge7d2f--\r\n",
    ],
)
def test_broken_forms_are_told_in_a_sentence(site: Stand, body: bytes) -> None:
    _, headers = form()
    reply = site.ask("POST", "/upload/image", body, headers)
    assert reply.status in (400, 415)
    assert reply.sentence.endswith(".")
    assert left(site) == []


def test_forms_without_edge_or_file(site: Stand) -> None:
    assert site.ask("POST", "/upload/image", b"x", {"Content-Type": "multipart/form-data"}).status == 400
    assert site.ask("POST", "/upload/image", b"x", {"Content-Type": "image/png"}).status == 415
    assert site.ask("POST", "/upload/image").status == 415
    body, headers = form(type="input")
    assert site.ask("POST", "/upload/image", body, headers).code == "no_picture"


def test_many_at_once_never_share_a_name(site: Stand) -> None:
    pictures = [samples.picture(colour=(n, n, n, 255)) for n in range(8)] * 2
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda data: upload(site, "a.png", data).json["name"], pictures))
    assert names[:8] == names[8:]
    assert len(set(names)) == 8
    for name, data in zip(names, pictures, strict=True):
        assert (site.data / "input" / name).read_bytes() == data


def test_uploads_are_limited(tmp_path_factory: pytest.TempPathFactory) -> None:
    with stand(tmp_path_factory.mktemp("small"), max_upload=1 << 16) as site:
        assert upload(site, "a.png", samples.picture() + b"\0" * (1 << 16)).status == 413
        assert left(site) == []
        assert upload(site, "a.png", samples.picture()).status == 200


def mask(size: tuple[int, int] = (24, 16)) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGBA", size, (9, 9, 9, 255))
    image.putpixel((0, 0), (9, 9, 9, 7))
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_mask_gives_its_transparency_to_the_original(site: Stand) -> None:
    upload(site, "a.png", samples.picture(workflow='{"é": 1}', prompt="{}"))
    made = upload(
        site, "m.png", mask(), "/upload/mask", original_ref='{"filename": "a.png"}', subfolder="clipspace"
    ).json
    assert made == {"name": "m.png", "subfolder": "clipspace", "type": "input"}
    image = samples.opened((site.data / "input" / "clipspace" / "m.png").read_bytes())
    assert image.getpixel((0, 0)) == (200, 30, 60, 7)
    assert image.getpixel((1, 1)) == (200, 30, 60, 255)
    assert image.text == {"workflow": '{"é": 1}', "prompt": "{}"}


@pytest.mark.parametrize(
    ("ref", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"filename": 5}', 400),
        ('{"filename": "none.png"}', 404),
        ('{"filename": "../a.png"}', 400),
        ('{"filename": "a.png", "subfolder": "/etc"}', 400),
        ('{"filename": "a.png", "type": "loras"}', 400),
        ('{"filename": "a.png", "filename": "b.png"}', 400),
    ],
)
def test_masks_of_nothing_are_refused(site: Stand, ref: str, status: int) -> None:
    upload(site, "a.png", samples.picture())
    assert upload(site, "m.png", mask(), "/upload/mask", original_ref=ref).status == status
    assert left(site) == ["a.png"]


def test_masks_of_another_size_are_refused(site: Stand) -> None:
    upload(site, "a.png", samples.picture())
    reply = upload(site, "m.png", mask((5, 5)), "/upload/mask", original_ref='{"filename": "a.png"}')
    assert (reply.status, reply.code) == (400, "mask_size")
    assert "5×5" in reply.sentence
