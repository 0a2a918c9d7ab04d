"""A stable, decompressed scratch copy of an export, with the hash of what was copied. Rows are the readers' business.

Readers work on the copy, so what is hashed is what is read, whatever happens to the export meanwhile.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from warehouse.connectors import Encoding
from warehouse.extract.exports import Stat
from warehouse.extract.find import Format, FoundFile
from warehouse.extract.findings import UnreadableFileError

_PIECE = 1 << 20
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.25

_BINARY: dict[Format, tuple[bytes, str]] = {
    "parquet": (b"PAR1", "a Parquet file"),
    "xlsx": (b"PK\x03\x04", "an Excel workbook"),
}
_OFFICE = b"\xd0\xcf\x11\xe0"
_FOREIGN = (
    (b"\x1f\x8b", "is gzip-compressed, but its name does not end in .gz"),
    (b"PK\x03\x04", "is an Excel workbook or a zip archive, not what its name says"),
    (_OFFICE, "is an old or password-protected Office file, not what its name says"),
    (b"PAR1", "is a Parquet file, not what its name says"),
)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class TextFacts:
    """What a text file consists of, counted without parsing it: what a reader's result must account for."""

    content_bytes: int
    quotes: int
    has_blank_lines: bool


@dataclass(frozen=True)
class Staged:
    """The copy, text as UTF-8, and what was learned while copying."""

    path: Path
    sha256: str
    stat: Stat
    text: TextFacts | None


def stage(
    file: FoundFile,
    scratch: Path,
    encoding: Encoding = "utf-8",
    pause: Callable[[float], None] = time.sleep,
) -> Staged:
    """Copy a file that stands still; one that changes while it is copied is copied again."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            pause(_PAUSE_SECONDS)
        try:
            staged = _copy(file, scratch, encoding)
        except FileNotFoundError as error:
            raise UnreadableFileError(
                "vanished_file", "it disappeared while it was read", "Let the delivery end, then run again."
            ) from error
        except OSError as error:
            raise _unreadable(error) from error
        if staged is not None:
            return staged
    raise UnreadableFileError(
        "changing_file", "it changes while it is read", "Let the delivery end, then run again."
    )


def _unreadable(error: OSError) -> UnreadableFileError:
    reason = error.strerror or str(error)
    return UnreadableFileError(
        "unreadable_file", f"it cannot be read: {reason}", "Make it readable and run again."
    )


def _copy(file: FoundFile, scratch: Path, encoding: Encoding) -> Staged | None:
    """None when the file changed meanwhile; then any fault found in it means nothing."""
    with file.export.opened() as (source, before):
        fault: UnreadableFileError | None = None
        pieces = _Pieces(source)
        text = _Text(encoding) if file.format not in _BINARY else None
        try:
            _copy_content(file, pieces, text, scratch)
            pieces.drain()
        except UnreadableFileError as error:
            fault = error
    if file.export.stat() != before:
        return None
    if fault is not None:
        raise fault
    return Staged(scratch, pieces.sha256, before, text.facts() if text else None)


def _copy_content(file: FoundFile, pieces: _Pieces, text: _Text | None, scratch: Path) -> None:
    # gzip only ever reads, so an object that can read is all it needs.
    raw = cast(IO[bytes], pieces)
    content: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="rb")) if file.is_gzip else raw
    is_empty = True
    with scratch.open("wb") as target:
        while piece := _read(content):
            if is_empty:
                _check_magic(file, piece, is_utf16=text is not None and text.encoding == "utf-16")
            is_empty = False
            target.write(piece if text is None else text.feed(piece))
        if text is not None:
            target.write(text.end())
    if is_empty:
        raise UnreadableFileError(
            "empty_file",
            "it is empty; it has not even a header",
            "Export it again; no rows still have a header.",
        )


def _read(content: IO[bytes]) -> bytes:
    try:
        return content.read(_PIECE)
    except EOFError as error:
        raise UnreadableFileError(
            "truncated_file",
            "its gzip compression ends too early: the file is cut off",
            "Deliver it again, whole.",
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(
            "wrong_compression",
            "it is not valid gzip, though its name ends in .gz, or something else follows it",
            "Deliver it again, compressed by gzip, or without the .gz.",
        ) from error


def _check_magic(file: FoundFile, piece: bytes, *, is_utf16: bool) -> None:
    if file.format in _BINARY:
        _check_signature(piece, *_BINARY[file.format])
        return
    if piece.startswith(_UTF_16) and not is_utf16:
        raise UnreadableFileError(
            "wrong_encoding",
            "it is UTF-16 text, not UTF-8",
            "Save it as UTF-8, or declare encoding: utf-16 in connector.yml.",
        )
    for magic, what in _FOREIGN:
        if piece.startswith(magic):
            raise UnreadableFileError(
                "wrong_compression", f"it {what}", "Save it as UTF-8 CSV, or give it its true ending."
            )


def _check_signature(piece: bytes, signature: bytes, what: str) -> None:
    if piece.startswith(_OFFICE) and signature.startswith(b"PK"):
        raise UnreadableFileError(
            "unreadable_file",
            "it is protected by a password, or a workbook of the old .xls form",
            "Save it as an Excel workbook (.xlsx) without a password.",
        )
    if not piece.startswith(signature):
        raise UnreadableFileError(
            "unreadable_file", f"it is not {what}", "Export it again, or give it the ending it deserves."
        )


class _Pieces:
    """A file object that hashes all bytes that are read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._digest.update(piece)
        return piece

    def drain(self) -> None:
        while self.read(_PIECE):
            pass

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Text:
    """Turns a stream of bytes into UTF-8, counts it and notices blank lines. A BOM is no content."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._lines = 0
        self._bytes = 0
        self._quotes = 0
        self._last_byte = b""
        self._has_blank_lines = False

    def feed(self, piece: bytes) -> bytes:
        text = self._decode(piece, final=False)
        return self._count(piece if self.encoding == "utf-8" else text.encode())

    def end(self) -> bytes:
        text = self._decode(b"", final=True)
        return b"" if self.encoding == "utf-8" else self._count(text.encode())

    def facts(self) -> TextFacts:
        return TextFacts(self._bytes, self._quotes, self._has_blank_lines)

    def _count(self, written: bytes) -> bytes:
        """Counts what is written, and hands it on."""
        piece = written if self._last_byte else written.removeprefix(codecs.BOM_UTF8)
        self._lines += piece.count(b"\n")
        self._bytes += len(piece)
        self._quotes += piece.count(b'"')
        if not self._has_blank_lines:
            # With the byte before it, so that a blank line across two pieces, or at the very start, is seen.
            joined = (self._last_byte or b"\n") + piece
            self._has_blank_lines = any(pair in joined for pair in (b"\n\n", b"\n\r", b"\r\r"))
        self._last_byte = piece[-1:] or self._last_byte
        return written

    def _decode(self, piece: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            line = self._lines + 1 + error.object[: error.start].count(b"\n")
            value = f"byte 0x{error.object[error.start]:02x}"
            name = "UTF-8" if self.encoding == "utf-8" else self.encoding
            raise UnreadableFileError(
                "wrong_encoding",
                f"it is not {name} text: {value} in line {line}",
                "Save it as UTF-8, or declare its encoding in connector.yml.",
            ) from error
        except UnicodeError as error:
            raise UnreadableFileError(
                "wrong_encoding",
                f"it is not {self.encoding} text: it does not begin with a byte-order mark",
                "Save it with one, or as UTF-8, or declare its encoding in connector.yml.",
            ) from error
