"""`bineego check`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from bineego import words
from bineego.doctor.options import CheckCall
from bineego.words import printable

if TYPE_CHECKING:
    from rich.table import Table

    from bineego.doctor.findings import CheckReport

COLOURS = {"note": "dim", "warning": "yellow", "error": "bold red"}


def check(call: CheckCall) -> None:
    """Check labels, predictions or a challenge submission before using them.

    Decodes no video. Exit code: 0 if there are only notes, 5 if something looks wrong or would be left out, and the
    code of the error if train or evaluate would refuse the file.

    Examples:
      bineego check labels.csv --videos my-videos
      bineego check submission.csv --json
    """
    from bineego.doctor.verb import check as look

    report = look(call.file, options=call)
    if call.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _show(report)
    if report.exit_code:
        sys.exit(report.exit_code)


def _show(report: CheckReport) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(Text(printable(f"{report.file}: {report.kind or 'not read'}")))
    for line in _lines(report.facts):
        console.print(Text(printable(line)))
    for table in _tables(report.facts):
        console.print(table)
    for finding in report.findings:
        remedy = f"\n  -> {finding.remedy}" if finding.remedy else ""
        console.print(Text(printable(f"{finding.severity}: {finding.text}{remedy}"), style=COLOURS[finding.severity]))
    if not report.findings:
        console.print("nothing suspicious found")


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = []
    videos = facts.get("videos")
    if isinstance(videos, dict):
        lines.append(
            f"videos: {videos['annotated']} annotated, {videos['found']} found, {len(videos['missing'])} missing, "
            f"{len(videos['not_annotated'])} not annotated"
        )
        if videos["longest"] is not None:
            rates = ", ".join(f"{rate:g}" for rate in videos["frame_rates"])
            lines.append(
                f"lengths: {videos['shortest']:.1f} to {videos['longest']:.1f} s, "
                f"{words.duration(videos['seconds'])} in all; {rates} frames per second"
            )
    elif videos is not None:
        lines.append(f"videos: {videos}; segments: {facts['segments']}")
    if (scenes := facts.get("scenes")) and "split" not in facts:
        lines.append("scenes: " + ", ".join(f"{name} {n}" for name, n in scenes.items()))
    for side, part in facts.get("split", {}).items():
        scenes = ", ".join(f"{name} {n}" for name, n in part["recordings_by_scene"].items())
        lines.append(
            f"split, {side}: {words.many(part['recordings'], 'recording')}" + (f"; scenes: {scenes}" if scenes else "")
        )
    if needs := facts.get("needs"):
        lines.append(f"training needs about {words.size(needs['disk_bytes'])} of disk, "
                     f"{words.size(needs['memory_bytes'])} of memory per batch")  # fmt: skip
    return lines


def _tables(facts: dict[str, Any]) -> list[Table]:
    from rich.table import Table
    from rich.text import Text

    split, intervals = facts.get("split", {}), facts.get("intervals", [])
    columns = ["class", "segments", "videos", "total s", "median s", *split, *(f"t = {i['t']:g}" for i in intervals)]
    table = Table(title="classes, and training intervals for each --interval t", title_justify="left")
    if not intervals:
        table.title = "classes"
    for name in columns:
        table.add_column(name, justify="left" if name == "class" else "right")
    for count in facts.get("classes", []):
        label = count["label"]
        table.add_row(
            Text(printable(label)), str(count["segments"]), str(count["videos"]), f"{count['total_seconds']:.1f}",
            f"{count['median_seconds']:.2f}",
            *(str(part["segments_by_class"].get(label, 0)) for part in split.values()),
            *(str(i["intervals_by_class"].get(label, 0)) for i in intervals),
        )  # fmt: skip
    if intervals:
        table.add_section()
        table.add_row("best mAP possible", *[""] * (4 + len(split)), *(f"{i['ceiling']:.3f}" for i in intervals))
    return [table] if facts.get("classes") else []
