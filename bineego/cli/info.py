"""`bineego info`: the model card."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from bineego.config import Opt, Options
from bineego.words import printable

if TYPE_CHECKING:
    from bineego.tsm.card import ModelCard

MOST_LINES = 3
"""Of an entry: all of them fit a screen."""

LONGEST = 40
"""Characters of a list that is shown whole."""


@dataclass(frozen=True, kw_only=True)
class InfoCall(Options):
    """What the command takes."""

    model: Annotated[
        str | None, Opt("A run's name or folder, or a model file.", argument=True, unset="the newest run under ./runs")
    ] = None
    json: Annotated[bool, Opt("Print the whole card as JSON.", table=None)] = False


def info(call: InfoCall) -> None:
    """Show a model's labels, training and scores, on one screen; --json has everything.

    Examples:
      bineego info
      bineego info runs/first --json
    """
    from bineego.runs import find_model
    from bineego.tsm.card_file import card_to_dict, card_to_json, read_card

    card = read_card(find_model(call.model))
    if call.json:
        print(card_to_json(card, indent=True))
        return
    print(printable(f"model {card.name}"))
    entries = _entries(card, card_to_dict(card))
    indent = max(len(name) for name, _ in entries) + 4
    for name, value in entries:
        lines = textwrap.wrap(
            printable(value),
            width=shutil.get_terminal_size().columns,
            initial_indent=f"  {name}".ljust(indent),
            subsequent_indent=" " * indent,
            max_lines=MOST_LINES,
            placeholder=" ...",
        )
        print("\n".join(lines))


def _entries(card: ModelCard, plain: dict[str, Any]) -> list[tuple[str, str]]:
    network, labels = card.network, card.labels
    model = [
        *_pictures(card),
        ("view", card.view),
        ("actions", _listed(labels.actions) if network.n_classes else "none: it has no action head"),
        ("scenes", _listed(labels.scenes) if network.n_scenes else "none: it has no scene head"),
        ("scores", f"{card.activation.value}, temperature {card.temperature:g}"),
        ("decoding", "default (nothing was fitted)" if card.decoding is None else str(card.decoding)),
        *_arithmetic(card),
    ]
    for title in ("metrics", "data", "training", "environment"):
        if plain[title]:
            model.append((title, ", ".join(f"{name} {_short(value)}" for name, value in plain[title].items())))
    return model


def _pictures(card: ModelCard) -> list[tuple[str, str]]:
    """What the model sees of a video, and through which network."""
    from bineego.tsm.config import NetworkConfig

    size = f"{card.frames.size} px" + (", aspect ratio kept" if card.frames.keep_aspect else "")
    network = card.network
    if isinstance(network, NetworkConfig):
        clip = "the interval" if card.clip_duration is None else f"{card.clip_duration:g} s"
        return [
            ("trunk", network.trunk.value + ("" if network.shift else ", without the temporal shift")),
            ("interval", f"{card.interval:g} s"),
            ("clip", f"{network.n_frames} frames over {clip}, {size}"),
        ]
    trunk = "none: motion only" if network.trunk is None else network.trunk.trunk.value
    heads = f"{network.head.members} x {network.head.layers} dilated layers of {network.head.width} channels"
    return [
        ("trunk", f"{trunk}, {size}"),
        ("features", f"{_listed(network.kinds)}, {network.rate:g} steps per second"),
        ("head", f"temporal, {heads}"),
    ]


def _arithmetic(card: ModelCard) -> list[tuple[str, str]]:
    """Whether `--precision auto` uses bf16; a temporal head always computes in fp32."""
    from bineego.tsm.config import NetworkConfig

    if not isinstance(card.network, NetworkConfig):
        return []
    if card.bf16 is None:
        return [("bf16", "not checked: fp32 unless forced")]
    return [("bf16", f"{card.bf16}: {'used where it is fast' if card.bf16.passed else 'fp32 unless forced'}")]


def _listed(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {', '.join(names)}"


def _short(value: Any) -> str:
    """A value in a few words; lists of videos and the like by their length."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        text = ", ".join(map(_short, value))
        return f"({text})" if len(text) <= LONGEST else f"({len(value)})"
    if isinstance(value, dict):
        return f"({', '.join(f'{name} {_short(item)}' for name, item in value.items())})"
    return "-" if value is None else str(value)
