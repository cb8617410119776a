"""`python -m web.editor` builds the editor, as the server does when it starts: for images and packages."""

from __future__ import annotations

import sys

from web.editor.build import build
from web.editor.run import CannotBuild
from web.editor.sources import UI

if __name__ == "__main__":
    try:
        build(UI, lambda line: print(line, flush=True))
    except CannotBuild as error:
        sys.exit(f"The editor could not be built: {error}")
