"""`python -m bineego`, and the `bineego` command."""

from __future__ import annotations

from bineego.cli.app import main

if __name__ == "__main__":
    main()
