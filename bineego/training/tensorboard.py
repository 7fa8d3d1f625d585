"""The log of a run as TensorBoard events, for those who installed the extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bineego.errors import UsageError


def check_installed() -> None:
    """Raises:
    UsageError: TensorBoard is not there.
    """
    try:
        from torch.utils import tensorboard
    except ImportError as error:
        raise UsageError(
            f"--tensorboard: TensorBoard is not installed, or is broken ({error})",
            remedy="pip install 'bineego[tensorboard]'",
        ) from error
    del tensorboard


def write_row(folder: Path, row: Mapping[str, Any]) -> None:
    """Add one row of the log, by epoch. A row that is written again after a crash replaces the one before."""
    from torch.utils.tensorboard import SummaryWriter

    epoch = int(row["epoch"])
    with SummaryWriter(str(folder), purge_step=epoch) as writer:
        for name, value in row.items():
            if name != "epoch" and value is not None:
                writer.add_scalar(name, float(value), epoch)
