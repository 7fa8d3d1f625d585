"""How videos are scored and localized. Free of torch and pandas, so that the command line can offer it at no cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from bineego.postprocess.options import DecodeOptions
from bineego.tsm.config import Precision


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """From a video to its score track.

    Attributes:
        stride: seconds from one interval to the next; less than t = overlapping intervals, whose means give a finer
            track. None = t, the plain grid.
        clip_duration: seconds of video that the network sees around each interval; None = as the model was trained.
        coarse: score every k-th interval first, and those in between (by halves) only where two neighbours may differ;
            1 = score all.
        agreement: probability from which two neighbours count as the same there (`coarse.agreement`).
        batch: clips per call of the network; None = 4 on a CPU, 32 elsewhere.
    """

    stride: float | None = None
    clip_duration: float | None = None
    coarse: int = 1
    agreement: float = 0.25
    batch: int | None = None

    def __post_init__(self) -> None:
        for name in ("stride", "clip_duration"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be more than 0 seconds, not {value}")
        if self.coarse < 1:
            raise ValueError(f"coarse must be 1 or more intervals, not {self.coarse}")
        if not 0 <= self.agreement <= 1:
            raise ValueError(f"agreement is a probability, 0 to 1, not {self.agreement}")
        if self.batch is not None and self.batch < 1:
            raise ValueError(f"batch must be 1 clip or more, not {self.batch}")


@dataclass(frozen=True, kw_only=True)
class LocalizeOptions(ScoreOptions, DecodeOptions):
    """All of localizing: the fields of `ScoreOptions` and `DecodeOptions`, and where the network runs.

    Attributes:
        precision: number format of the network's arithmetic.
        device: `auto` (the first of cuda, mps, cpu that is there) or a device of torch, such as `cuda:1`.
        backend: what decodes videos: `pyav` or `opencv`.
        jobs: videos worked on at once, each by a process of its own.
        decoders: processes that decode one video; None = 1 where the network computes on the CPU (it needs the cores
            itself), else one a core.
    """

    precision: Precision = Precision.AUTO
    device: str = "auto"
    backend: str = "pyav"
    jobs: int = 1
    decoders: int | None = None

    def __post_init__(self) -> None:
        ScoreOptions.__post_init__(self)
        DecodeOptions.__post_init__(self)
        if self.jobs < 1:
            raise ValueError(f"jobs must be 1 or more, not {self.jobs}")
        if self.decoders is not None and self.decoders < 1:
            raise ValueError(f"decoders must be 1 or more, not {self.decoders}")


@dataclass(frozen=True, kw_only=True)
class LocalizeCall(LocalizeOptions):
    """A whole call of `localize`: what the command line and the `[localize]` table of a configuration file fill.

    Attributes: see `inference.localize`. Several views, and the models for them, may stand in one text, with commas.
    """

    model: str | tuple[str, ...] | None = None
    output: Path | None = None
    subset: str | None = None
    view: str | tuple[str, ...] = "panoramic"
    videos: Path | None = None
    formats: tuple[str, ...] = ("csv",)
    save_scores: bool = False
