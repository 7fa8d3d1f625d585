"""What commands may be given: videos, folders of videos and data sets on this machine, and videos at addresses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from bineego.datasets.inputs import resolve_videos
from bineego.datasets.recording import Subset, View
from bineego.datasets.videos import MAX_DEPTH, by_id
from bineego.errors import InputMissing, UsageError
from bineego.formats.read import SUFFIXES
from bineego.remote.address import Address, RemoteFile, Source, is_address, read_place
from bineego.remote.listing import find_files
from bineego.shards import of_shard
from bineego.video.folder import EXTENSIONS
from bineego.words import listed

log = logging.getLogger(__name__)


def sources_of(
    inputs: Mapping[str, Path] | Sequence[Path | str] | Path | str,
    *,
    view: View,
    videos: Path | None,
    shard: str | None,
    goal: str,
) -> dict[str, Source]:
    """The videos of a call, by id: those of its shard, if it has one.

    Args:
        inputs: a video, a folder of videos, a data set, an address, several of those, or video id -> file.
        goal: what they are wanted for, for the message if there are none.

    Raises:
        UsageError: no video, or what `resolve_sources` raises.
        InputMissing, InputInvalid: see `resolve_sources`.
    """
    several = [inputs] if isinstance(inputs, str | Path) else inputs
    found: dict[str, Source] = (
        dict(several) if isinstance(several, Mapping) else resolve_sources(several, view=view, videos=videos)
    )
    if not found:
        raise UsageError(f"no videos to {goal}", remedy="name video files or a folder of them")
    return {video_id: found[video_id] for video_id in of_shard(found, shard)}


def resolve_sources(
    inputs: Sequence[Path | str],
    *,
    view: View = View.PANORAMIC,
    subset: Subset | None = None,
    videos: Path | str | None = None,
) -> dict[str, Source]:
    """The videos that inputs name, on this machine or at addresses: by id, in the order they were given.

    Args:
        inputs, view, subset, videos: see `datasets.inputs.resolve_videos`; inputs may be addresses too.

    Raises:
        InputMissing, UsageError, InputInvalid: as `resolve_videos`; or nothing is at an address.
    """
    if not inputs:
        raise UsageError("no input", remedy="name videos, a folder of videos or a data set")
    pairs: list[tuple[str, Source]] = []
    for place in expand(inputs):
        if isinstance(place, Path):
            pairs += resolve_videos([place], view=view, subset=subset, videos=videos).items()
        else:
            pairs += [(source_id(file), file) for file in remote_videos(place)]
    return by_id(pairs)


def expand(inputs: Iterable[Path | str]) -> list[Path | Address]:
    """Paths and addresses; what `file://` with `*` stands for, each.

    Raises:
        BadOption: an address of a kind that nothing here reads.
        InputMissing: `file://` with `*` stands for nothing.
    """
    found: list[Path | Address] = []
    for given in inputs:
        place = read_place(given)
        if isinstance(place, Path) and is_address(given) and "*" in str(place):
            root = Path(place.anchor)
            paths = sorted(root.glob(str(place.relative_to(root))))
            if not paths:
                raise InputMissing("no such file or folder", where=given)
            found += paths
        else:
            found.append(place)
    return found


def remote_videos(address: Address, endings: Sequence[str] = ()) -> list[RemoteFile]:
    """The videos at an address: those of a pattern, the one file (of any ending), or those of a folder, and if there
    are none those in the folders below it.

    Args:
        endings: of further files that count as videos, such as `.scores.npz`.

    Raises:
        InputMissing: nothing is there.
        UsageError: there is no video, or it is a data set.
    """
    files = find_files(address)
    if [file.address for file in files] == [address] and not address.is_pattern:
        if address.suffix.casefold() in SUFFIXES:
            raise UsageError("a data set is read from this machine", where=address, remedy="bring its file here")
        return files
    chosen = [file for file in files if _is_video(file, endings)]
    if not chosen and not address.is_pattern:
        files = find_files(address, below=True)
        chosen = [file for file in files if _is_video(file, endings) and _is_near(file, address)]
    if not chosen:
        raise UsageError("no video at this address", where=address)
    if len(chosen) < len(files):
        left = [file.name for file in files if file not in chosen]
        log.info("%s: left out, as they are no videos: %s", address, listed(left, "file"))
    return chosen


def source_id(source: Source) -> str:
    """The id of a video: its file name without the extension."""
    return source.stem if isinstance(source, Path) else PurePosixPath(source.name).stem


def _is_video(file: RemoteFile, endings: Sequence[str]) -> bool:
    name = file.name.casefold()
    known = file.address.suffix.casefold() in EXTENSIONS or name.endswith(tuple(endings))
    return known and not name.startswith(".")


def _is_near(file: RemoteFile, folder: Address) -> bool:
    """Whether a file is as near below a folder as on this machine, and in no hidden folder."""
    inner = file.address.text.removeprefix(folder.text.rstrip("/")).strip("/").split("/")
    return len(inner) <= MAX_DEPTH + 1 and not any(part.startswith(".") for part in inner)
