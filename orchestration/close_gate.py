"""What a close asks for beyond a run: few enough contracts held back, no unexplained restatement, all equations.
Every threshold is a policy of tieout.toml; the amounts were computed by the models."""

from collections.abc import Sequence
from decimal import Decimal

from orchestration.findings import Finding
from warehouse.engine import Connection
from warehouse.printing import amount_text
from warehouse.settings import Policies
from warehouse.workspace import RunContext

EXAMPLES = 5
REMEDY = (
    "This is a fault of the program or of the warehouse file: run `tieout run --full-refresh`; "
    "if it stays, report it with the lines above."
)
EQUATION_REMEDIES = {
    "E6": "Where a row is named, its connector gives another amount than the row states, by more than rounding: "
    "mend the SQL of the connector or `money` in its connector.yml (its currency decides what rounding is). "
    f"Else: {REMEDY[0].lower()}{REMEDY[1:]}"
}
_CONTRACTS = """
    with lines as (
        select contract_id, sum(amount) as amount
        from exchange.contract_lines
        group by contract_id
    ),

    contracts as (
        select
            contracts.contract_id,
            coalesce(contracts.currency, '(none)') as currency,
            coalesce(any_value(contracts.total_amount), any_value(lines.amount), 0) as amount
        from exchange.contracts as contracts
        left join lines on contracts.contract_id = lines.contract_id
        group by all
    )

    select
        contracts.contract_id,
        contracts.currency,
        contracts.amount,
        unwaived.rules
    from contracts
    left join (
        select contract_id, string_agg(rule, ', ' order by rule) as rules
        from unwaived_faults
        group by contract_id
    ) as unwaived on contracts.contract_id = unwaived.contract_id
"""
# A waiver is for all contracts, or for one.
_UNWAIVED = """
    with waivers as (
        select unnest($rules) as rule, unnest(cast($contracts as varchar[])) as contract_id
    ),

    unwaived_faults as (
        select faults.contract_id, faults.rule
        from accepted.contract_faults as faults
        where not exists (
            select 1 from waivers
            where faults.rule = waivers.rule
                and faults.contract_id = coalesce(waivers.contract_id, faults.contract_id)
        )
    )
"""


def close_findings(connection: Connection, context: RunContext) -> tuple[list[Finding], list[Finding]]:
    """Every reason why the month cannot be closed, none means that it can; and those that a waiver lets pass."""
    findings = [
        *held_findings(connection, context),
        *unlinked_billing(connection, context.settings.policies),
        *restatements(connection, context),
        *unmapped_accounts(connection),
        *ledger_differences(connection, context.settings.policies),
    ]
    blocking = [one for one in findings if not context.is_waived(one.rule)]
    passed = [one for one in findings if context.is_waived(one.rule)]
    return blocking + broken_equations(connection), passed


def held_findings(connection: Connection, context: RunContext) -> list[Finding]:
    """Quarantined and held contracts against the policy, by number and by money of each currency.

    A contract does not count where every rule that holds it is waived.
    """
    waived = {
        "rules": [waiver.rule for waiver in context.waivers],
        "contracts": [waiver.contract_id for waiver in context.waivers],
    }
    everything = connection.execute(
        f"{_UNWAIVED} select currency, count(*), sum(amount) from ({_CONTRACTS}) group by currency order by currency",
        waived,
    ).fetchall()
    counted = f"from ({_CONTRACTS}) where rules is not null"
    held = connection.execute(
        f"{_UNWAIVED} select currency, count(*), sum(amount) {counted} group by currency order by currency",
        waived,
    ).fetchall()
    examples = connection.execute(
        f"{_UNWAIVED} select contract_id, rules, currency, amount {counted}"
        f" order by abs(amount) desc, contract_id limit {EXAMPLES}",
        waived,
    ).fetchall()
    rules = connection.execute(
        f"{_UNWAIVED} select distinct rule from unwaived_faults order by rule", waived
    ).fetchall()
    costs = connection.execute(f"{_UNWAIVED} {_COSTS}", waived).fetchall()
    return held_against_policy(
        context.settings.policies,
        everything,
        held,
        [str(rule) for (rule,) in rules],
        [*map(_cost, costs), *map(_example, examples)],
    )


# What each rule holds back; a contract counts under each of its rules.
_COSTS = """
    select
        faults.rule,
        held_back.period,
        held_back.currency,
        count(distinct faults.contract_id) as contracts,
        sum(held_back.contracted) as contracted,
        sum(held_back.billed) as billed,
        sum(held_back.revenue) as revenue
    from unwaived_faults as faults
    inner join audit.held_back as held_back on faults.contract_id = held_back.contract_id
    group by all
    order by all
"""


