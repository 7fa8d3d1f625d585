"""Where a network computes."""

from __future__ import annotations

import torch

from bineego.errors import UsageError

NO_MEMORY = ("not enough memory", "can't allocate memory", "Cannot allocate memory", "out of memory")
"""Of what torch says when memory is out: on a CPU, in a mere RuntimeError."""


def choose_device(name: str) -> torch.device:
    """A device of torch; `auto` is the first of cuda, mps and cpu that is there.

    Raises:
        UsageError: no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"no device {name!r}", remedy="--device auto, cpu, cuda, cuda:1 or mps") from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise UsageError(
            f"device {name} is not available", remedy="use --device cpu, or auto for the best one available"
        )
    return device
