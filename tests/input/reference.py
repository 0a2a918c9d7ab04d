"""A second, slow and plain reader of CSV (RFC 4180), to check what extraction put into the lake against.

It knows well-formed files only and says nothing of others: no guessing of delimiters, no stray quotes, no ragged
rows. It shares no code with the product, nor a parser.
"""

from __future__ import annotations

Records = list[tuple[int, list[str | None]]]


def records_of(data: bytes, delimiter: str) -> Records | None:
    """The records below the header with the numbers a spreadsheet shows, or None for a file that is not well-formed."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
    if not text or "\r" in text.replace("\r\n", ""):
        return None
    split = _split(text, delimiter)
    if split is None or not split or split[0] == [""]:
        return None
    width = len(split[0])
    if any(len(record) != width for record in split if record != [""]):
        return None
    return [
        (number, [value or None for value in record])
        for number, record in enumerate(split[1:], start=2)
        if record != [""]
    ]


def _split(text: str, delimiter: str) -> list[list[str]] | None:
    records: list[list[str]] = [[]]
    place, end = 0, len(text)
    while place <= end:
        value, place, is_well_formed = _value(text, place, delimiter)
        if not is_well_formed:
            return None
        records[-1].append(value)
        if text.startswith("\r\n", place):
            place += 1
        if text[place : place + 1] == "\n":
            if place + 1 == end:
                break
            records.append([])
        place += 1
    return records


def _value(text: str, place: int, delimiter: str) -> tuple[str, int, bool]:
    """A value, where it ends, and whether it is one: quoted as a whole, or without any quote."""
    ends = (delimiter, "\n", "\r\n", "")
    if text[place : place + 1] != '"':
        start = place
        while place < len(text) and text[place] != delimiter and text[place] not in "\r\n":
            place += 1
        value = text[start:place]
        return value, place, '"' not in value
    value, place = "", place + 1
    while place < len(text):
        if text[place] != '"':
            value += text[place]
        elif text[place + 1 : place + 2] == '"':
            value += '"'
            place += 1
        else:
            place += 1
            after = text[place : place + 2] if text.startswith("\r\n", place) else text[place : place + 1]
            return value, place, after in ends
        place += 1
    return value, place, False