def _cost(row: tuple[str, str, str, int, Decimal | None, Decimal, Decimal | None]) -> str:
    rule, period, currency, contracts, contracted, billed, revenue = row
    amounts = (("contracted", contracted), ("billed", billed), (f"revenue of {period}", revenue))
    money = ", ".join(
        f"{what} {currency} {amount_text(amount, currency)}" if amount is not None else f"{what} unknown"
        for what, amount in amounts
    )
    return f"{rule} holds back {contracts:,} contract{'' if contracts == 1 else 's'}: {money}"


def _example(row: tuple[str, str, str, Decimal]) -> str:
    contract, rules, currency, amount = row
    return f"contract {contract} ({rules}), {currency} {amount_text(amount, currency)}"


def held_against_policy(
    policies: Policies,
    everything: Sequence[tuple[str, int, Decimal]],
    held: Sequence[tuple[str, int, Decimal]],
    rules: Sequence[str],
    details: Sequence[str],
) -> list[Finding]:
    """The two thresholds of the policy, each a sentence where it is passed."""
    shown = tuple(details)
    waive = " ".join(f"--waive {rule}" for rule in rules)
    remedy = (
        "Mend the source data (`tieout show quarantine` names file and row) and close again, "
        f'or waive with a reason: {waive} --reason "..." --approved-by "..."'
    )
    findings = []
    count, total = sum(row[1] for row in held), sum(row[1] for row in everything)
    limit = policies.max_held_contracts_percent
    if count * 100 > limit * total:
        findings.append(
            Finding(
                "max_held_contracts_percent",
                f"{count:,} of {total:,} contracts known on the as-of day are quarantined or held, "
                f"{_percent(count, total)} %; the policy allows {_plain(limit)} %.",
                remedy,
                count,
                tuple((currency, amount) for currency, _, amount in held),
                shown,
            )
        )
    totals = {currency: amount for currency, _, amount in everything}
    limit = policies.max_held_amount_percent
    for currency, number, amount in held:
        if abs(amount) * 100 > limit * abs(totals[currency]):
            findings.append(
                Finding(
                    "max_held_amount_percent",
                    f"{currency} {amount_text(amount, currency)} of {currency} "
                    f"{amount_text(totals[currency], currency)} contracted by all contracts known "
                    f"on the as-of day are quarantined or held, {_percent(amount, totals[currency])} %; "
                    f"the policy allows {_plain(limit)} %.",
                    remedy,
                    number,
                    ((currency, amount),),
                    shown,
                )
            )
    return findings


def unlinked_billing(connection: Connection, policies: Policies) -> list[Finding]:
    """Billings that no contract explains, in the period to close and before it."""
    rows = connection.execute(
        "select currency, count(*), sum(amount) from marts.fct_billings as billings"
        " inner join posting.periods as periods on billings.period = periods.period"
        " where coalesce(billings.contract_id, '(not linked)') = '(not linked)' and periods.is_open"
        " group by currency order by currency"
    ).fetchall()
    limit = policies.unlinked_billing_tolerance
    return [
        Finding(
            "unlinked_billing_tolerance",
            f"{currency} {amount_text(amount, currency)} are billed without a contract; "
            f"the policy allows {_plain(limit)}.",
            "Add contract_line_id or contract_id to these invoices, or waive with a reason: "
            '--waive unlinked_billing_tolerance --reason "..." --approved-by "..."',
            count,
            ((currency, amount),),
        )
        for currency, count, amount in rows
        if abs(amount) > limit
    ]


def restatements(connection: Connection, context: RunContext) -> list[Finding]:
    """Corrections of published periods that are large enough to be errors in the sense of ASC 250."""
    policies = context.settings.policies
    if policies.restatement_amount is None:
        return []
    findings = []
    for table, measure in (
        ("fct_bookings", "bookings"),
        ("fct_billings", "billings"),
        ("fct_recognized_revenue", "revenue"),
    ):
        rows = connection.execute(
            f"""
            with corrections as (
                select original_period, currency, count(*) as records, sum(amount) as amount
                from marts.{table}
                where is_prior_period and cause in ('correction', 'code')
                    and period in (select period from posting.periods where is_open)
                group by all
            ),

            published as (
                select period, currency, sum({measure}) as amount from frozen.rpt_bbb group by all
            )

            select
                corrections.original_period,
                corrections.currency,
                corrections.records,
                corrections.amount,
                coalesce(published.amount, 0)
            from corrections
            left join published
                on corrections.original_period = published.period
                and corrections.currency = published.currency
            order by all
            """
        ).fetchall()
        findings += [
            Finding(
                "restatement_amount",
                f"corrections change {measure} of {period}, published as {currency} {amount_text(before, currency)}, "
                f"by {currency} {amount_text(amount, currency)}; "
                f"the policy allows {_plain(policies.restatement_amount)} or {_plain(policies.restatement_percent)} %.",
                f"Look at them in marts.{table} (original_period = '{period}'), then reopen the period or waive "
                'with a reason: --waive restatement_amount --reason "..." --approved-by "..."',
                records,
                ((currency, amount),),
            )
            for period, currency, records, amount, before in rows
            if abs(amount) > policies.restatement_amount
            and abs(amount) * 100 > policies.restatement_percent * abs(before)
        ]
    return findings


