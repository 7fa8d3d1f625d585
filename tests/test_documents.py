"""Files that the documents for developers name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/design.md", "docs/method.md"])
def test_files_that_are_named_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    named = set(re.findall(r"[\w/]+/\w+\.py", text)) - {"bineego/cli/NAME.py", "bineego/formats/NAME.py"}
    assert named
    missing = [name for name in named if not any((ROOT / base / name).exists() for base in ("", "bineego", "docs"))]
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not broken


def test_links_to_headings_lead_to_one() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{document.relative_to(ROOT)}: {target}#{anchor}"
        for document in documents
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text())
        if anchor not in headings((document.parent / target) if target else document)
    ]
    assert not broken


def headings(document: Path) -> set[str]:
    """The anchors that GitHub and MkDocs make of the headings."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
