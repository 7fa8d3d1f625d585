from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bineego.crew import in_processes
from bineego.errors import InputInvalid, ResourceExhausted, WorkerLost
from bineego.workers import Worker

TASKS = """
import logging, os, signal, time
from bineego.errors import InputInvalid

def count(n):
    print("chatter of a library")
    yield from range(n)

def fail(kind):
    yield 1
    if kind == "ours":
        raise InputInvalid("wrong", where="a.mp4", remedy="mend it")
    if kind == "bug":
        raise KeyError("oops")
    os.kill(os.getpid(), signal.SIGKILL)

def warn():
    logging.getLogger("bineego.video").warning("careful with %s", "a.mp4")
    yield None

def stall():
    yield os.getpid()
    time.sleep(3600)

def half(blocked):
    file = open(os.environ["PROGRESS"], "w")
    try:
        yield os.getpid()
        while blocked:
            yield bytes(10**6)  # nobody asks for it
        time.sleep(3600)
    finally:
        time.sleep(0.05)
        os.remove(file.name)

def each(items):
    for item in items:
        if item == "ours":
            raise InputInvalid("wrong")
        if item == "bug":
            raise KeyError("oops")
        if item in ("kill", "crash"):
            os.kill(os.getpid(), {"kill": signal.SIGKILL, "crash": signal.SIGSEGV}[item])
        if item == "exit":
            os._exit(3)
        if isinstance(item, str) and not os.path.exists(item[5:]):
            open(item[5:], "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        yield item, os.getpid()

def never(items):
    os._exit(4)
    yield

def big(n):
    for number in range(n):
        yield bytes(100_000)
        with open(os.environ["PROGRESS"], "w") as file:
            file.write(str(number))
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A module that workers can import too: they get this process's search path."""
    (tmp_path / "some_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PROGRESS", str(tmp_path / "progress"))
    sys.modules.pop("some_tasks", None)
    import some_tasks  # type: ignore[import-not-found]

    return some_tasks


def test_items_come_in_order_and_chatter_is_kept_out(tasks) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.count, 5)
    assert list(worker.messages()) == [0, 1, 2, 3, 4]
    worker.close()


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("ours", InputInvalid, "a.mp4: wrong\n  -> mend it"),
        ("bug", RuntimeError, "KeyError"),
        ("kill", WorkerLost, "worker process died"),
    ],
)
def test_errors_reach_the_parent(tasks, kind: str, error: type[Exception], text: str) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.fail, kind)
    messages = worker.messages()
    assert next(messages) == 1
    with pytest.raises(error) as caught:
        next(messages)
    assert text in str(caught.value)
    worker.close()


def test_warnings_reach_the_parent(tasks, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.warn)
    assert list(worker.messages()) == [None]
    worker.close()
    assert ("bineego.video", logging.WARNING, "careful with a.mp4") in caplog.record_tuples


def test_close_ends_a_busy_worker(tasks) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.stall)
    process = next(worker.messages())
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_unread_messages_are_bounded(tasks, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.big, 200, ahead=4)
    next(worker.messages())
    time.sleep(0.5)
    assert int((tmp_path / "progress").read_text()) < 12
    worker.close()


def test_worker_ends_with_its_parent(tasks, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """And removes what is half written.

    Also: a script without `if __name__ == "__main__"` is not run again in the worker.
    """
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time, some_tasks\n"
        "from bineego.workers import Worker\n"
        "print(next(Worker(some_tasks.half, False).messages()), flush=True)\n"
        "time.sleep(3600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        parent.kill()
    for _ in range(12000):  # a bound for a test that would hang, not a promise
        if has_ended(process):
            assert not (tmp_path / "progress").exists()
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived its parent")


def has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.mark.parametrize("blocked", [False, True])
def test_half_written_files_go_when_a_worker_is_closed(tasks, tmp_path: Path, blocked: bool) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.half, blocked, ahead=1)
    next(worker.messages())
    assert (tmp_path / "progress").exists()
    time.sleep(0.3)
    worker.close()
    assert not (tmp_path / "progress").exists()


def test_half_written_files_go_when_a_worker_is_terminated_twice(tasks, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.half, False)
    messages = worker.messages()
    process = next(messages)
    os.kill(process, signal.SIGTERM)
    time.sleep(0.01)
    os.kill(process, signal.SIGTERM)
    with pytest.raises(WorkerLost, match="code 143"):
        next(messages)
    assert not (tmp_path / "progress").exists()
    worker.close()


def test_a_worker_that_is_done_ends_in_silence(tasks, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.count, 1)
    assert list(worker.messages()) == [0]
    assert worker._process.wait(timeout=600) == 0
    worker.close()
    assert capfd.readouterr().err.strip() == "chatter of a library"


def test_another_interrupt_while_closing_keeps_nobody_waiting(tasks, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    worker = Worker(tasks.stall)
    messages = worker.messages()
    next(messages)
    reader = threading.Thread(target=lambda: list(messages), daemon=True)
    reader.start()
    wait = worker._process.wait

    def interrupted(timeout: float | None = None) -> int:
        if timeout is not None:
            raise KeyboardInterrupt
        return wait()

    monkeypatch.setattr(worker._process, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.close()
    reader.join(timeout=600)
    assert not reader.is_alive()


def run(task: object, items: list[object], **changes: object) -> list[object]:
    given = {"jobs": 2, "cost": lambda _item: 1.0, "name": str, "lost": lambda item, error: (item, error)} | changes
    return list(in_processes(task, items, **given))  # type: ignore[arg-type]


def test_items_are_divided_among_processes_the_longest_first(tasks) -> None:  # type: ignore[no-untyped-def]
    found = run(tasks.each, [3, 1, 2, 5, 4], cost=float)
    assert sorted(item for item, _ in found) == [1, 2, 3, 4, 5]
    assert [item for item, _ in run(tasks.each, [3, 1, 2], cost=float, jobs=1)] == [3, 2, 1]
    assert run(tasks.each, []) == []


def test_what_a_task_raises_ends_all(tasks) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputInvalid):
        run(tasks.each, [1, "ours", 2])
    with pytest.raises(RuntimeError, match="KeyError"):
        run(tasks.each, [1, "bug", 2])


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("kind", "by"), [("kill", "by signal 9"), ("crash", "by signal 11"), ("exit", "with code 3")])
def test_an_item_that_costs_two_workers_is_set_aside(
    tasks, jobs: int, kind: str, by: str, caplog: pytest.LogCaptureFixture
) -> None:  # type: ignore[no-untyped-def]
    found = dict(run(tasks.each, [1, kind, 2, 3], jobs=jobs))  # type: ignore[call-overload]
    assert found.keys() == {1, 2, 3, kind}
    error = found[kind]
    assert isinstance(error, WorkerLost)
    assert f"set aside: 2 processes that worked on it died, the last {by}" in str(error)
    assert f"{kind}: a worker process died ({by}); trying again" in caplog.text


def test_an_item_whose_worker_was_killed_once_is_done_by_another(tasks, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = run(tasks.each, [1, f"once {tmp_path / 'mark'}", 2])
    assert len(found) == 3
    assert not any(isinstance(result, WorkerLost) for _, result in found)


def test_workers_that_never_come_to_work_are_not_started_for_ever(tasks) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ResourceExhausted):
        run(tasks.never, [1, 2, 3])
