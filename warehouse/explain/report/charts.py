"""Charts as SVG that is part of the page: no script, no font of their own, colours from the page's style sheet.

Money becomes a length here and nowhere else, in whole tenths of a pixel, so that the same figures draw the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from markupsafe import Markup

from warehouse.explain.report.figures import Cell

_ZERO = Decimal(0)
_TENTH = Decimal("0.1")

_WIDTH, _TOP, _BASE, _HEIGHT = 320, 14, 110, 128
_LETTER = 8
"""As wide as one gets, on a phone."""
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 22

LEVELS = 6
_SQUARE, _STEP, _LEFT, _HEAD = 13, 14, 58, 50


def bars(values: Sequence[Decimal | None], periods: Sequence[str], title: str) -> Markup:
    """A bar a month; the last one stands out."""
    known = [value for value in values if value is not None]
    high, low = max([*known, _ZERO]), min([*known, _ZERO])
    high = high if high - low else Decimal(1)
    span = high - low
    step = Decimal(_WIDTH) / max(len(values), 12)
    left = _WIDTH - step * len(values)
    scale = Decimal(_BASE - _TOP) / span
    zero = _TOP + high * scale
    drawn = {"bar": "", "now": ""}
    for place, value in enumerate(values):
        if value is not None:
            x, width, height = left + step * place, step * Decimal("0.72"), abs(value) * scale
            y = zero - height if value > 0 else zero
            drawn["now" if place == len(values) - 1 else "bar"] += (
                f"M{_px(x)} {_px(y)}h{_px(width)}v{_px(height)}h-{_px(width)}z"
            )
    marks = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(name, path) for name, path in drawn.items() if path
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img"><title>{title}</title>{grid}{marks}'
        '<path class="axis" d="M0 {zero}H{width}"/>{names}</svg>'
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        title=title,
        grid=_grid(high, low, zero, scale) if any(known) else "",
        marks=marks,
        zero=_px(zero),
        names=_first_and_last(periods, left),
    )


def _grid(high: Decimal, low: Decimal, zero: Decimal, scale: Decimal) -> Markup:
    """One line at a round number, named: enough to read a bar by."""
    number = round_number(max(high, -low))
    if not number:
        return Markup("")
    at = number if number <= high else -number
    y = zero - at * scale
    return Markup('<path class="grid" d="M0 {y}H{width}"/><text x="0" y="{above}">{number}</text>').format(
        y=_px(y), above=_px(y - 3), width=_WIDTH, number=short(at)
    )


def _first_and_last(periods: Sequence[str], left: Decimal) -> Markup:
    last = Markup('<text class="end" x="{}" y="{}">{}</text>').format(_WIDTH, _HEIGHT - 4, periods[-1])
    if _WIDTH - left < _LETTER * (len(periods[0]) + len(periods[-1]) + 1):
        return last  # side by side they would run into each other
    return Markup('<text x="{}" y="{}">{}</text>').format(_px(left), _HEIGHT - 4, periods[0]) + last


def spark(values: Sequence[Decimal | None], title: str) -> Markup:
    """A line a few letters high, for the cell of a table; one month alone is no line."""
    known = [value for value in values if value is not None]
    high, low = max([*known, _ZERO]), min([*known, _ZERO])
    span = high - low or Decimal(1)
    step = Decimal(_SPARK_WIDTH - 6) / max(len(values) - 1, 1)
    points = [
        (3 + step * place, 3 + (high - value) * (_SPARK_HEIGHT - 6) / span)
        for place, value in enumerate(values)
        if value is not None
    ]
    if len(points) < 2:
        return Markup("")
    line = "L".join(f"{_px(x)} {_px(y)}" for x, y in points)
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img"><title>{}</title><path d="M{}"/>'
        '<circle cx="{}" cy="{}" r="2.5"/></svg>'
    ).format(_SPARK_WIDTH, _SPARK_HEIGHT, title, line, *(_px(part) for part in points[-1]))


def heat_map(
    cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str], now: int, title: str
) -> Markup:
    """A square for what was booked in one period and is earned in another; the stronger its colour, the more."""
    most = max((abs(cell.amount) for cell in cells), default=_ZERO)
    shades: dict[str, str] = {}
    for cell in cells:
        kind = "below" if cell.amount < 0 else "ahead" if cell.is_scheduled else "earned"
        name = f"{kind} l{_level(abs(cell.amount), most)}"
        x, y = _LEFT + cell.column * _STEP, _HEAD + cell.row * _STEP
        shades[name] = shades.get(name, "") + f"M{x} {y}h{_SQUARE}v{_SQUARE}h-{_SQUARE}z"
    width, height = _LEFT + len(columns) * _STEP + 2, _HEAD + len(rows) * _STEP + 2
    squares = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(name, path) for name, path in sorted(shades.items())
    )
    booked = Markup("").join(
        Markup('<text class="end" x="{}" y="{}">{}</text>').format(
            _LEFT - 5, _HEAD + place * _STEP + 10, name
        )
        for place, name in enumerate(rows)
    )
    earned = Markup("").join(
        Markup('<text transform="translate({} {}) rotate(-90)">{}</text>').format(
            _LEFT + place * _STEP + 10, _HEAD - 5, name
        )
        for place, name in enumerate(columns)
    )
    frame = Markup('<path class="here" d="M{} {}h{}v{}h-{}z"/>').format(
        _LEFT + now * _STEP - 1, _HEAD - 1, _STEP + 1, len(rows) * _STEP + 1, _STEP + 1
    )
    return Markup(
        '<svg class="heat" viewBox="0 0 {} {}" width="{}" height="{}" role="img"><title>{}</title>{}{}{}{}</svg>'
    ).format(width, height, width * 4 // 3, height * 4 // 3, title, squares, frame, booked, earned)


def _level(amount: Decimal, most: Decimal) -> int:
    """1 to LEVELS by the root of the share: a few large contracts must not make all others pale."""
    share = (amount / most).sqrt() if most else _ZERO
    return min(LEVELS, int(share * LEVELS) + 1)


def round_number(most: Decimal) -> Decimal:
    """The largest of 1, 2 and 5 times a power of ten that is not above `most`."""
    if most <= 0:
        return _ZERO
    power = Decimal(1).scaleb(most.adjusted())
    return max(number for factor in (1, 2, 5) if (number := power * factor) <= most)


def short(amount: Decimal) -> str:
    """A round number in few letters: 2M, 500k."""
    for power, letter in ((12, "T"), (9, "B"), (6, "M"), (3, "k")):
        if abs(amount) >= Decimal(10) ** power:
            return f"{amount.scaleb(-power).normalize():f}{letter}"
    return f"{amount.normalize():f}"


def _px(length: Decimal | int) -> str:
    text = f"{Decimal(length).quantize(_TENTH, ROUND_DOWN):f}"
    return text.removesuffix(".0")
