"""Errors in a command line in our own words, and suggestions for unknown commands."""

from __future__ import annotations

from typing import Any

from bineego.cli.help import HelpfulGroup
from bineego.errors import UsageError, nearest

SYNONYMS = {
    "detect": "localize", "infer": "localize", "inference": "localize", "predict": "localize", "test": "localize",
    "finetune": "train", "fit": "train", "learn": "train", "eval": "evaluate", "map": "evaluate", "score": "evaluate",
    "average": "ensemble", "combine": "ensemble", "fuse": "ensemble", "merge": "ensemble",
    "extract": "extract-frames", "frames": "extract-frames", "features": "extract-features", "lint": "check",
    "validate": "check", "verify": "check", "export": "convert", "import": "convert", "card": "info",
    "describe": "info", "show": "info", "example": "demo", "plot": "report", "visualize": "report", "draw": "overlay",
    "annotate": "suggest",
}  # fmt: skip
"""Names that other programs use, and the command that is meant."""


class Commands(HelpfulGroup):
    """The group of all commands; for an unknown one it suggests the nearest."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        meant = SYNONYMS.get(name.casefold(), "")
        hint = f" (did you mean {meant!r}?)" if meant in self.commands else nearest(name, self.commands)
        raise UsageError(f"unknown command {name!r}{hint}", remedy="bineego --help lists the commands")


def in_our_words(error: Any) -> UsageError | None:
    """Typer's refusal of a command line as an error of ours; None = the help that a bare `bineego` asks for.

    Typer and click have moved these classes about: they are told apart by their names.
    """
    context = error.ctx
    remedy = f"bineego {context.info_name} --help" if context is not None and context.parent else "bineego --help"
    match type(error).__name__:
        case "MissingParameter":
            return UsageError(f"{error.param.metavar.strip('.')} is missing", remedy=remedy)
        case "NoArgsIsHelpError":
            return None
        case "NoSuchOption":
            known = [name for each in context.command.params for name in (*each.opts, *each.secondary_opts)]
            long = [name for name in known if name.startswith("--")]
            return UsageError(f"unknown flag {error.option_name}{nearest(error.option_name, long)}", remedy=remedy)
        case "BadOptionUsage" if "requires an argument" in error.message:
            return UsageError("needs a value", where=error.option_name, remedy=remedy)
        case "UsageError" if "extra argument" in error.message:
            extra = error.message.rpartition("(")[2].rstrip(")")
            return UsageError(f"too many arguments: {extra}", remedy=remedy)
    return UsageError(error.format_message().rstrip("."), remedy=remedy)
