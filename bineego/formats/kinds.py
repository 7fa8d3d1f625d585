"""The formats that are written, by name. Free of pandas, so that the command line can offer them at once."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """What `--format` may be; `write.WRITERS` has the format itself for each."""

    CSV = "csv"
    JSON = "json"  # as ActivityNet has it
    BORIS = "boris"
    VIA = "via"
    EAF = "eaf"
    LABELSTUDIO = "labelstudio"
    SRT = "srt"
    VTT = "vtt"
    VTRACE = "vtrace"
    X360 = "360x"
    CHALLENGE_JSON = "challenge-json"
    CHALLENGE_CSV = "challenge-csv"
    CHALLENGE_SCENES = "challenge-scenes"
