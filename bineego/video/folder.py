"""Which files of a folder are taken for videos."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.words import listed

log = logging.getLogger(__name__)

EXTENSIONS = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".ts", ".mts", ".m2ts", ".3gp", ".flv",
    ".wmv", ".ogv", ".vob", ".mxf", ".asf", ".divx", ".ivf", ".obu", ".y4m", ".nut", ".gif", ".dv", ".h264", ".264",
    ".hevc", ".h265", ".265", ".mjpeg", ".mjpg", ".m1v", ".rm", ".rmvb", ".wtv", ".f4v", ".m2p", ".mpe", ".3g2",
    ".qt", ".apng", ".lrv", ".lrf", ".insv", ".360", ".osv", ".dav", ".mod", ".tod", ".m2t", ".tp", ".trp", ".vro",
    ".evo", ".mk3d", ".ogm", ".xvid", ".mp4v", ".mpeg4", ".mpv", ".mj2", ".dif", ".dvr-ms", ".amv",
})  # fmt: skip
"""Of files that are taken for videos when a folder is searched. A file named by itself may have any."""


PROXIES = frozenset({".lrv", ".lrf", ".gif"})
"""Of small copies that cameras and tools put beside a video of the same name; by themselves they are videos."""

UNREADABLE = frozenset({
    ".braw", ".r3d", ".crm", ".ari", ".nev", ".m3u8", ".mpd", ".swf", ".iso", ".ismv", ".ifo",
    ".yuv", ".bik", ".bk2", ".smk", ".cine", ".fli", ".flc", ".nsv", ".vc1", ".avs",
})  # fmt: skip
"""Of files that hold or name videos in forms that FFmpeg cannot read as one plain file."""


def is_video(path: Path) -> bool:
    """Whether a file found in a folder is taken for a video: by its extension (any case), hidden files never."""
    return path.suffix.casefold() in EXTENSIONS and not path.name.startswith(".") and path.is_file()


def videos_in(folder: Path) -> list[Path]:
    """The videos of a folder itself, by name; a note names what is left out that people may miss.

    Raises:
        OSError: the folder cannot be read.
    """
    files = sorted(Path(folder).iterdir())
    videos = [path for path in files if is_video(path)]
    full = {path.stem for path in videos if path.suffix.casefold() not in PROXIES}
    copies = [path for path in videos if path.suffix.casefold() in PROXIES and path.stem in full]
    foreign = [path for path in files if path.suffix.casefold() in UNREADABLE and path.is_file()]
    if copies:
        log.info("%s: skipped as copies of videos: %s", folder, listed((path.name for path in copies), "file"))
    if foreign:
        log.warning(
            "%s: cannot be read as videos: %s; export them as MP4", folder, listed((p.name for p in foreign), "file")
        )
    return [path for path in videos if path not in copies]
