"""The rules as a page for people: every rule with its sentence, remedy and money, as Markdown and as HTML.

Written from the suites and the policies alone, so that page and gate cannot differ. It reads no records.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from expectations.suites import Rule, common_rule_ids, lowered_rules, money_of_entities

_SEVERITIES = {
    "block": "the run or the close stops; nothing that readers see changes",
    "quarantine": "the record and its whole contract are held out of the facts, and listed",
    "warn": "used, and listed",
    "excluded": "not used by a rule of business, and no fault",
    "later": "not used yet: it is dated after the day the run stands on",
}
_ORDER = list(_SEVERITIES)
_HEADINGS = ("rule", "outcome", "what is said", "what to do")

# A test runs it (tests/unit/test_pages.py).
EXAMPLE = """\
# expectations/contracts.yml in the workspace
entity: contracts
rules:
  # a new rule: `condition` is SQL over the columns of the check view; a record fails where it is false
  - id: deep_discount
    severity: quarantine
    sentence: "over {total_amount} {currency}, without a number of its own"
    remedy: Ask sales for the signed copy.
    condition: total_amount < 1000000 or contract_number is not null
  # a shipped rule that becomes a warning: only with a reason, which every run prints
  - id: control_total_differs
    severity: warn
    reason: until March the CRM rounds totals to whole dollars; agreed with the auditors
"""

_INTRODUCTION = (
    "What is let in, what is held back and what stops the run. A record may fail several rules; it has one fate. "
    "Values in a sentence are those of the record; … stands for them here."
)
_TUNING = (
    "A file in the workspace's folder `expectations/` adds rules to an entity, or changes shipped ones by their id; "
    "what it leaves out stays as shipped. Making a rule stricter, or its words clearer, needs nothing more. A "
    "rule of severity quarantine can become a warning, or be tested in another way, with a `reason`; a new rule "
    "that leaves records out (excluded, later) needs one as well. Every run lists them as `rule_weakened`. "
    "Rules that block, rules that say what counts at all, and rules about files are not a workspace's to weaken: "
    "what they allow is set by the policies of tieout.toml."
)


@dataclass(frozen=True)
class Setting:
    """A key of tieout.toml, as settings describe it."""

    section: str
    name: str
    value: str
    default: str
    description: str
    rule: str
    """The rule of accounting.md it belongs to."""


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, and a table under it."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def markdown(rules: Iterable[Rule], policies: Sequence[Setting]) -> str:
    """The page of rules as Markdown, with the policies that set what they allow."""
    parts = [f"# The rules of the gate\n\n{_INTRODUCTION}\n"]
    for section in [*_sections(rules), _policies(policies)]:
        parts.append(f"## {section.title}\n")
        if section.note:
            parts.append(f"{section.note}\n")
        if section.rows:
            parts.append(_markdown_table(section))
    parts.append(f"## A workspace's own rules\n\n{_TUNING}\n\n```yaml\n{EXAMPLE}```\n")
    return "\n".join(parts)


def page(rules: Iterable[Rule], title: str) -> str:
    """The page of rules as HTML."""
    tuning = f"<h2>A workspace's own rules</h2><p>{html.escape(_TUNING)}</p><pre>{html.escape(EXAMPLE)}</pre>"
    return html_page(title, _INTRODUCTION, _sections(rules), tuning)


def html_page(title: str, introduction: str, sections: Iterable[Section], end: str = "") -> str:
    """Sections as HTML that loads nothing and runs nothing; `end` is HTML already."""
    body = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(introduction)}</p>"]
    for section in sections:
        body.append(f"<h2>{html.escape(section.title)}</h2>")
        if section.note:
            body.append(f"<p>{html.escape(section.note)}</p>")
        if section.rows:
            body.append(_html_table(section))
    body.append(end)
    return _PAGE.format(title=html.escape(title), style=STYLE, policy=POLICY, body="\n".join(body))


def _sections(rules: Iterable[Rule]) -> list[Section]:
    """Outcomes, what the workspace changed, and the rules entity by entity."""
    everything = list(rules)
    common = common_rule_ids()
    shared = {rule.id: rule for rule in everything if rule.id in common and rule.is_shipped}
    own = [rule for rule in everything if rule.id not in shared or not rule.is_shipped]
    sections = [
        Section("Outcomes", "", ("outcome", "what follows"), list(_SEVERITIES.items())),
        *changes(everything),
        _entity("Every entity", [shared[name] for name in common if name in shared]),
    ]
    by_entity = attrgetter("entity")
    money = money_of_entities()
    for entity, found in groupby(sorted(own, key=by_entity), key=by_entity):
        note = f"Money held back: {money[entity]}." if entity in money else ""
        ordered = sorted(found, key=lambda rule: _ORDER.index(rule.severity))
        sections.append(_entity(entity, ordered, note))
    return sections


def _policies(policies: Sequence[Setting]) -> Section:
    rows = [(f"`{one.name}`", one.default, one.description, one.rule) for one in policies]
    note = "Thresholds of rules and of the close gate, under `[policies]` in tieout.toml."
    return Section("Policies", note, ("policy", "default", "meaning", "belongs to"), rows)


def changes(rules: Sequence[Rule]) -> list[Section]:
    lowered = lowered_rules(rules)
    if not lowered:
        return []
    rows = [(f"`{one.entity}.{one.id}`", one.severity, str(one.reason)) for one in lowered]
    return [Section("Weakened by this workspace", "", ("rule", "now", "reason"), rows)]


def _entity(title: str, rules: Iterable[Rule], note: str = "") -> Section:
    return Section(title, note, _HEADINGS, [_row(rule) for rule in rules])


def _row(rule: Rule) -> tuple[str, ...]:
    mark = "" if rule.is_shipped else " (this workspace's)"
    return (f"`{rule.id}`{mark}", rule.severity, rule.title, rule.remedy)


def _markdown_table(section: Section) -> str:
    lines = [f"| {' | '.join(section.headings)} |", f"|{' --- |' * len(section.headings)}"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in section.rows]
    return "\n".join(lines) + "\n"


def _html_table(section: Section) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in section.headings)
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in section.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    """Escaped; what stands in backquotes is code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


# Nothing is loaded from elsewhere and nothing runs, whatever stands in a record.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 76rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; border-bottom: 2px solid #999; }
th, td { padding: .35rem .7rem .35rem 0; vertical-align: top; } td { border-bottom: 1px solid #ddd; }
td:first-child code { white-space: nowrap; }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: #f5f5f3; padding: 1rem; white-space: pre-wrap; } a { color: #14558f; }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def index(links: Mapping[str, str], title: str) -> str:
    """A page of links: text -> where it leads."""
    items = "".join(
        f'<li><a href="{html.escape(to)}">{html.escape(text)}</a></li>' for text, to in links.items()
    )
    body = f"<h1>{html.escape(title)}</h1><ul>{items}</ul>"
    return _PAGE.format(title=html.escape(title), style=STYLE, policy=POLICY, body=body)
