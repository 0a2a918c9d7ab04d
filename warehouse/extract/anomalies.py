"""A delivery against those before it. What should have come and did not is in overdue.py, faults of one file alone
are the readers' matter.

Everything is said from what the journal keeps of deliveries, so a repeated run says the same. A full export is
compared with the last one, an increment with the median of those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal, localcontext
from functools import cached_property
from itertools import islice
from statistics import median_low

from warehouse.extract.findings import FileFinding
from warehouse.extract.order import Delivery, Ordered
from warehouse.extract.profile import KeyForm, KeyForms
from warehouse.settings import DeliveryPolicies, Settings

USUAL = 8
"""How many deliveries say what is usual for an increment."""
FEWEST_USUAL = 4
ROWS = "rows"
# Padded keys that are fewer than this, in percent, are single oddities; numbers of a fixed width have more.
_PADDED_PERCENT = 5
_CENT = Decimal("0.01")
# Sums of 38 digits are compared and divided without rounding them first.
_EXACT = Context(prec=100)


def judged(settings: Settings, order: Ordered) -> dict[int, list[FileFinding]]:
    """What is odd about each delivery in force, by its place in the journal, with the severity of the policy."""
    current = order.current
    found: dict[int, list[FileFinding]] = {}
    policies: DeliveryPolicies | None = None
    for place, one in enumerate(current):
        is_increment = one.mode == "incremental"
        policies = policies or settings.delivery_policies(one.system, one.object, is_increment=is_increment)
        earlier = current[:place] if is_increment else _last(order, one)
        found[one.seq] = _Comparison(policies, one, earlier).findings() if earlier else []
    return found


@dataclass(frozen=True)
class _Measure:
    """Rows, or the money of a currency: what is usual, and what it is now."""

    kind: str
    unit: str
    usual: Decimal
    now: Decimal
    added: Decimal = Decimal(0)
    """Of a full export: turnover that came since the last one. So much of a fall may be credits and reductions."""

    @property
    def growth(self) -> Decimal:
        """Away from zero: a total of credits grows downwards."""
        return self.usual - self.now if self.usual < 0 else self.now - self.usual

    def figure(self, number: Decimal) -> str:
        """A count as it is; money with two decimals, or as many as it needs."""
        if self.kind == ROWS:
            return f"{number:,f}"
        cents = number.quantize(_CENT)
        return f"{cents if cents == number else number.normalize():,f}"


def _last(order: Ordered, one: Delivery) -> Sequence[Delivery]:
    last = order.before(one)
    return () if last is None else (last,)


@dataclass(frozen=True)
class _Comparison:
    """One delivery, those before it (of a full export: the last), and the policies for both."""

    policies: DeliveryPolicies
    new: Delivery
    earlier: Sequence[Delivery]

    def findings(self) -> list[FileFinding]:
        with localcontext(_EXACT):
            return sorted({finding for finding in self._all() if finding is not None}, key=str)

    def _all(self) -> Iterator[FileFinding | None]:
        if not self.new.rows:
            yield self._zero_rows()
            return
        yield from self._sizes()
        yield from self._columns()
        yield from self._keys()

    @property
    def is_increment(self) -> bool:
        return self.new.mode == "incremental"

    @property
    def last(self) -> Delivery:
        return self.earlier[-1]

    @cached_property
    def window(self) -> Sequence[Delivery]:
        """The deliveries that say what is usual: the last ones with rows."""
        filled = (one for one in reversed(self.earlier) if one.rows)
        return list(islice(filled, USUAL))[::-1]

    @property
    def basis(self) -> str:
        """What it is compared with, in words."""
        if not self.is_increment:
            return f"the last delivery, {self.last.path}"
        count = len(self.window)
        return (
            f"the {count} deliveries before it" if count > 1 else f"the delivery before it, {self.last.path}"
        )

    def _told(self, rule: str, what: str, limit: str = "") -> FileFinding | None:
        """A finding, unless its policy is `off`; `limit` names the policy that set the figure."""
        severity = getattr(self.policies, rule)
        if severity == "off":
            return None
        section = f"[sources.{self.new.system}.{self.new.object}]"
        if severity == "block":
            remedy = (
                f'Export it again. If it is right, let it in once: {rule} = "warn" under {section} for one run, '
                f"or --waive {rule} at a close."
            )
        else:
            raised = f"change {limit}, or set " if limit else ""
            remedy = f'Ask the owner of the source. If it is usual, {raised}{rule} = "off" under {section}.'
        return FileFinding(rule, severity, self.new.path, what, remedy, self.new.system, self.new.object)

    def _zero_rows(self) -> FileFinding | None:
        if not self.last.rows:
            return None
        what = f"{self.new.path} has no rows; the last delivery, {self.last.path}, had {self.last.rows:,}."
        return self._told("zero_rows", what)

    # --- rows and money --------------------------------------------------------------------------

    def _sizes(self) -> Iterator[FileFinding | None]:
        window = self.window
        if not window or (self.is_increment and len(window) < FEWEST_USUAL):
            return
        usual = median_low([one.rows for one in window])
        least = self.policies.min_anomaly_rows
        # A full export may not lose a fifth of its ten rows either; only growth and increments need numbers.
        may_fall = not self.is_increment or usual >= least
        may_jump = max(usual, self.new.rows) >= least
        for measure in (_Measure(ROWS, ROWS, Decimal(usual), Decimal(self.new.rows)), *self._money()):
            if may_fall:
                yield self._fall(measure)
            if may_jump:
                yield self._jump(measure)

    def _money(self) -> Iterator[_Measure]:
        currencies = {*self.new.profile.money, *(name for one in self.window for name in one.profile.money)}
        for currency in sorted(currencies):
            usual = median_low([_amount(one, currency) for one in self.window])
            yield _Measure("money", currency, usual, _amount(self.new, currency), self._added(currency))

    def _added(self, currency: str) -> Decimal:
        before, now = self.last.profile.turnover, self.new.profile.turnover
        if self.is_increment or currency not in before:
            return Decimal(0)
        return Decimal(now.get(currency, "0")) - Decimal(before[currency])

    def _fall(self, measure: _Measure) -> FileFinding | None:
        name = "max_increment_fall_percent" if self.is_increment else "max_fall_percent"
        limit = getattr(self.policies, name)
        is_small = -measure.growth * 100 <= abs(measure.usual) * limit
        if not measure.usual or is_small or -measure.growth <= measure.added:
            return None
        note = ", changing its sign," if measure.usual * measure.now < 0 else ""
        text = f"{self._change('falls', measure, note)}; {name} allows {_plain(limit)} %."
        return self._told(f"{measure.kind}_fell", text, name)

    def _jump(self, measure: _Measure) -> FileFinding | None:
        name = "max_increment_jump_percent" if self.is_increment else "max_jump_percent"
        limit = getattr(self.policies, name)
        if not measure.usual:
            return self._appears(measure)
        if measure.growth * 100 <= abs(measure.usual) * limit:
            return None
        text = f"{self._change('jumps', measure)}; {name} allows {_plain(limit)} %."
        return self._told(f"{measure.kind}_jumped", text, name)

    def _appears(self, money: _Measure) -> FileFinding | None:
        """Money where there was none: a currency that only some increments have is not new in the next one."""
        if not money.now or any(_amount(one, money.unit) for one in self.earlier):
            return None
        what = money.unit or "money"
        text = f"{self.new.path} has {money.figure(money.now)} of {what}; there was none in {self.basis}."
        return self._told("money_jumped", text)

    def _change(self, verb: str, measure: _Measure, note: str = "") -> str:
        against = f"the median of {self.basis}" if self.is_increment else self.basis
        percent = abs(measure.growth) * 100 / abs(measure.usual)
        return (
            f"{self.new.path} {verb} from {measure.figure(measure.usual)} to {measure.figure(measure.now)} "
            f"{measure.unit}".rstrip()
            + f"{note} against {against}: by {_plain(percent.quantize(_CENT, ROUND_UP))} %"
        )

    # --- columns ---------------------------------------------------------------------------------

    def _columns(self) -> Iterator[FileFinding | None]:
        known = [one for one in self.window if one.profile.filled is not None]
        filled = self.new.profile.filled
        policies = self.policies
        if filled is None or not known or self.new.rows < policies.min_anomaly_rows:
            return
        rows = sum(one.rows for one in known)
        before: dict[str, int] = {}
        for one in known:
            for column, count in (one.profile.filled or {}).items():
                before[column] = before.get(column, 0) + count
        for column, count in sorted(before.items()):
            now = filled.get(column, 0)
            is_emptied = (count * self.new.rows - now * rows) * 100 > (
                count * self.new.rows * policies.max_column_fall_percent
            )
            if count >= policies.min_anomaly_rows and is_emptied:
                text = (
                    f"{self.new.path}: column {column} is filled in {now:,} of {self.new.rows:,} rows "
                    f"({_share(now, self.new.rows)} %); in {self.basis}, in {count:,} of {rows:,} "
                    f"({_share(count, rows)} %); max_column_fall_percent is "
                    f"{_plain(policies.max_column_fall_percent)}."
                )
                yield self._told("column_emptied", text, "max_column_fall_percent")

    # --- keys ------------------------------------------------------------------------------------

    def _keys(self) -> Iterator[FileFinding | None]:
        if self.new.rows < self.policies.min_anomaly_rows:
            return
        for column, forms in sorted(self.new.profile.key_forms.items()):
            # What is usual knows nearly every key; only where it doesn't all deliveries are asked.
            known = _forms_of(column, self.window)
            if known is not None and not self._are_known(forms, known):
                known = _forms_of(column, self.earlier) or known
                if not self._are_known(forms, known):
                    yield self._key_form_changed(column, forms, known)

    def _are_known(self, forms: KeyForms, known: KeyForms) -> bool:
        return _known_rows(forms, known) * 100 >= forms.rows * self.policies.min_known_keys_percent

    def _key_form_changed(self, column: str, forms: KeyForms, known: KeyForms) -> FileFinding | None:
        fresh = next((one for one in forms.forms if not _is_known(one, forms, known)), None)
        now = f"{fresh.form}, as {fresh.example}" if fresh else "in many forms"
        usual = known.forms[0]
        text = (
            f"{self.new.path}: {_share(_known_rows(forms, known), forms.rows)} % of the values of {column} are written "
            f"as in {self.basis}; min_known_keys_percent is {_plain(self.policies.min_known_keys_percent)}. "
            f"They were written {usual.form}, as {usual.example}; now {now}."
        )
        return self._told("key_form_changed", text, "min_known_keys_percent")


def _forms_of(column: str, deliveries: Iterable[Delivery]) -> KeyForms | None:
    """All forms a key had in these deliveries, if it had any: free text has none to change."""
    profiles = [one.profile.key_forms[column] for one in deliveries if column in one.profile.key_forms]
    found: dict[str, KeyForm] = {}
    for one in (one for forms in profiles for one in forms.forms):
        same = found.get(one.form)
        found[one.form] = one if same is None else same.with_more(one)
    ranked = tuple(sorted(found.values(), key=lambda one: (-one.rows, one.form)))
    union = KeyForms(sum(forms.rows for forms in profiles), ranked)
    return union if union.is_formed else None


def _known_rows(forms: KeyForms, known: KeyForms) -> int:
    return sum(one.rows for one in forms.forms if _is_known(one, forms, known))


def _is_known(one: KeyForm, own: KeyForms, known: KeyForms) -> bool:
    """Whether keys were written so before. Padded numbers that reach their full width have no zeros, and no need."""
    if own.is_coarse or known.is_coarse:
        return one.coarse in {other.coarse for other in known.forms}
    if any(other.form == one.form and one.shortest >= other.shortest for other in known.forms):
        return True
    alike = [other for other in known.forms if other.unpadded == one.unpadded]
    padded = [other for other in alike if other.is_padded]
    is_fixed = sum(other.rows for other in padded) * 100 >= _PADDED_PERCENT * sum(
        other.rows for other in alike
    )
    if padded and is_fixed:
        return one.shortest >= min(other.shortest for other in padded)
    return any(other.form == one.form for other in alike)


def accepted(findings: Iterable[FileFinding]) -> list[FileFinding]:
    """How they are told of a delivery that is in force, as long as it is: nobody is asked about it again."""
    return [
        replace(one, severity="warn", message=f"{one.message} It was let in.", remedy=None)
        if one.severity == "block"
        else one
        for one in findings
    ]


def _amount(delivery: Delivery, currency: str) -> Decimal:
    return Decimal(delivery.profile.money.get(currency, "0"))


def _plain(number: Decimal) -> str:
    """All its digits without trailing zeros; `normalize` would keep 28 of them."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _share(part: int, whole: int) -> str:
    """In percent, rounded down: what is short of a limit never looks as if it reached it."""
    return _plain((Decimal(part) * 100 / whole).quantize(_CENT, ROUND_DOWN))


def totals(rows: Iterable[tuple[str | None, Decimal]]) -> Mapping[str, str]:
    """Money by currency as the journal keeps it: exact text, without the zeros of its type."""
    return {currency or "": _plain(amount) for currency, amount in rows}
