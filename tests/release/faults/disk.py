"""One call of the system fails in a command: the right code, the path, nothing half, and the same command mends it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from release.faults.commands import Inputs, Server, kept

CALLS = ("open", "write", "fsync", "close", "rename")
NUMBERS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.ESTALE, errno.EFBIG)

COMMANDS: Mapping[str, list[str]] = {
    "localize": [
        "localize", "TRACKS/v0.scores.npz", "TRACKS/v1.scores.npz", "-o", "made-here", "--format", "csv,json",
        "--save-scores",
    ],
    "one file": ["localize", "TRACKS/v1.scores.npz", "-o", "made-here/r.csv"],
    "ensemble": ["ensemble", "TRACKS", "TRACKS", "-o", "made-here/e.csv"],
    "ensemble tables": ["ensemble", "found.csv", "found.csv", "-o", "made-here/e.csv"],
    "curves": ["evaluate", "truth.csv", "found.csv", "--curves", "made-here/c.json"],
    "convert": ["convert", "found.csv", "made-here/f.json"],
    "convert folder": ["convert", "found.csv", "made-here", "--format", "srt"],
    "report": ["report", "found.csv", "--truth", "truth.csv", "-o", "made-here/page.html"],
    "suggest": ["suggest", "TRACKS", "-o", "made-here", "--minutes", "0.1"],
    "extract-frames": ["extract-frames", "VIDEOS/1.mp4", "-o", "made-here", "--size", "32", "--jobs", "1"],
    "extract-features": ["extract-features", "VIDEOS/1.mp4", "-o", "made-here", "--kinds", "motion", "--jobs", "1"],
    "train": [
        "train", "DATA", "--name", "made-here", "--trunk", "mobilenet_v2", "--init", "random", "--size", "16",
        "--frames", "2", "--epochs", "1", "--batch-size", "8", "--workers", "0", "--cache", "frames",
        "--device", "cpu", "--jobs", "1",
    ],
}  # fmt: skip


@dataclass
class Disk:
    """A disk that fails, and what each command leaves on one that does not."""

    inputs: Inputs
    server: Server
    work: Path
    expected: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def arguments(self, name: str, folder: Path) -> list[str]:
        """The command line, with its small inputs in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "truth.csv").write_text("video_id,label,start,end\nv,jump,0,1\nw,run,0,1\n")
        (folder / "found.csv").write_text("video_id,label,start,end,score\nv,jump,0,1,0.5\nw,run,0,1,0.25\n")
        return self.inputs.fill(COMMANDS[name])

    def undisturbed(self, name: str) -> dict[str, bytes]:
        """What the command leaves where nothing fails."""
        if name not in self.expected:
            folder = self.work / f"whole-{name}"
            done = self.server.run(*self.arguments(name, folder), folder=folder)
            assert done.wait() == 0, done.stderr
            self.expected[name] = kept(folder)
        return self.expected[name]


def try_one(disk: Disk, name: str, call: str, nth: int, number: int) -> bool:
    """Let the n-th call fail; whether the command made that many.

    Raises:
        AssertionError: a traceback, a wrong code, something half, or the same command does not mend it.
    """
    expected = disk.undisturbed(name)
    folder = disk.work / "now"
    shutil.rmtree(folder, ignore_errors=True)
    line = disk.arguments(name, folder)
    plan = f"{call} {nth} {number} made-here"
    broken = disk.server.run(*line, folder=folder, fault=plan)
    said = broken.stderr
    assert "Traceback" not in said, (plan, said)
    assert "a bug in bineego" not in said, (plan, said)
    # 3: what it had written could not be read back.
    assert broken.wait() in (0, 2, 3, 7), (plan, broken.wait(), said)
    if broken.wait():
        assert "made-here" in said, (plan, said)
    for path, found in kept(folder).items():
        whole = expected.get(path)
        assert name == "train" or found == whole, (plan, path)
    again = (*line, "--resume") if name == "train" and (folder / "runs" / "made-here").exists() else line
    mended = disk.server.run(*again, folder=folder)
    assert mended.wait() == 0, (plan, mended.stderr)
    assert sorted(kept(folder)) == sorted(expected), plan
    assert name == "train" or kept(folder) == expected, plan
    return broken.wait() != 0
