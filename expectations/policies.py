"""The policies of a workspace as a page: what counts, how revenue is recognized, and every threshold in force.

Written from the suites, the settings and a count of the last run's lines. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expectations.pages import Section, Setting, changes, html_page
from expectations.suites import LEFT_OUT, Rule

METHODS = {
    "ratable": "evenly over the service, by a convention",
    "point_in_time": "as goods are delivered: delivered less returned ÷ ordered",
    "on_start": "all of it on the first day",
    "percent_complete": "by the latest percentage, or by cost to date ÷ cost at completion",
    "milestone": "as milestones are reached",
    "usage": "as it is used; contracted grows with it, so it is never backlog",
    "drawdown": "as a commitment is used; the rest on its last day, what is used beyond it as usage",
    "as_invoiced": "each invoice line over its service period, without one at its issue date",
}
CONVENTIONS = {
    "monthly": "a whole calendar month weighs 1, a partial one its days",
    "daily": "every day weighs the same",
    "half_month": "a partial first or last month weighs ½",
    "full_month": "the month of the start and those after it weigh 1, as many as the term has",
    "mid_month": "as full_month; a start after the 15th counts from the next month",
    "even_period": "every month that the service touches weighs 1",
}

_INTRODUCTION = (
    "What this workspace computes by, as of the last run. § are sections of accounting.md, the rule book; a published "
    "month keeps the policies it was published under in its own folder."
)
_HEADINGS = ("setting", "in force", "default", "meaning", "belongs to")


@dataclass(frozen=True)
class Workspace:
    """What the page is about."""

    rules: Sequence[Rule]
    settings: Sequence[Setting]
    overrides: Sequence[Setting]
    """What systems and their objects have in place of a policy."""
    waivers: Sequence[Sequence[str]]
    """Rule, contract, reason, approver and last day of every standing waiver."""
    left_out: Mapping[tuple[str, str], int]
    """Records of an entity that a rule of it leaves out now, without those that fall with them."""
    lines: Mapping[tuple[str, str], int]
    """Contract lines by method and convention."""


def policy_page(workspace: Workspace, title: str) -> str:
    """The page as HTML."""
    return html_page(title, _INTRODUCTION, _sections(workspace))


def _sections(workspace: Workspace) -> list[Section]:
    changed = [one for one in workspace.settings if one.value != one.default]
    return [
        Section(
            "Set by this workspace",
            "" if changed else "Nothing: every setting is at its default.",
            _HEADINGS,
            _rows(changed),
        ),
        *_optional("Set for a system or one of its objects", workspace.overrides),
        *changes(workspace.rules),
        Section(
            "Standing waivers",
            "" if workspace.waivers else "None.",
            ("rule", "contract", "reason", "approved by", "expires"),
            workspace.waivers,
        ),
        _what_counts(workspace),
        *_recognition(workspace.lines),
        *(
            Section(f"Every setting of [{section}]", "", _HEADINGS, _rows(own))
            for section in dict.fromkeys(one.section for one in workspace.settings)
            if (own := [one for one in workspace.settings if one.section == section])
        ),
    ]


def _rows(settings: Sequence[Setting]) -> list[tuple[str, ...]]:
    return [
        (f"`{one.section}.{one.name}`", one.value, one.default, one.description, one.rule) for one in settings
    ]


def _optional(title: str, settings: Sequence[Setting]) -> list[Section]:
    return [Section(title, "", _HEADINGS, _rows(settings))] if settings else []


def _what_counts(workspace: Workspace) -> Section:
    """The rules by which a record is no fault and still not in the figures; with what they leave out now."""
    rows = [
        (
            f"`{rule.entity}.{rule.id}`",
            rule.severity,
            rule.title,
            f"{workspace.left_out.get((rule.entity, rule.id), 0):,}",
        )
        for rule in workspace.rules
        if rule.severity in LEFT_OUT
    ]
    note = (
        "A contract counts from its signed date on; its status never starts or ends revenue, its dates do. "
        "What follows is left out, or not counted yet."
    )
    return Section(
        "Which contracts and documents count", note, ("rule", "fate", "what is said", "records now"), rows
    )


def _recognition(lines: Mapping[tuple[str, str], int]) -> list[Section]:
    """Methods and conventions with the lines that go by them: a line's own, else its product's."""
    by_method = {
        name: sum(count for (method, _), count in lines.items() if method == name) for name in METHODS
    }
    note = "A line's own recognition_method and recognition_convention count, else those of its product (§4)."
    heads = ("recognized", "meaning", "contract lines")
    return [
        Section("Recognition methods", note, heads, _used(METHODS, by_method)),
        Section(
            "Ratable conventions",
            "monthly where neither the line nor its product says one.",
            heads,
            _used(CONVENTIONS, {name: lines.get(("ratable", name), 0) for name in CONVENTIONS}),
        ),
    ]


def _used(meanings: Mapping[str, str], counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    return [(f"`{name}`", meaning, f"{counts[name]:,}") for name, meaning in meanings.items()]
