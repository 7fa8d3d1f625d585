"""Commands that start at once: a process in which all is imported forks for each of them.

So hundreds of faults and kills take minutes, and hit the work and not the imports. A command is a process of its own,
with its own folder, streams and environment, and may be killed like any other.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IMPORTED = (
    "bineego.cli.app", "bineego.cli.console", "bineego.training.run", "bineego.inference.batch",
    "bineego.ensembling.fusing",
    "bineego.evaluation.scoring", "bineego.datasets.extract", "bineego.features.extraction", "bineego.synth",
    "bineego.formats.write", "bineego.page.build", "bineego.doctor.verb", "matplotlib.figure", "torch",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What commands work on; each is named in a command line by its name in capitals."""

    tracks: Path
    videos: Path
    data: Path
    model: Path

    def fill(self, line: Sequence[str]) -> list[str]:
        """A command line with the paths in place of the names."""
        named = {"TRACKS": self.tracks, "VIDEOS": self.videos, "DATA": self.data, "MODEL": self.model}
        filled = list(line)
        for word, path in named.items():
            filled = [text.replace(word, str(path)) for text in filled]
        return filled


def content(folder: Path) -> dict[str, bytes]:
    """All visible files, by their path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


TIMED = ("log.csv", "config.toml", "curves.png", "state.pt")
"""Files of a run that tell how long it took."""


def kept(folder: Path) -> dict[str, bytes]:
    """All visible files, but for the cache of a training and what tells of the time that it took."""
    return {
        name: found
        for name, found in content(folder).items()
        if not name.startswith("frames/") and Path(name).name not in TIMED
    }


@dataclass
class Started:
    """A command that runs.

    Attributes:
        pid: its process.
        folder: where it runs.
    """

    pid: int
    folder: Path
    server: Server
    log: Path
    code: int | None = field(default=None)

    def wait(self) -> int:
        """Its exit code, or less than 0 the signal that ended it."""
        if self.code is None:
            self.code = int(self.server.ask({"wait": self.pid})["code"])
        return self.code

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    @property
    def stderr(self) -> str:
        return self.log.read_text(errors="replace")


class Server:
    """The process that forks.

    Args:
        preload: a library for it and all that it starts, such as the shim that makes calls fail.
    """

    def __init__(self, preload: Path | None = None) -> None:
        paths = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
        more = {} if preload is None else {"LD_PRELOAD": str(preload)}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more},
        )
        self._number = 0
        self.ask({})

    def ask(self, what: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(self, *args: object, folder: Path, fault: str = "") -> Started:
        """A command, in `folder`; `fault` as `fault.c` has it."""
        self._number += 1
        log = folder / f".log-{self._number}"
        pid = self.ask({"args": list(map(str, args)), "folder": str(folder), "log": str(log), "fault": fault})["pid"]
        return Started(pid, folder, self, log)

    def run(self, *args: object, folder: Path, fault: str = "") -> Started:
        """A command to its end."""
        started = self.start(*args, folder=folder, fault=fault)
        started.wait()
        return started

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(60)


def serve() -> None:
    """The forking side: a line of JSON for each command to start or to wait for."""
    import importlib

    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any] = {}
        if "args" in asked:
            answer["pid"] = os.fork() or _child(asked)
        elif "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            answer["code"] = os.waitstatus_to_exitcode(status)
        print(json.dumps(answer), flush=True)


def _child(asked: dict[str, Any]) -> int:
    """The command; does not come back."""
    os.setpgid(0, 0)
    os.chdir(asked["folder"])
    nothing, log = os.open(os.devnull, os.O_RDWR), os.open(asked["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for number, target in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(target, number)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if asked["fault"]:
        os.environ["FAULT"] = asked["fault"]
        ctypes.CDLL(None).set_fault(asked["fault"].encode())
    sys.argv = ["bineego", *asked["args"]]
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - the server's own would be read again
    code = 70
    try:
        from bineego.__main__ import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    serve()
