"""The texts in XMP, the XML that some programs put into pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

NAMES = ("inkwater", "prompt", "workflow", "parameters")
COMMENTS = ("UserComment", "description", "Description")
"""Fields in which A1111's text is kept."""

_STEPS = re.compile(r"^Steps: \d", re.MULTILINE)


def xmp_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """(name, text) of what can hold a workflow; nothing of XML that is damaged or defines entities of its own."""
    data = data.rstrip(b"\0 ")
    if b"\0" in data or b"<!" in data.replace(b"<!--", b""):
        return
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return
    for element in root.iter():
        fields = [(element.tag, "".join(_texts(element))), *element.attrib.items()]
        for name, text in fields:
            local = str(name).rpartition("}")[2]
            if local in NAMES and text.strip():
                yield local, text.strip()
            elif local in COMMENTS and _STEPS.search(text):
                yield "parameters", text.strip()


def _texts(element: ElementTree.Element) -> Iterator[str]:
    """The text of an element and of the list that it may hold."""
    yield element.text or ""
    for child in list(element)[:1]:
        yield from (item.text or "" for item in list(child)[:1])
