"""tieout.toml: every key with its meaning and default. Paths and files of a workspace are in workspace.py."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from warehouse.errors import ConfigurationError

Mode = Literal["full", "incremental"]
Order = Literal["auto", "date", "number", "first_seen", "version"]
Cadence = Literal["daily", "weekdays", "weekly", "monthly"]
DeferOn = Literal["issue_date", "due_date", "cash_if_cancellable"]
Consequence = Literal["block", "warn", "off"]
"""block: the delivery is refused and nothing is computed; warn: it is used and told of; off: neither."""
EventName = Literal["blocked", "failed", "stale", "closed"]
SmtpSecurity = Literal["starttls", "tls", "none"]


def _exact(value: object) -> object:
    """Decimals come as text or integers: a TOML float has lost its decimal digits before we see it."""
    if isinstance(value, bool | float):
        raise ValueError('write it in quotes, as in "0.5"')
    if isinstance(value, int | str):
        try:
            value = Decimal(str(value).strip())
        except InvalidOperation as error:
            raise ValueError("it is no decimal number") from error
    if isinstance(value, Decimal) and (not value.is_finite() or value < 0):
        raise ValueError("it must be a number that is zero or more")
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('it must be an IANA time zone, as in "Europe/Berlin"') from error
    return value


def _rule(section: str) -> dict[str, Any]:
    """The rule of accounting.md that a setting belongs to."""
    return {"rule": section}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Section):
    """Who the figures are about."""

    name: str = Field(default="", description="Printed on reports.")
    reporting_currency: str = Field(
        default="USD",
        description="ISO 4217 code of the currency of reports.",
        json_schema_extra=_rule("§7 Currency"),
    )
    default_entity_id: str = Field(
        default="main", description="The one legal entity of a company that delivers no entities file."
    )
    functional_currency: str = Field(
        default="",
        description='Currency of that entity; "" is the reporting currency.',
        json_schema_extra=_rule("§7 Currency"),
    )
    time_zone: str = Field(
        default="UTC",
        description="Where the company's day ends: what `today` is for --as-of.",
        json_schema_extra=_rule("§1 Dates"),
    )

    @field_validator("reporting_currency", "functional_currency")
    @classmethod
    def _is_currency(cls, value: str, info: ValidationInfo) -> str:
        is_code = len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()
        if not is_code and (value or info.field_name == "reporting_currency"):
            raise ValueError('it must be three capital letters, as in "USD"')
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        return _zone(value)

    @property
    def default_entity_currency(self) -> str:
        return self.functional_currency or self.reporting_currency


def _override(example: object) -> Any:
    return Field(default=None, examples=[example], description="Instead of the policy of that name.")


class ObjectSettings(_Section):
    """How one object of a source system is delivered, where it differs from its connector.yml."""

    mode: Mode | None = Field(
        default=None,
        examples=["incremental"],
        description="full: the newest file is all there is; incremental: files add up.",
    )
    order: Order | None = Field(
        default=None,
        examples=["first_seen"],
        description="What decides which file is newer: auto (date in the name, else number, else first seen), "
        "date, number, first_seen, version.",
    )
    version_column: str | None = Field(
        default=None,
        examples=["updated_at"],
        description="With order = version: the column whose highest value is the newest row.",
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="File names that are not used, also if they were extracted before."
    )
    cadence: Cadence | None = Field(
        default=None,
        examples=["weekdays"],
        description="When files of an incremental series with dates in their names come: daily, weekdays, weekly, "
        "monthly; unset: learned from the series.",
    )
    no_delivery_on: tuple[str, ...] = Field(
        default=(),
        description='Days of such a series without a file, as in "2026-12-25" or "2026-12-24/2027-01-01".',
    )
    rows_fell: Consequence | None = _override("warn")
    money_fell: Consequence | None = _override("warn")
    zero_rows: Consequence | None = _override("warn")
    rows_jumped: Consequence | None = _override("off")
    money_jumped: Consequence | None = _override("off")
    column_emptied: Consequence | None = _override("warn")
    key_form_changed: Consequence | None = _override("warn")
    missing_delivery: Consequence | None = _override("block")
    stale_exports: Consequence | None = _override("warn")
    max_fall_percent: Exact | None = _override("50")
    max_jump_percent: Exact | None = _override("200")
    max_increment_fall_percent: Exact | None = _override("95")
    max_increment_jump_percent: Exact | None = _override("900")
    max_column_fall_percent: Exact | None = _override("99")
    min_known_keys_percent: Exact | None = _override("50")
    min_anomaly_rows: int | None = Field(
        default=None, ge=0, strict=True, examples=[1000], description="Instead of the policy of that name."
    )
    delivery_due_days: int | None = Field(
        default=None, ge=0, strict=True, examples=[3], description="Instead of the policy of that name."
    )
    freshness_hours: int | None = Field(
        default=None, ge=0, strict=True, examples=[0], description="Instead of the policy of that name."
    )

    @field_validator("no_delivery_on")
    @classmethod
    def _are_days(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            _days_of(value)
        return values

    @property
    def days_off(self) -> tuple[tuple[date, date], ...]:
        """First and last day of each time without a file."""
        return tuple(_days_of(value) for value in self.no_delivery_on)


def _days_of(text: str) -> tuple[date, date]:
    """A day, or the first and the last as an ISO 8601 interval."""
    first, _, last = text.partition("/")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise ValueError(f'{text!r} is no day like "2026-12-25" or "2026-12-24/2027-01-01"') from error
    if days[0] > days[1]:
        raise ValueError(f"{text!r} ends before it begins")
    return days


class SourceSettings(_Section):
    """One source system: a folder under exports/ and the connector of the same name."""

    enabled: bool | None = Field(
        default=None,
        strict=True,
        examples=[True],
        description="Whether it is used; unset: yes, if exports/<system>/ exists.",
    )
    objects: Mapping[str, ObjectSettings] = Field(default_factory=dict)


class DeliveryPolicies(_Section):
    """What follows where a delivery differs from those before it, or does not come; an object may decide otherwise.

    An increment varies by nature: what blocks a full export is only told of one, unless its object says `block`.
    """

    rows_fell: Consequence = Field(
        default="block",
        description="Where rows fall too far: block (the delivery is refused, nothing is computed), warn (it is used "
        "and told of) or off. Of an increment block means warn, unless its object says block.",
    )
    money_fell: Consequence = Field(
        default="block",
        description="Where money of a currency falls too far, disappears or changes its sign.",
    )
    zero_rows: Consequence = Field(
        default="block", description="Where there are no rows and the last delivery had some."
    )
    rows_jumped: Consequence = Field(default="warn", description="Where rows jump too far.")
    money_jumped: Consequence = Field(
        default="warn", description="Where money of a currency jumps too far, or its currency is new."
    )
    column_emptied: Consequence = Field(
        default="block", description="Where a column that had values has none, or far fewer."
    )
    key_form_changed: Consequence = Field(
        default="block", description="Where keys are written in another form: 00012 has become 12."
    )
    missing_delivery: Consequence = Field(
        default="warn", description="Where a dated incremental series has no file for a day."
    )
    stale_exports: Consequence = Field(
        default="block", description="Where the newest file of a system is older than freshness_hours."
    )
    max_fall_percent: Exact = Field(
        default=Decimal(20),
        description="By how many percent rows or money of a full export may fall against the last delivery.",
    )
    max_jump_percent: Exact = Field(default=Decimal(100), description="By how many percent they may jump.")
    max_increment_fall_percent: Exact = Field(
        default=Decimal(90),
        description="By how many percent rows or money of an increment may fall against the median of the eight "
        "before it (from the fifth on).",
    )
    max_increment_jump_percent: Exact = Field(
        default=Decimal(400), description="By how many percent they may exceed it."
    )
    max_column_fall_percent: Exact = Field(
        default=Decimal(90), description="By how many percent the filled share of a column may fall."
    )
    min_known_keys_percent: Exact = Field(
        default=Decimal(80), description="Share of keys that must be written in a form that was there before."
    )
    min_anomaly_rows: int = Field(
        default=50,
        ge=0,
        strict=True,
        description="Below so many rows nothing but the fall of a full export is judged: small numbers vary.",
    )
    delivery_due_days: int = Field(
        default=1, ge=0, strict=True, description="Days after its own by which a dated file must be there."
    )
    freshness_hours: int = Field(
        default=36,
        ge=0,
        strict=True,
        description="Age at which the newest file of a system is too old; 0 is off.",
    )


DELIVERY_RULES = tuple(
    name for name, one in DeliveryPolicies.model_fields.items() if one.default in typing.get_args(Consequence)
)
"""The rules about deliveries, each with a policy of its name; what they say stands in expectations/suites/files.yml."""


class Policies(DeliveryPolicies):
    """Decisions of the company. They are archived with every month that is published under them."""

    max_held_contracts_percent: Exact = Field(
        default=Decimal("0.5"),
        description="Quarantined and held contracts, in percent of all, up to which a month may be closed.",
        json_schema_extra=_rule("§2 Held versions"),
    )
    max_held_amount_percent: Exact = Field(
        default=Decimal("0.5"),
        description="The same for their contracted money, in percent of all.",
        json_schema_extra=_rule("§2 Held versions"),
    )
    control_total_tolerance: Exact = Field(
        default=Decimal(0),
        description="By how much a control total may differ from the sum of its lines, in the contract's currency.",
        json_schema_extra=_rule("§3 Transaction price"),
    )
    ssp_tolerance_percent: Exact = Field(
        default=Decimal(5),
        description="How far, in percent, the price of what an amendment adds may be from its stand-alone selling "
        "price to count as a separate contract.",
        json_schema_extra=_rule("§5 Treatment of amendments"),
    )
    defer_on: DeferOn = Field(
        default="issue_date",
        description="When an invoice counts in balances: issue_date, due_date, or cash_if_cancellable (under "
        "termination for convenience only as far as it is paid or earned). Billings are at the issue date in any case.",
        json_schema_extra=_rule("§6 When billing counts"),
    )
    stop_on_uncollectible: bool = Field(
        default=False,
        strict=True,
        description="Whether the contracts of a customer earn nothing further while an invoice of it is uncollectible. "
        "Where they go on, audit.earned_while_uncollectible lists what they earn.",
        json_schema_extra=_rule("§6 Uncollectible invoices"),
    )
    rpo_one_year_expedient: bool = Field(
        default=False,
        strict=True,
        description="Whether reported RPO leaves out contracts of an original term of one year or less; what is left "
        "out is told as rpo_exempt.",
        json_schema_extra=_rule("§7 Remaining performance obligations"),
    )
    max_rate_age_days: int = Field(
        default=7,
        ge=0,
        strict=True,
        description="How many days old an exchange rate may be on the day it is needed.",
        json_schema_extra=_rule("§7 Rates"),
    )
    unlinked_billing_tolerance: Exact = Field(
        default=Decimal(0),
        description="Billed money without a contract, in the reporting currency, up to which a month may be closed.",
        json_schema_extra=_rule("§9 E6 Nothing lost"),
    )
    ledger_tolerance: Exact = Field(
        default=Decimal(1),
        description="Differences to the general ledger that time alone does not clear, of one balance, in its "
        "currency, up to which a month may be closed.",
        json_schema_extra=_rule("§9 E9 Agreement with the general ledger"),
    )
    restatement_amount: Exact | None = Field(
        default=None,
        examples=["10000"],
        description="Corrections of one closed period above this, and above the percentage below, block the close; "
        "without it they never do.",
        json_schema_extra=_rule("§2 Closed periods never change"),
    )
    restatement_percent: Exact = Field(
        default=Decimal(5),
        description="In percent of what was published for that period.",
        json_schema_extra=_rule("§2 Closed periods never change"),
    )


def _day(value: object) -> object:
    """A day as TOML writes it, or the same in quotes; no time of day, and no number that would pass for one."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("it must be a day, as in 2026-12-31") from error
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("it must be a day, as in 2026-12-31")
    return value


