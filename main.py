"""Inkwater's command line: `python main.py` serves, `python main.py run FILE` runs a workflow (see README.md)."""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is loaded

if __name__ == "__main__":
    from engine import bootstrap

    bootstrap.enter()
    from engine.cli import main

    sys.exit(main())
