"""`bineego extract-features`."""

from __future__ import annotations

from bineego.cli import console
from bineego.features.options import ExtractFeaturesCall


def extract_features(call: ExtractFeaturesCall) -> None:
    """Write what a trained network sees, and how the picture moves, at every step of videos.

    Prints the folder with a file for each video. What an earlier call has written is not made again.

    Examples:
      bineego extract-features my-videos -o features
      bineego extract-features my-videos -o features --kinds motion,direction
      bineego extract-features new-video.mp4 --model runs/my-run
    """
    from bineego.features.folder import extract_features as run

    with console.progress("extracting features") as on_progress:
        run(call.inputs, options=call, on_progress=on_progress)
    print(call.output)
