"""`python -m bineego`, and the `bineego` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line. Nothing is imported before Ctrl-C has an answer."""
    from bineego.cli import signals

    signals.at_start()
    from bineego.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
