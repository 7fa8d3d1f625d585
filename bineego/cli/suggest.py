"""`bineego suggest`."""

from __future__ import annotations

from bineego.cli import console
from bineego.suggestions.options import SuggestCall


def suggest(call: SuggestCall) -> None:
    """Name the stretches of video that are worth labelling next.

    Prints the folder of the suggestions: a table, a page that shows the stretches with what the model finds there, and
    projects for BORIS and VIA that mark them.

    Examples:
      bineego suggest my-videos --minutes 20
      bineego suggest out --model runs/first -o next
    """
    from bineego.suggestions import suggest as run

    with console.progress("scoring") as on_progress:
        run(call.inputs, options=call, on_progress=on_progress)
    print(call.output)