def _said(value: object) -> object:
    """Text that says something."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("it must not be empty")
    return value.strip() if isinstance(value, str) else value


Said = Annotated[str, BeforeValidator(_said)]


class StandingWaiver(_Section):
    """A rule that blocks no close up to a day. It is published with every month it counts for."""

    rule: Said = Field(examples=["end_before_start"], description="The rule that is waived.")
    contract: Said | None = Field(
        default=None, examples=["K-2026-010"], description="Only the faults of this contract; unset: of all."
    )
    reason: Said = Field(examples=["mended in the CRM, ticket 4711"], description="Why; it is published.")
    approved_by: Said = Field(examples=["S. Chen, controller"], description="Who answers for it.")
    expires: Annotated[date, BeforeValidator(_day)] = Field(
        examples=[date(2026, 12, 31)], description="The last as-of day of a close for which it counts."
    )


class Engine(_Section):
    """The embedded engine. None of these changes a figure."""

    threads: int = Field(default=0, ge=0, strict=True, description="Threads to use; 0 is one a processor.")
    memory_limit: str = Field(
        default="4GB", pattern=r"^[0-9]+(\.[0-9]+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$",
        description="Memory it may take before it spills to disk.",
    )  # fmt: skip


class Schedule(_Section):
    """When the nightly job starts by itself in Dagster, and who answers for it. None of these changes a figure."""

    nightly: str = Field(
        default="0 4 * * *",
        description="When it starts: minute, hour, day of the month, month and weekday, as cron has them.",
    )
    time_zone: str = Field(default="", description='The time zone of these; "" is the company\'s.')
    settled_seconds: int = Field(
        default=60,
        ge=0,
        strict=True,
        description="How long new exports must have stood still before they start a run.",
    )
    owner: str = Field(
        default="team:finance-data",
        description="Who Dagster names as owner of every table: team:<name>, or an address.",
    )

    @field_validator("nightly")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9*/,\-A-Za-z]+( [0-9*/,\-A-Za-z#?]+){4}", value):
            raise ValueError('it must have five parts, as in "0 4 * * *"')
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        return _zone(value) if value else value

    @field_validator("owner")
    @classmethod
    def _is_owner(cls, value: str) -> str:
        if not re.fullmatch(r"team:\S.*|[^@\s]+@[^@\s]+\.[^@\s]+", value):
            raise ValueError('it must be a team or an address, as in "team:finance-data"')
        return value


class Lake(_Section):
    """How long the lake keeps what nothing stands on any more. None of this changes a figure."""

    keep_days: int | None = Field(
        default=None,
        ge=1,
        strict=True,
        examples=[400],
        description="Days after which `tieout prune` may delete the content of a delivery that a later one has "
        "replaced and that nothing published stands on; unset: it deletes nothing.",
    )


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"[^\s<>,;:@]+@[^\s<>,;:@]+")


def _variable(value: object) -> object:
    """The name of an environment variable; a secret itself never stands in a file that months archive."""
    if isinstance(value, str) and not _VARIABLE.fullmatch(value):
        raise ValueError(
            "it must be the name of an environment variable; the secret itself does not stand here"
        )
    return value


def _address(value: object) -> object:
    if isinstance(value, str) and not _ADDRESS.fullmatch(value):
        raise ValueError('it must be a plain address, as in "finance-data@example.com"')
    return value


Variable = Annotated[str, BeforeValidator(_variable)]
Address = Annotated[str, BeforeValidator(_address)]


class Channel(_Section):
    """Whom to tell of what happens unattended: a command, a webhook, or e-mail; one of them, as often as needed."""

    events: tuple[EventName, ...] = Field(
        default=typing.get_args(EventName), min_length=1, description="What it is told of."
    )
    command: tuple[str, ...] = Field(
        default=(),
        examples=[("/usr/local/bin/page-someone", "--team=finance-data")],
        description="A program and its arguments; it gets the event as JSON on standard input, and no shell.",
    )
    webhook_env: Variable | None = Field(
        default=None,
        examples=["TIEOUT_WEBHOOK"],
        description="The environment variable that holds the URL the event is posted to as JSON.",
    )
    email_to: tuple[Address, ...] = Field(
        default=(), examples=[("finance-data@example.com",)], description="Who gets an e-mail."
    )
    email_from: Address = Field(default="tieout@localhost", description="Its sender.")
    smtp_host: str = Field(default="localhost", description="The mail server.")
    smtp_port: int = Field(default=587, ge=1, le=65535, strict=True, description="Its port.")
    smtp_security: SmtpSecurity = Field(default="starttls", description="starttls, tls or none.")
    smtp_user: str = Field(default="", description='Who signs in there; "" is nobody.')
    smtp_password_env: Variable | None = Field(
        default=None,
        examples=["TIEOUT_SMTP_PASSWORD"],
        description="The environment variable with the password.",
    )
    timeout_seconds: int = Field(
        default=10, ge=1, le=300, strict=True, description="How long it may take; a run waits no longer."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Channel:
        if sum(map(bool, (self.command, self.webhook_env, self.email_to))) != 1:
            raise ValueError("it must have one of command, webhook_env and email_to")
        if bool(self.smtp_user) != bool(self.smtp_password_env):
            raise ValueError("smtp_user and smtp_password_env belong together")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("a password is never sent unencrypted: smtp_security must be starttls or tls")
        return self

    @property
    def kind(self) -> Literal["command", "webhook", "e-mail"]:
        return "command" if self.command else "webhook" if self.webhook_env else "e-mail"


class Settings(_Section):
    """The whole of tieout.toml."""

    company: Company = Field(default_factory=Company)
    sources: Mapping[str, SourceSettings] = Field(default_factory=dict)
    policies: Policies = Field(default_factory=Policies)
    waivers: tuple[StandingWaiver, ...] = ()
    engine: Engine = Field(default_factory=Engine)
    schedule: Schedule = Field(default_factory=Schedule)
    lake: Lake = Field(default_factory=Lake)
    notifications: tuple[Channel, ...] = ()

    def object_settings(self, system: str, name: str | None) -> ObjectSettings:
        source = self.sources.get(system)
        return source.objects.get(name or "", ObjectSettings()) if source else ObjectSettings()

    def delivery_policies(
        self, system: str, name: str | None, *, is_increment: bool = False
    ) -> DeliveryPolicies:
        """The policies for deliveries of one object: its own where it has some, else the company's.

        Without a name: the company's.
        """
        names = set(DeliveryPolicies.model_fields)
        general: dict[str, Any] = self.policies.model_dump(include=names)
        if is_increment:
            general |= {rule: "warn" for rule, value in general.items() if value == "block"}
        own = self.object_settings(system, name).model_dump(include=names, exclude_none=True)
        return DeliveryPolicies(**{**general, **own})

    @classmethod
    def load(cls, path: Path) -> Settings:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error
        return cls.parse(data, str(path))

    @classmethod
    def parse(cls, data: Mapping[str, Any], origin: str = "tieout.toml") -> Settings:
        return validated(cls, _with_objects(data), origin)


def _with_objects(data: Mapping[str, Any]) -> dict[str, Any]:
    """[sources.<system>.<object>] in the file is sources.<system>.objects.<object> in the model."""
    sources = data.get("sources")
    if not isinstance(sources, dict):
        return dict(data)
    return {**data, "sources": {system: _split_source(source) for system, source in sources.items()}}


def _split_source(source: Any) -> Any:
    if not isinstance(source, dict):
        return source
    objects = {key: value for key, value in source.items() if isinstance(value, dict)}
    plain = {key: value for key, value in source.items() if key not in objects}
    return {**plain, "objects": objects}


ModelT = typing.TypeVar("ModelT", bound=BaseModel)


def validated(model: type[ModelT], data: Any, origin: str) -> ModelT:
    """Data from a file as a model, or one sentence for every fault in it, naming the nearest known key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [_fault(model, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
        raise ConfigurationError(f"{origin}: {'; '.join(faults)}.") from error


def _fault(model: type[BaseModel], location: tuple[int | str, ...], kind: str, message: str) -> str:
    parts = [part for part in location if part != "objects" or location[0] != "sources"]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(
        "."
    )
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        return f"unknown key {key}{nearest(str(location[-1]), known)}"
    return f"{key}: {message.removeprefix('Value error, ')}"


def nearest(name: str, known: list[str]) -> str:
    """`, did you mean ...?` for a message about a name that is not known."""
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if matches:
        return f", did you mean {matches[0]}?"
    return f" (known: {', '.join(known)})" if known else ""


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys a model allows at a place, walked down through nested models and mappings of models."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = _plain(current.model_fields[str(part)].annotation)
        else:
            arguments = typing.get_args(current)
            current = _plain(arguments[0] if arguments[-1] is Ellipsis else arguments[-1])
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _plain(annotation: Any) -> Any:
    """The type without Annotated and without `| None`."""
    if typing.get_origin(annotation) is Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _plain(next(arg for arg in typing.get_args(annotation) if arg is not type(None)))
    return annotation


def template() -> str:
    """A tieout.toml that says what every key means and sets none: written from the models, never beside them."""
    parts = [
        "# The configuration of this workspace. Every key is shown with its default; take the # away to set it."
    ]
    sections = (
        ("company", Company), ("policies", Policies), ("engine", Engine), ("lake", Lake), ("schedule", Schedule)
    )  # fmt: skip
    for name, section in sections:
        parts.append(f"\n# {section.__doc__}\n[{name}]\n{_commented(section)}")
    parts.append(f"\n# {StandingWaiver.__doc__}\n# [[waivers]]\n{_commented(StandingWaiver)}")
    parts.append(f"\n# {Channel.__doc__}\n# [[notifications]]\n{_commented(Channel)}")
    parts.append(
        f"\n# {SourceSettings.__doc__}\n# [sources.files]\n{_commented(SourceSettings)}"
        f"\n\n# {ObjectSettings.__doc__}\n# [sources.files.contracts]\n{_commented(ObjectSettings)}"
    )
    return "\n".join(parts) + "\n"


def _commented(section: type[BaseModel]) -> str:
    lines: list[str] = []
    said = None
    for key, field in section.model_fields.items():
        if field.description:
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            examples = field.examples or []
            is_unset = default in (None, ()) and examples
            kind = "required" if field.is_required() else "unset by default"
            shown = f"{_toml(examples[0])}  # an example; {kind}" if is_unset else _toml(default)
            lines += [f"# {field.description}"] if field.description != said else []
            lines.append(f"# {key} = {shown}")
            said = field.description
    return "\n".join(lines)


@dataclass(frozen=True)
class DescribedSetting:
    """A key of tieout.toml with what is in force, and the rule of accounting it belongs to."""

    section: str
    name: str
    value: str
    default: str
    description: str
    rule: str


def described_settings(settings: Settings | None = None) -> list[DescribedSetting]:
    """Every key of the company, the policies and the engine; without settings, with the defaults in force."""
    current = settings or Settings()
    return [
        DescribedSetting(
            section,
            name,
            _shown(getattr(getattr(current, section), name)),
            _shown(field.get_default(call_default_factory=True)),
            field.description or "",
            _rule_of(name, field),
        )
        for section, model in (("company", Company), ("policies", Policies), ("engine", Engine))
        for name, field in model.model_fields.items()
    ]


def described_overrides(settings: Settings) -> list[DescribedSetting]:
    """What `[sources]` sets for a system or one of its objects."""
    return [
        DescribedSetting(
            f"sources.{place}",
            name,
            _shown(getattr(one, name)),
            "",
            field.description or "",
            _rule_of(name, field),
        )
        for system, source in settings.sources.items()
        for place, one in (
            (system, source),
            *((f"{system}.{name}", one) for name, one in source.objects.items()),
        )
        for name, field in type(one).model_fields.items()
        if name in one.model_fields_set and name != "objects"
    ]


def _rule_of(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict):
        return str(extra["rule"])
    return "the gate: deliveries" if name in DeliveryPolicies.model_fields else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return "none" if value is None else str(value) or '""'


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | date):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"'
