"""Recordings with views and labels: 360+x folders, annotation files with their videos, splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.datasets.converting import convert
    from bineego.datasets.extract import extract_frames
    from bineego.datasets.inputs import resolve_videos, resolve_views
    from bineego.datasets.open import open_dataset, read_ground_truth, read_segments
    from bineego.datasets.recording import Dataset, Recording, Subset, View
    from bineego.datasets.videos import find_videos

__all__ = [
    "Dataset", "Recording", "Subset", "View", "convert", "extract_frames", "find_videos", "open_dataset",
    "read_ground_truth", "read_segments", "resolve_videos", "resolve_views",
]  # fmt: skip

_HOMES = {
    "Dataset": "recording",
    "Recording": "recording",
    "Subset": "recording",
    "View": "recording",
    "convert": "converting",
    "extract_frames": "extract",
    "find_videos": "videos",
    "open_dataset": "open",
    "read_ground_truth": "open",
    "read_segments": "open",
    "resolve_videos": "inputs",
    "resolve_views": "inputs",
}

__getattr__ = attach(__name__, _HOMES)
