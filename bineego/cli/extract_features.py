"""`bineego extract-features`."""

from __future__ import annotations

from bineego.cli import console
from bineego.features.options import ExtractFeaturesCall


def extract_features(call: ExtractFeaturesCall) -> None:
    """Extract features of videos: what a network sees and how the picture moves.

    Prints the folder, which gets one file per video. Videos done by an earlier call are skipped.

    Examples:
      bineego extract-features my-videos -o features
      bineego extract-features my-videos -o features --kinds motion,direction
      bineego extract-features new-video.mp4 --model runs/my-run
    """
    from bineego.features.folder import extract_features as run

    with console.progress("extracting features") as on_progress:
        run(call.inputs, options=call, on_progress=on_progress)
    print(call.output)
