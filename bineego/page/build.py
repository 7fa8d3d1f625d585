"""One HTML file out of content, template, style and scripts. It loads nothing, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path

import orjson
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bineego.files import write_bytes
from bineego.page.content import Content
from bineego.version import __version__

SCRIPTS = ("model.js", "saving.js", "timeline.js", "summary.js", "main.js")
"""In the order in which each needs the ones before it."""


def render(content: Content, page: Path) -> str:
    """The page as text, to be written to `page`."""
    script = '"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS)
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_asset("page.html.j2"))
    return template.render(
        title=content.title,
        version=__version__,
        style=Markup(_asset("style.css")),
        script=Markup(script),
        # A browser runs this script and no other, whatever names the data holds.
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        data=Markup(_for_script(orjson.dumps(content.to_plain(page)).decode())),
    )


def write_page(content: Content, path: Path, *, at: Path | None = None) -> None:
    """Write the page, whole or not at all.

    Args:
        at: where it will lie in the end, if not at `path`; from there it looks for its videos.
    """
    write_bytes(path, render(content, at or path).encode("utf-8", "replace"))


def _for_script(text: str) -> str:
    """JSON that cannot end the element it is in, nor open a comment there."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _asset(name: str) -> str:
    return (resources.files("bineego.page") / "assets" / name).read_text(encoding="utf-8").rstrip("\n")
