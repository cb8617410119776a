"""The editor as the server has it: its files, or the page that says what is going on."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from web.editor.build import build
from web.editor.run import CannotBuild, Runner
from web.editor.sources import UI, dist, fresh, has_sources

log = logging.getLogger("editor")


@dataclass
class Editor:
    """What stands at `/`.

    Args:
        chosen: a folder that somebody named to be served in its place. ui: where ours is built.
    """

    chosen: Path | None = None
    ui: Path = UI
    building: bool = False
    why: str = ""
    """Why there is none: sentences, and the last lines of what failed."""
    _runner: Runner = field(default_factory=Runner)
    _thread: threading.Thread | None = None

    @property
    def root(self) -> Path | None:
        """The folder of its files, now."""
        if self.chosen is not None:
            return self.chosen
        return dist(self.ui) if not self.building and (dist(self.ui) / "index.html").is_file() else None

    def begin(self) -> None:
        """Build it in a thread if it is missing or stale. What was built before is served again if that fails."""
        if self.chosen is not None or not has_sources(self.ui) or fresh(self.ui):
            return
        self.building = True
        self._thread = threading.Thread(target=self._build, name="editor", daemon=True)
        self._thread.start()

    def close(self, patience: float = 2.0) -> None:
        """Stop building."""
        self._runner.stop()
        if self._thread is not None:
            self._thread.join(patience)

    def page(self) -> str:
        """The page that stands for it while there is none."""
        if self.building:
            return _page(
                "The editor is being built", "<p>About 20 seconds, once. This page shows it when it is there.</p>", 2
            )
        first, _, rest = (self.why or "No editor is built here.").partition("\n")
        return _page("There is no editor", f"<p>{escape(first)}</p>{f'<pre>{escape(rest)}</pre>' if rest else ''}{API}")

    def _build(self) -> None:
        try:
            build(self.ui, log.info, self._runner)
            log.info("the editor is built")
        except CannotBuild as error:
            self.why = str(error)
            if not self._runner.stopped:
                log.warning("the editor could not be built: %s", error)
        except Exception as error:
            self.why = f"Building the editor failed: {error}."
            log.exception("building the editor failed")
        finally:
            self.building = False


API = """<p>Then start the server again. The API works without it: it is described at
<a href="/api/v1/docs">/api/v1/docs</a>, and ComfyUI's clients and front ends find theirs at this address.</p>"""


def _page(title: str, body: str, reload: int = 0) -> str:
    again = f'<meta http-equiv="refresh" content="{reload}">' if reload else ""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}
<title>Inkwater</title>
<style>:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }}
body {{ margin: 4rem auto; max-width: 40rem; padding: 0 1rem }} pre {{ overflow: auto }}</style>
<h1>{escape(title)}</h1>
{body}</html>
"""
