"""Files to send: small pictures of each format, bombs, and pages that would run scripts."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def picture(
    kind: str = "PNG", size: tuple[int, int] = (24, 16), colour: tuple[int, ...] = (200, 30, 60, 128), **texts: str
) -> bytes:
    """A picture of one colour; PNG with transparency and texts."""
    mode = "RGBA" if kind in ("PNG", "WEBP", "TIFF") else "RGB"
    image, buffer = Image.new(mode, size, colour[: len(mode)]), io.BytesIO()
    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    image.save(
        buffer, kind, **({"pnginfo": chunks} if kind == "PNG" else {}), **({"lossless": True} if kind == "WEBP" else {})
    )
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixel_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that says it has billions of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def text_bomb(megabytes: int = 200) -> bytes:
    """A small PNG with a text that unpacks to hundreds of megabytes."""
    packed = zlib.compressobj(9)
    text = b"".join(packed.compress(b"a" * (1 << 20)) for _ in range(megabytes)) + packed.flush()
    plain = picture()
    return plain[:33] + chunk(b"zTXt", b"workflow\0\0" + text) + plain[33:]


def gif_bomb(frames: int = 50_000, side: int = 1) -> bytes:
    """A GIF of many frames, each a few bytes, on a screen that may be huge."""
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"
    return screen + frame * frames + b";"


SCRIPT = b"<script>fetch('/prompt',{method:'POST'})</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGES: Mapping[str, bytes] = {
    "page.html": b"<!doctype html>" + SCRIPT,
    "page.htm": SCRIPT,
    "page.HTML": SCRIPT,
    "page.xhtml": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>",
    "page.xht": b'<html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>",
    "image.svg": SVG,
    "image.svgz": zlib.compress(SVG),
    "feed.xml": b'<?xml version="1.0"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>alert(1)</h:script></x>',
    "sheet.xsl": b'<?xml version="1.0"?><xsl:stylesheet/>',
    "code.js": b"alert(1)",
    "style.css": b"body{background:url(//evil.test)}",
    "text.txt": SCRIPT,
    "archive.mht": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + SCRIPT,
    "applet.pdf": b"%PDF-1.7",
    "named.png": SCRIPT,
    "drawn.png": SVG,
    "noname": SCRIPT,
    "gif_script.js": b"GIF89a/*" + SCRIPT + b"*/=1;alert(1)",
    "png_page.html": picture() + SCRIPT,
    "jpeg_page.xhtml": b"\xff\xd8\xff\xe0" + SCRIPT,
    "webp.svg": picture("WEBP"),
    "double.png.html": SCRIPT,
    "double.html.png": SCRIPT,
}
"""What must never be shown as a page, whatever it is called."""

POLYGLOTS: Mapping[str, bytes] = {
    "both.gif": b"GIF89a/*" + SCRIPT + b"*/=1;alert(1)",
    "both.png": picture() + SCRIPT,
    "both.jpg": picture("JPEG") + b"<!doctype html>" + SCRIPT,
    "both.bmp": picture("BMP") + SVG,
    "both.webp": picture("WEBP") + SVG,
}
"""Pictures that are something else as well: shown as pictures, in a sandbox, without guessing."""
