"""Feature tracks: what a trunk and the motion of the picture say of every step of a video, for heads trained apart.

    videos -> extract -> tracks -> fit_projection, screen (training videos) -> Projection.apply -> a head

Shape suffixes: T steps, D features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.features.extraction import extract
    from bineego.features.folder import extract_features
    from bineego.features.kinds import Kind
    from bineego.features.options import FeatureOptions
    from bineego.features.projection import Projection, fit_projection
    from bineego.features.screening import Screened, screen
    from bineego.features.track import FeatureTrack

__all__ = [
    "FeatureOptions", "FeatureTrack", "Kind", "Projection", "Screened", "extract", "extract_features",
    "fit_projection", "screen",
]  # fmt: skip

_HOMES = {
    "FeatureOptions": "options",
    "FeatureTrack": "track",
    "Kind": "kinds",
    "Projection": "projection",
    "Screened": "screening",
    "extract": "extraction",
    "extract_features": "folder",
    "fit_projection": "projection",
    "screen": "screening",
}

__getattr__ = attach(__name__, _HOMES)
