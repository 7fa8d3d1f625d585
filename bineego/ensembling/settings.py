"""A fitted ensemble as a small TOML file: what `--fit` writes and a later run takes as `--weights FILE`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bineego import config
from bineego.ensembling.options import EnsembleOptions, Method, check_weights
from bineego.errors import InputInvalid, UsageError
from bineego.postprocess.options import Missing, Pooling, Postprocess

TABLE = "ensemble"
REPORT = "fit"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A way to fuse certain models.

    Attributes:
        inputs: the models' names, in order.
        weights: one for each.
        method, iou, missing, bridge, pooling: as in `EnsembleOptions`.
        postprocess: how score tracks were decoded; None for tables.
    """

    inputs: tuple[str, ...]
    weights: tuple[float, ...]
    method: Method
    iou: float | None = None
    missing: Missing
    bridge: float = 0.0
    pooling: Pooling = Pooling.LINEAR
    postprocess: Postprocess | None = None

    @property
    def options(self) -> EnsembleOptions:
        return EnsembleOptions(
            method=self.method, iou=self.iou, missing=self.missing, bridge=self.bridge, pooling=self.pooling
        )

    def weights_for(self, inputs: Sequence[str], where: object) -> tuple[float, ...]:
        """The weights for these inputs. They are matched by order; a note says so where names differ.

        Raises:
            UsageError: another number of inputs than it was fitted on.
        """
        if len(inputs) != len(self.weights):
            raise UsageError(
                f"fitted on {len(self.weights)} models, {len(inputs)} are given",
                where=where,
                remedy=f"give, in this order, the predictions of the models behind: {', '.join(self.inputs)}",
            )
        if tuple(inputs) != self.inputs:
            pairs = ", ".join(f"{name} as {fitted}" for name, fitted in zip(inputs, self.inputs, strict=True))
            log.info("weights of %s are taken in order: %s", where, pairs)
        return self.weights


def write(settings: Settings, report: Mapping[str, Any], path: Path) -> None:
    """Write settings and, for people, the report of the fit; whole or not at all."""
    config.write_toml({TABLE: config.to_toml(settings), REPORT: dict(report)}, path)


def read(path: Path) -> Settings:
    """Read settings; the report is not looked at.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: not such a file.
    """
    content = config.read_toml(path)
    table = content.get(TABLE)
    if not isinstance(table, dict):
        raise InputInvalid(
            f"no table [{TABLE}]", where=path, remedy="such a file is written by: bineego ensemble --fit GROUND_TRUTH"
        )
    missing = [name for name in ("inputs", "weights", "method", "missing") if name not in table]
    if missing:
        raise InputInvalid(f"missing key {missing[0]!r} in [{TABLE}]", where=path)
    try:
        settings = config.build(Settings, table, where=path)
        check_weights(settings.weights, len(settings.inputs))
        _ = settings.options
    except UsageError as error:
        raise InputInvalid(error.message, where=path) from error
    return settings
