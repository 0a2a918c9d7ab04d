"""The rules as data: reads the shipped suites and a workspace's own. How a rule is tested is the gate's matter.

What a workspace may change is decided here, as an auditor would: a fault may become a warning, with a reason that
every run prints; what stops a run, what counts at all and what extraction finds are not a workspace's to change.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ConfigurationError

Severity = Literal["block", "quarantine", "warn", "excluded", "later"]
# How much a severity keeps out: lowering it lets records in that were kept out before.
STRENGTH: dict[str, int] = {"warn": 0, "later": 1, "excluded": 1, "quarantine": 2, "block": 3}
# Not used, and no fault.
LEFT_OUT = ("excluded", "later")

SHIPPED = Path(__file__).parent / "suites"
EVERY_ENTITY = "all"

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Rule(BaseModel):
    """One thing that must hold for every record of an entity, and what follows where it doesn't."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    severity: Severity
    sentence: str
    """What is wrong, in words for people; {column} stands for the record's value."""
    remedy: str
    condition: str | None = None
    """SQL over the check view: a record fails where it is false; where it is null it does not apply."""
    expectation: str | None = None
    """Instead of a condition: the class of a Great Expectations expectation, with its arguments."""
    kwargs: Mapping[str, Any] = Field(default_factory=dict)
    told_by: Literal["extraction", "gate"] | None = None
    """Found before there are records, by code; the rule stands in its suite all the same."""
    amount: str = "held_amount"
    """Column of the money that the record holds back, in held_currency."""
    reason: str | None = None
    """Why a workspace lowers or rewrites a shipped rule, or leaves records out; printed with every run."""
    entity: str = ""
    file: str = ""
    """The workspace's file it stands in."""
    is_shipped: bool = True

    @model_validator(mode="after")
    def _has_one_test(self) -> Rule:
        tests = [test for test in (self.condition, self.expectation, self.told_by) if test is not None]
        if len(tests) != 1:
            raise ValueError("it needs a condition or an expectation, one of them")
        if self.expectation is None and self.kwargs:
            raise ValueError("it has kwargs but no expectation")
        return self

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Columns that the sentence quotes."""
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(self.sentence)))

    @property
    def title(self) -> str:
        """The sentence without a record: an ellipsis stands for each of its values."""
        return _PLACEHOLDER.sub("…", self.sentence)

    def sentence_parts(self) -> list[tuple[str, bool]]:
        """The sentence cut into text (False) and columns (True)."""
        parts = _PLACEHOLDER.split(self.sentence)
        return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


class Suite(BaseModel):
    """The rules of one entity, as its file holds them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    has_common_rules: bool = True
    money: str = ""
    """What a record of it holds back, in words; how it is computed is its check view's held_amount."""
    rules: tuple[Mapping[str, Any], ...]


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """All shipped rules, those of every entity among them once an entity."""
    suites = {path.stem: _read(path) for path in sorted(SHIPPED.glob("*.yml"))}
    common = suites.pop(EVERY_ENTITY)
    rules = []
    for name, suite in suites.items():
        shared = common.rules if suite.has_common_rules else ()
        rules += [
            _rule({**data, "entity": suite.entity}, SHIPPED / f"{name}.yml")
            for data in (*shared, *suite.rules)
        ]
    return tuple(rules)


def common_rule_ids() -> tuple[str, ...]:
    """The ids of the rules that hold for every entity."""
    return tuple(str(data["id"]) for data in _read(SHIPPED / f"{EVERY_ENTITY}.yml").rules)


def money_of_entities() -> dict[str, str]:
    """What a record of each entity holds back, in words, where it has any money."""
    suites = [_read(path) for path in sorted(SHIPPED.glob("*.yml"))]
    return {suite.entity: suite.money for suite in suites if suite.money}


def rules_of(folder: Path | None = None) -> tuple[Rule, ...]:
    """The shipped rules as a workspace's folder `expectations` adds to them or tunes them."""
    rules = {(rule.entity, rule.id): rule for rule in shipped_rules()}
    paths = sorted(folder.glob("*.yml")) if folder is not None and folder.is_dir() else []
    for path in paths:
        suite = _read(path)
        entities = _entities(suite.entity, path)
        for data in suite.rules:
            for entity in entities:
                key = (entity, str(data.get("id")))
                rules[key] = _tuned(rules.get(key), {**data, "entity": entity}, path)
    return tuple(rules.values())


def lowered_rules(rules: Iterable[Rule]) -> list[Rule]:
    """The workspace's rules that had to give a reason: they let more in, or leave more out, than the shipped ones."""
    shipped = {(rule.entity, rule.id): rule for rule in shipped_rules()}
    return [
        rule
        for rule in rules
        if not rule.is_shipped and _asks_a_reason(shipped.get((rule.entity, rule.id)), rule)
    ]


