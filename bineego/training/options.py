"""Where a training run takes place: everything that does not change what is learnt. Free of torch and pandas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bineego.datasets.recording import View

DEFAULT_RUNS = Path("runs")
DEFAULT_CACHE = Path(".bineego/frames")


class Device(StrEnum):
    """Kind of device to compute on."""

    AUTO = "auto"  # cuda, else mps, else cpu
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Where a training run takes place.

    Attributes:
        videos: folder of the videos, where the data set is an annotation file; None = beside it.
        view: the camera to train on.
        runs: folder of all runs.
        cache: folder of the frame cache.
        jobs: videos brought into the cache at once; None = one per processor.
        device: kind of device.
        devices: devices per node.
        nodes: machines. Under torchrun, `devices` and `nodes` are torchrun's.
        resume: go on with the run of this name.
        overwrite: replace the run of this name.
        tensorboard: write TensorBoard events too (needs the extra).
    """

    videos: Path | None = None
    view: View = View.PANORAMIC
    runs: Path = DEFAULT_RUNS
    cache: Path = DEFAULT_CACHE
    jobs: int | None = None
    device: Device = Device.AUTO
    devices: int = 1
    nodes: int = 1
    resume: bool = False
    overwrite: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "view", View(self.view))
        object.__setattr__(self, "device", Device(self.device))
        for name in ("jobs", "devices", "nodes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, not {value}")
        if self.resume and self.overwrite:
            raise ValueError("resume and overwrite exclude each other")
