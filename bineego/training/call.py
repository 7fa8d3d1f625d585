"""A whole call of `train`: flags over `./bineego.toml` over a recipe file over defaults. Free of torch and pandas."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from bineego.config import COMMANDS, CONFIG_NAME, build, command_table, read_toml
from bineego.errors import InputInvalid, InputMissing, UsageError, nearest
from bineego.training.options import DEFAULT_RUNS, RunOptions
from bineego.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class TrainCall(Recipe, RunOptions):
    """What the command line and the `[train]` table fill: a recipe, options, and

    Attributes:
        dataset: the DATASET.
        name: of the run; None = after data set, trunk and interval.
        from_recipe: a shipped recipe's name or a recipe file.
    """

    dataset: str | None = None
    name: str | None = None
    from_recipe: str | None = None

    def __post_init__(self) -> None:
        Recipe.__post_init__(self)
        RunOptions.__post_init__(self)

    def part(self, kind: type[Recipe] | type[RunOptions]) -> Any:
        """The recipe, or the options, alone."""
        return kind(**{field.name: getattr(self, field.name) for field in dataclasses.fields(kind)})


def read_call(flags: Mapping[str, Any]) -> TrainCall:
    """The call that `flags` (None = not given) make, together with the files they stand on.

    With `resume` the run's own config.toml says what to learn and `./bineego.toml` only where; else it is
    `./bineego.toml` and the recipe file.

    Raises:
        UsageError: a flag is wrong, or no data set is named.
        InputMissing, InputInvalid: a file is.
    """
    table = {key.replace("-", "_"): value for key, value in command_table("train", COMMANDS).items()}
    table["from_recipe"] = table.pop("recipe", None)
    build(TrainCall, table, where=CONFIG_NAME)
    config = _config_of_run(flags, table) if flags.get("resume") else None
    if config is not None:
        place = {field.name for field in dataclasses.fields(RunOptions)} | {"dataset", "name"}
        tables = [{key: value for key, value in table.items() if key in place}, config]
    else:
        name = flags.get("from_recipe") or table["from_recipe"]
        tables = [_recipe_table(name) if name else {}, table]
    try:
        call = build(TrainCall, *tables, flags)
    except InputInvalid as error:
        raise UsageError(error.message) from error
    if call.dataset is None:
        raise UsageError(
            "no data set to train on",
            remedy='bineego train DATASET, or dataset = "..." in the [train] table of bineego.toml',
        )
    return call


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the program, by name."""
    folder = Path(str(resources.files("bineego.training") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _recipe_table(name: str) -> dict[str, Any]:
    """A recipe file: fields of the recipe, or a run's config.toml."""
    shipped = shipped_recipes()
    path = shipped.get(name, Path(name))
    if not path.is_file():
        raise InputMissing(
            f"no such recipe file, and none that comes with bineego{nearest(name, shipped)}",
            where=f"--recipe {name}",
            remedy=f"there are: {', '.join(shipped)}",
        )
    content = read_toml(path)
    table = content.get("train", content)
    # Of a run only what it learnt is taken, not where it took place.
    known = {field.name for field in dataclasses.fields(Recipe)}
    if "train" in content:
        table = {key: value for key, value in table.items() if key in known}
    build(Recipe, table, where=path)
    return dict(table)


def _config_of_run(flags: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `[train]` table that a run wrote down, or None if it was interrupted before that."""
    name = flags.get("name") or table.get("name")
    if not name:
        raise UsageError("--resume needs the name of the run", remedy="add --name NAME")
    path = Path(flags.get("runs") or table.get("runs") or DEFAULT_RUNS) / str(name) / "config.toml"
    return dict(read_toml(path).get("train", {})) if path.is_file() else None
