"""`python -m bineego`, and the `bineego` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line in a process of its own. Nothing is imported before signals have an answer."""
    from bineego.cli import signals, streams

    signals.at_start()
    streams.guard()
    signals.end_in_time()  # opens a pipe: after the guard, which fills the numbers of closed streams
    from bineego.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
