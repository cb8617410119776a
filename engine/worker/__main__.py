"""A worker process: `python -m engine.worker --data DIR …`, started by a server, with its pipes as stdin and stdout."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is loaded


def main() -> None:
    """Take the pipes away from whoever prints, then work until the server says stop or is gone."""
    inlet, outlet = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    from engine.worker.life import Life

    Life(inlet, outlet).live()


if __name__ == "__main__":
    main()
    sys.exit(0)
