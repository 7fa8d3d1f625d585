"""The tables of README.md and docs/, made from benchmarks/results/.

python -m benchmarks.tables           # writes between <!-- table: NAME --> and <!-- end --> from results/NAME.json
"""

from __future__ import annotations

import calendar
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import markdown

HOME = Path(__file__).parents[1]
RESULTS = HOME / "benchmarks" / "results"
MARKED = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> Iterator[Path]:
    """Files that may hold tables."""
    yield HOME / "README.md"
    yield from sorted((HOME / "docs").rglob("*.md"))


def with_tables(text: str) -> str:
    """A page with every marked table as its result has it now."""
    return MARKED.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)


def table(name: str) -> str:
    """Markdown of a result, with a line that says where it comes from."""
    result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    words = textwrap.fill(f"*{origin(result)}*", 120, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["", *markdown(result), "", words, "", ""])


def origin(result: Mapping[str, Any]) -> str:
    """When, where and by which command; what was recorded by hand says so."""
    machine, load = result["machine"], result["machine"].get("load")
    year, month, *day = map(int, result["date"].split("-"))
    parts = [f"{' '.join(map(str, day))} {calendar.month_name[month]} {year}".strip(), machine["processor"]]
    parts += [f"{machine['cores']} cores"] if machine.get("cores") else []
    parts += [machine["gpu"]] if machine.get("gpu") else []
    parts += [load if isinstance(load, str) else f"load {load:g}"] if load is not None else []
    text = ", ".join(parts)
    text += f"; `{result['command']}`" if result["command"] else ""
    text += "" if result["recorded"] == "by the script" else f"; recorded {result['recorded']}"
    return f"{text}. {result['note']}".strip()


def main() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := with_tables(text)) != text:
            page.write_text(new, encoding="utf-8")
            print(page.relative_to(HOME))


if __name__ == "__main__":
    main()
