"""`bineego suggest`."""

from __future__ import annotations

from bineego.cli import console
from bineego.suggestions.options import SuggestCall


def suggest(call: SuggestCall) -> None:
    """Suggest which parts of videos to label next.

    Prints a folder with a table of the suggestions, a page that shows them with what the model finds there, and
    projects for BORIS and VIA to label them in.

    Examples:
      bineego suggest my-videos --minutes 20
      bineego suggest out --model runs/first -o next
    """
    from bineego.suggestions import suggest as run

    with console.progress("scoring") as on_progress:
        run(call.inputs, options=call, on_progress=on_progress)
    print(call.output)