def broken_equations(connection: Connection) -> list[Finding]:
    """Equations of accounting.md §9 that do not hold; no waiver helps here."""
    rows = connection.execute(
        "select equation, scope, expected, actual, difference from audit.tie_outs where not holds"
        " order by equation, scope"
    ).fetchall()
    by_equation: dict[str, list[str]] = {}
    for equation, scope, expected, actual, difference in rows:
        by_equation.setdefault(equation, []).append(
            f"{scope}: expected {_shown(expected)}, found {_shown(actual)}, difference {_shown(difference)}"
        )
    return [
        Finding(
            f"equation {equation}",
            f"equation {equation} does not hold in {len(cases):,} case{'' if len(cases) == 1 else 's'}.",
            EQUATION_REMEDIES.get(equation, REMEDY),
            examples=tuple(cases[:EXAMPLES]),
        )
        for equation, cases in by_equation.items()
    ]


def _shown(number: Decimal) -> str:
    """With thousands, and at least two decimals."""
    whole, _, decimals = f"{number:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _percent(part: Decimal | int, whole: Decimal | int) -> str:
    if not whole:
        return "100"
    return f"{(Decimal(part) * 100 / Decimal(whole)):.2f}".rstrip("0").rstrip(".")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def unmapped_accounts(connection: Connection) -> list[Finding]:
    """Roles that no row of account_mapping gives an account on the day of posting (accounting.md §8)."""
    rows = connection.execute(
        "select account_role, entity_id, min(period), count(*) from marts.fct_journal_entries"
        " where account_id = '(unmapped)' group by account_role, entity_id order by account_role, entity_id"
    ).fetchall()
    return [
        Finding(
            "unmapped_account",
            f"no account is mapped to role {role} of {entity}, which {count} journal entr{'y' if count == 1 else 'ies'}"
            f" from {period} on post{'s' if count == 1 else ''} to",
            f"Deliver a row of account_mapping with role {role}, for {entity} or for all entities.",
        )
        for role, entity, period, count in rows
    ]


def ledger_differences(connection: Connection, policies: Policies) -> list[Finding]:
    """Balances whose differences to the general ledger, those that time clears aside, are above the policy (E9)."""
    rows = connection.execute(
        "select period, entity_id, currency, balance, ours, theirs, to_be_cleared from marts.rpt_reconciliation"
        " where not is_within_tolerance and period = (select through_period from run.context)"
        " order by to_be_cleared desc, entity_id, currency, balance"
    ).fetchall()
    if not rows:
        return []
    examples = connection.execute(
        "select reason, count(*), currency, sum(abs(difference)) from marts.rpt_reconciliation_items"
        " where reason != 'timing' and period = (select through_period from run.context)"
        " group by reason, currency order by sum(abs(difference)) desc limit ?",
        [EXAMPLES],
    ).fetchall()
    period, entity, currency, balance, ours, theirs, amount = rows[0]
    return [
        Finding(
            "ledger_tolerance",
            f"{len(rows)} balance{'s differ' if len(rows) > 1 else ' differs'} from the general ledger by more than"
            f" {_plain(policies.ledger_tolerance)}; the most {balance} of {entity} in {period}:"
            f" {currency} {_shown(ours)} here, {_shown(theirs)} there, {_shown(amount)} to be cleared",
            "`tieout show reconciliation` lists every difference with its reason. Correct the ledger or the exports,"
            ' raise ledger_tolerance, or close with --waive ledger_tolerance --reason "..." --approved-by "..."',
            examples=tuple(
                f"{reason.replace('_', ' ')}: {count:,} item{'s' if count > 1 else ''}, {money} {_shown(total)}"
                for reason, count, money, total in examples
            ),
        )
    ]
