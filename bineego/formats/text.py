"""Text files in the encodings that spreadsheets and annotation tools write."""

from __future__ import annotations

import codecs

from bineego.errors import InputInvalid

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

FALLBACK = "cp1252"
"""What Windows programs write in western Europe, where it is not UTF-8."""


def decode(content: bytes, *, where: object, whole: bool = True) -> tuple[str, str]:
    """The text of a file and the name of its encoding: UTF-8 or UTF-16 with or without a mark, else Windows-1252.

    Args:
        content: the bytes; the first ones of the file, unless `whole`.
        where: the file, for messages.

    Raises:
        InputInvalid: it is not text in any of these.
    """
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    encoding = _encoding(content)
    if encoding == "utf-8":
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(content, final=whole), "utf-8"
        except UnicodeDecodeError as error:
            if b"\0" in content:
                raise InputInvalid(f"not UTF-8 text ({error.reason} at byte {error.start})", where=where) from error
            encoding = FALLBACK
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content, final=whole)
    except UnicodeDecodeError as error:
        raise InputInvalid(
            f"not text in UTF-8, UTF-16 or Windows-1252 ({error.reason} at byte {error.start})", where=where
        ) from error
    return text.removeprefix("\ufeff"), encoding


def _encoding(content: bytes) -> str:
    if content.startswith(UTF16_MARKS):
        return "utf-16"
    # Text in Latin letters has a zero in every other byte of UTF-16, and none in UTF-8.
    start = content[:1000]
    if len(start) >= 4 and 0 in start:
        odd, even = start[1::2].count(0), start[::2].count(0)
        if odd > 0.4 * len(start) and even == 0:
            return "utf-16-le"
        if even > 0.4 * len(start) and odd == 0:
            return "utf-16-be"
    return "utf-8"
