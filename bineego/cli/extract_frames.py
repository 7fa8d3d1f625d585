"""`bineego extract-frames`."""

from __future__ import annotations

from bineego.cli import console
from bineego.datasets.options import ExtractCall
from bineego.remote.address import Address


def extract_frames(call: ExtractCall) -> None:
    """Decode videos once into a cache for training.

    Prints the folder of the cache. Videos that it already holds are not decoded again.

    Examples:
      bineego extract-frames my-videos -o frames --size 128
      bineego extract-frames labels.csv --videos my-videos
    """
    from bineego.datasets.extract import extract_frames as run

    with console.progress("extracting frames") as on_progress:
        cache = run(call.inputs, options=call, on_progress=on_progress)
    print(call.output if isinstance(call.output, Address) else cache.folder)