def _read(path: Path) -> Suite:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} declares no rules.", "See the shipped suites for the form.")
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_faults(error, Suite)}.") from error


def _rule(data: Mapping[str, Any], path: Path) -> Rule:
    try:
        return Rule.model_validate(data)
    except ValidationError as error:
        name = data.get("id", "without an id")
        raise ConfigurationError(f"{path}: rule {name}: {_faults(error, Rule)}.") from error


def _tuned(shipped: Rule | None, data: Mapping[str, Any], path: Path) -> Rule:
    """A workspace's rule: a new one, or a shipped one with what the workspace changes in it."""
    own = {**data, "is_shipped": False, "file": str(path)}
    if "told_by" in data:
        raise ConfigurationError(f"{path}: rule {data.get('id')}: unknown key told_by.")
    if shipped is None:
        _require_test(data, path)
        rule = _rule(own, path)
    else:
        kept = shipped.model_dump()
        if {"condition", "expectation"} & data.keys():
            kept |= {"condition": None, "expectation": None, "kwargs": {}}
        rule = _rule({**kept, **own}, path)
        _require_changeable(shipped, rule, path)
    if _asks_a_reason(shipped, rule) and not rule.reason:
        what = "is weakened" if shipped else f"leaves records out as {rule.severity}"
        raise ConfigurationError(
            f"{path}: rule {rule.id} of {rule.entity} {what} without a reason.",
            "Give it a `reason`; it is listed with every run and printed on what is published.",
        )
    return rule


def _require_test(data: Mapping[str, Any], path: Path) -> None:
    """A rule without a test can only tune a shipped one, so its id is likely misspelt."""
    if {"condition", "expectation"} & data.keys() or not data.keys() <= Rule.model_fields.keys():
        return
    entity, name = str(data["entity"]), str(data.get("id"))
    known = [rule.id for rule in shipped_rules() if rule.entity == entity]
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise ConfigurationError(
        f"{path}: {entity} has no rule {name} to tune, and a new one needs a condition or an expectation{hint}"
    )


def _require_changeable(shipped: Rule, rule: Rule, path: Path) -> None:
    """What no reason makes up for."""
    place = f"{path}: rule {rule.id} of {rule.entity}"
    is_lowered = STRENGTH[rule.severity] < STRENGTH[shipped.severity]
    if shipped.told_by is not None:
        raise ConfigurationError(
            f"{place} is found before there are records, and is not changed here.",
            "What it allows is set in tieout.toml, under [policies] and [sources].",
        )
    if shipped.severity == "block" and (is_lowered or _is_rewritten(shipped, rule)):
        raise ConfigurationError(
            f"{place} stops every run, because all figures stand on what it tests; it can't be weakened.",
            "Correct the records it names.",
        )
    if shipped.severity in LEFT_OUT and (rule.severity != shipped.severity or _is_rewritten(shipped, rule)):
        raise ConfigurationError(
            f"{place} says what counts at all; that is accounting, and no workspace changes it.",
            "Let the connector say what the source system means by such records.",
        )
    if shipped.severity == "quarantine" and rule.severity in LEFT_OUT:
        raise ConfigurationError(
            f"{place} is a fault, which is never left out as {rule.severity}.",
            "Set severity: warn, with a reason.",
        )


def _asks_a_reason(shipped: Rule | None, rule: Rule) -> bool:
    """Whether it lets in what was kept out, or leaves out what was used."""
    if shipped is None or shipped.severity == "warn":
        return rule.severity in LEFT_OUT
    return STRENGTH[rule.severity] < STRENGTH[shipped.severity] or _is_rewritten(shipped, rule)


def _is_rewritten(shipped: Rule, rule: Rule) -> bool:
    return (shipped.condition, shipped.expectation, dict(shipped.kwargs)) != (
        rule.condition,
        rule.expectation,
        dict(rule.kwargs),
    )


def _entities(name: str, path: Path) -> list[str]:
    known = sorted({rule.entity for rule in shipped_rules()})
    if name == EVERY_ENTITY:
        return sorted({rule.entity for rule in shipped_rules() if rule.id == "required_value_missing"})
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f", did you mean {nearest[0]}?" if nearest else f" (known: {', '.join(known)})"
        raise ConfigurationError(f"{path}: there is no entity {name}{hint}.")
    return [name]


def _faults(error: ValidationError, model: type[BaseModel]) -> str:
    return "; ".join(_fault(one, model) for one in error.errors())


def _fault(fault: Any, model: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(name, list(model.model_fields), n=1)
        return f"unknown key {name}" + (f", did you mean {nearest[0]}?" if nearest else "")
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
