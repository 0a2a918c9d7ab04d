"""Amendments, estimates, deliveries and other events, adjustments, plans and opening balances."""

from tests.catalogue.cases import (
    OUT,
    Case,
    Row,
    amendment,
    case,
    contract,
    event,
    goods,
    line_of,
    payment,
    product,
)
from tests.catalogue.parties import price


def key(name: str, number: int = 1, line: int = 1) -> str:
    return f"M{number}-{name}|{name}-{line}"


def estimate(name: str, **changes: str) -> Row:
    row = {"estimate_id": f"{name}-1", "contract_id": name, "estimate_date": "2026-02-01"}
    return {**row, "variable_amount": "10", **changes}


def balance(name: str, **changes: str) -> Row:
    row = {"contract_line_id": f"{name}-1", "as_of_date": "2026-05-31"}
    return {**row, "contracted": "1200", "billed": "0", "recognized": "0", **changes}


def adjustment(name: str, **changes: str) -> Row:
    row = {"adjustment_id": f"{name}-1", "contract_line_id": f"{name}-1", "measure": "billed", "amount": "1"}
    return {**row, "effective_date": "2026-02-01", "reason": "agreed", "approver": "C. Controller", **changes}


def opened(
    name: str,
    wrong: str,
    rule: str,
    *,
    severity: str = "quarantine",
    header: Row | None = None,
    line: Row | None = None,
    **changes: str,
) -> Case:
    """A contract `opened-name` whose line is taken over with a figure or day that fails the rule."""
    name = f"opened-{name}"
    row = balance(name, **changes)
    record = f"{name}-1|{row['as_of_date']}"
    failure = f"{severity} opening_balances.{rule or 'taken_over_after_as_of'} {record}"
    fates = {f"opening_balances {record}": "later"} if severity == "later" else {}
    return contract(
        name,
        f"an opening balance: {wrong}",
        failure,
        fate=OUT if severity == "quarantine" else "used",
        fates=fates,
        header=header,
        line=line,
        opening_balances=[row],
    )


def amended(
    name: str, wrong: str, rule: str, *rows: Row, header: Row | None = None, line: Row | None = None
) -> Case:
    """A contract whose last amendment fails the rule."""
    failures = [] if not rule else [f"quarantine amendments.{rule} {key(name, len(rows))}"]
    fate = OUT if failures else "used"
    return contract(name, wrong, *failures, fate=fate, amendments=[*rows], header=header, line=line)


def two_ways(name: str, treatment: str) -> list[Row]:
    """A line is added; then one modification changes the first line by a catch-up and the added one prospectively."""
    added, later = f"{name}-2", {"effective_date": "2026-05-01", "signed_date": "2026-04-01"}
    return [
        amendment(name, "add", contract_line_id=added, treatment=treatment),
        amendment(name, "change", 2, treatment="cumulative_catch_up", **later),
        amendment(name, "change", 2, contract_line_id=added, treatment="prospective", **later),
    ]


AMENDMENTS: list[Case] = [
    amended("cancel", "nothing: a cancellation", "", amendment("cancel", "cancel")),
    amended("change", "nothing: a change", "", amendment("change", "change")),
    contract(
        "change-later",
        "an amendment signed the day after as-of",
        f"later amendments.signed_after_as_of {key('change-later')}",
        fates={f"amendments {key('change-later')}": "later"},
        amendments=[amendment("change-later", "change", signed_date="2026-07-01")],
    ),
    case(
        "amends-nothing",
        "an amendment of a contract and a line nobody knows",
        {"amendments": [amendment("amends-nothing", "cancel")]},
        f"quarantine amendments.unknown_contract {key('amends-nothing')}",
        fates={f"amendments {key('amends-nothing')}": OUT},
    ),
    contract(
        "odd-line",
        "an amendment of a line nobody knows",
        "quarantine amendments.unknown_line M1-odd-line|X",
        amendments=[amendment("odd-line", "cancel", contract_line_id="X")],
        fate=OUT,
    ),
    contract(
        "other-line",
        "an amendment of another contract's line",
        "quarantine amendments.line_of_another_contract M1-other-line|clean-1",
        amendments=[amendment("other-line", "extend", contract_line_id="clean-1")],
        fate=OUT,
    ),
    amended("odd-action", "action x", "unknown_action", amendment("odd-action", "x")),
    amended(
        "odd-treatment",
        "treatment x",
        "unknown_treatment",
        amendment("odd-treatment", "cancel", treatment="x"),
    ),
    amended("auto", "nothing: treatment auto", "", amendment("auto", "cancel", treatment="auto")),
    amended(
        "change-after-end",
        "a change the day after the end",
        "effective_after_end",
        amendment("change-after-end", "change", effective_date="2027-01-01"),
    ),
    amended(
        "change-on-end",
        "nothing: a change on the last day",
        "",
        amendment("change-on-end", "change", effective_date="2026-12-31"),
    ),
    amended(
        "cancel-at-end",
        "nothing: no service from the day after the end",
        "",
        amendment("cancel-at-end", "cancel", effective_date="2027-01-01"),
    ),
    amended(
        "cancel-after-end",
        "cancelled two days after the end",
        "effective_after_end",
        amendment("cancel-after-end", "cancel", effective_date="2027-01-02"),
    ),
    amended(
        "extend-after-end",
        "nothing: it extends",
        "",
        amendment("extend-after-end", "extend", effective_date="2027-02-01", new_end_date="2027-12-31"),
    ),
    amended(
        "change-of-extended",
        "nothing: the line was extended before",
        "",
        amendment("change-of-extended", "extend", effective_date="2026-12-31", new_end_date="2027-12-31"),
        amendment("change-of-extended", "change", 2, effective_date="2027-12-31"),
    ),
    contract(
        "cancel-twice",
        "two cancellations of a line",
        f"quarantine amendments.cancelled_twice {key('cancel-twice')}",
        f"quarantine amendments.cancelled_twice {key('cancel-twice', 2)}",
        amendments=[amendment("cancel-twice", "cancel"), amendment("cancel-twice", "cancel", 2)],
        fate=OUT,
    ),
    amended(
        "change-cancelled",
        "a change on the first day without service",
        "change_after_cancellation",
        amendment("change-cancelled", "cancel"),
        amendment("change-cancelled", "change", 2),
    ),
    amended(
        "change-in-time",
        "nothing: the day before the cancellation",
        "",
        amendment("change-in-time", "cancel"),
        amendment("change-in-time", "change", 2, effective_date="2026-02-28"),
    ),
    amended(
        "suspend-cancelled",
        "suspended the day after the header's cancellation is signed",
        "change_after_cancellation",
        amendment("suspend-cancelled", "suspend", new_start_date="2026-05-01", signed_date="2026-02-16"),
        header={"cancelled_date": "2026-02-15"},
    ),
    amended(
        "suspend-before-cancel",
        "nothing: suspended the day before the header's cancellation is signed, which takes it back",
        "",
        amendment("suspend-before-cancel", "suspend", new_start_date="2026-05-01", signed_date="2026-02-14"),
        header={"cancelled_date": "2026-02-15"},
    ),
    amended(
        "extend-cancelled",
        "extended the day after the cancellation is signed",
        "change_after_cancellation",
        amendment("extend-cancelled", "cancel", effective_date="2026-06-01"),
        amendment("extend-cancelled", "extend", 2, signed_date="2026-02-02", new_end_date="2027-12-31"),
    ),
    amended(
        "suspend-to-the-day",
        "service starts again on the day on which it is suspended",
        "suspension_without_return",
        amendment("suspend-to-the-day", "suspend", new_start_date="2026-03-01"),
    ),
    amended(
        "suspend-for-ever",
        "suspended, and nothing says until when",
        "suspension_without_return",
        amendment("suspend-for-ever", "suspend"),
    ),
    amended(
        "suspend-a-day",
        "nothing: suspended for a day",
        "",
        amendment("suspend-a-day", "suspend", new_start_date="2026-03-02"),
    ),
    amended(
        "suspend-goods",
        "suspended, and it is earned on its start",
        "suspension_of_another_method",
        amendment("suspend-goods", "suspend", new_start_date="2026-03-02"),
        line={"recognition_method": "on_start"},
    ),
    amended(
        "more-of-nothing",
        "a quantity changes that is not there",
        "quantity_delta_without_quantity",
        amendment("more-of-nothing", "change", quantity_delta="0.000001"),
        line={"quantity": ""},
    ),
    amended(
        "more-for-usage",
        "an amount of a line that is contracted as it is used",
        "amount_of_no_price",
        amendment("more-for-usage", "change", amount_delta="0.01"),
        line={"recognition_method": "usage"},
    ),
    amended(
        "more-for-invoices",
        "an amount of a line that is contracted as it is invoiced",
        "amount_of_no_price",
        amendment("more-for-invoices", "extend", amount_delta="-1", new_end_date="2027-06-30"),
        line={"recognition_method": "as_invoiced"},
    ),
    amended(
        "usage-runs-longer",
        "nothing: usage of no group is extended",
        "",
        amendment("usage-runs-longer", "extend", amount_delta="0", new_end_date="2027-06-30"),
        line={"recognition_method": "usage"},
    ),
    amended(
        "more-by-nothing",
        "nothing: a quantity that is not there changes by 0",
        "",
        amendment("more-by-nothing", "change", quantity_delta="0"),
        line={"quantity": ""},
    ),
    amended(
        "end-before-start",
        "it would end the day before it starts",
        "ends_before_start",
        amendment("end-before-start", "change", new_end_date="2025-12-31"),
    ),
    amended(
        "end-before-moved-start",
        "it would end before the day to which an earlier amendment moved its start",
        "ends_before_start",
        amendment("end-before-moved-start", "change", new_start_date="2026-06-01"),
        amendment(
            "end-before-moved-start", "change", 2, new_end_date="2026-05-31", effective_date="2026-04-01"
        ),
    ),
    amended(
        "end-after-moved-start",
        "nothing: an earlier amendment moved its start before the end",
        "",
        amendment(
            "end-after-moved-start", "change", new_start_date="2025-12-01", effective_date="2025-12-01"
        ),
        amendment(
            "end-after-moved-start", "change", 2, new_end_date="2025-12-31", effective_date="2025-12-15"
        ),
    ),
    amended(
        "end-on-start",
        "nothing: it would end on the day on which it starts",
        "",
        amendment("end-on-start", "change", new_end_date="2026-01-01"),
    ),
    amended(
        "no-milestones-left",
        "nothing is left that milestones are parts of",
        "milestones_of_no_amount",
        amendment("no-milestones-left", "change", amount_delta="-1200"),
        line={"recognition_method": "milestone"},
    ),
    amended(
        "a-cent-of-milestones",
        "nothing: a cent is left that milestones are parts of",
        "",
        amendment("a-cent-of-milestones", "change", amount_delta="-1199.99"),
        line={"recognition_method": "milestone"},
    ),
    contract(
        "two-ends",
        "two ends of a line by amendments of one date",
        f"quarantine amendments.two_terms {key('two-ends')}",
        f"quarantine amendments.two_terms {key('two-ends', 2)}",
        amendments=[
            amendment("two-ends", "extend", new_end_date="2027-06-30"),
            amendment("two-ends", "extend", 2, new_end_date="2027-07-01"),
        ],
        fate=OUT,
    ),
    amended(
        "one-end",
        "nothing: two amendments of one date name the same end",
        "",
        amendment("one-end", "extend", new_end_date="2027-06-30"),
        amendment("one-end", "change", 2, new_end_date="2027-06-30"),
    ),
    contract(
        "start-after-end",
        "amendments of one date that start a line the day after they end it",
        f"quarantine amendments.two_terms {key('start-after-end')}",
        f"quarantine amendments.two_terms {key('start-after-end', 2)}",
        amendments=[
            amendment("start-after-end", "change", new_start_date="2026-06-01"),
            amendment("start-after-end", "change", 2, new_end_date="2026-05-31"),
        ],
        fate=OUT,
    ),
    amended(
        "start-on-end",
        "nothing: amendments of one date that leave the line a day",
        "",
        amendment("start-on-end", "change", new_start_date="2026-05-31"),
        amendment("start-on-end", "change", 2, new_end_date="2026-05-31"),
    ),
    contract(
        "two-ways",
        "a catch-up and a prospective change of one date in one group",
        f"quarantine amendments.two_treatments {key('two-ways')}",
        f"quarantine amendments.two_treatments {key('two-ways', 2)}",
        amendments=[
            amendment("two-ways", "change", treatment="prospective"),
            amendment("two-ways", "change", 2, treatment="cumulative_catch_up"),
        ],
        fate=OUT,
    ),
    amended(
        "two-ways-apart",
        "nothing: a catch-up and a prospective change a day apart",
        "",
        amendment("two-ways-apart", "change", treatment="prospective"),
        amendment(
            "two-ways-apart", "change", 2, treatment="cumulative_catch_up", effective_date="2026-03-02"
        ),
    ),
    contract(
        "two-ways-of-two",
        "a catch-up and a prospective change of one date, of a line and one that was added to its group",
        f"quarantine amendments.two_treatments {key('two-ways-of-two', 2)}",
        f"quarantine amendments.two_treatments {key('two-ways-of-two', 2, 2)}",
        contract_lines=[line_of("two-ways-of-two", 2, amount="300", amendment_id="M1-two-ways-of-two")],
        amendments=two_ways("two-ways-of-two", "prospective"),
        fate=OUT,
    ),
    contract(
        "two-ways-of-one-apart",
        "nothing: a catch-up and a prospective change of one date, of a line and one that was added apart",
        contract_lines=[
            line_of("two-ways-of-one-apart", 2, amount="300", amendment_id="M1-two-ways-of-one-apart")
        ],
        amendments=two_ways("two-ways-of-one-apart", "separate"),
    ),
    contract(
        "listed-in-euros-since",
        "an amendment of a line whose price is listed in another currency by then, and no rate",
        f"quarantine amendments.missing_ssp_rate {key('listed-in-euros-since')}",
        line={"product_id": "LISTED-IN-EUROS-SINCE", "quantity": "1"},
        products=[product("LISTED-IN-EUROS-SINCE", recognition_method="ratable")],
        ssp_prices=[price("LISTED-IN-EUROS-SINCE", currency="EUR", valid_from="2026-02-15")],
        amendments=[amendment("listed-in-euros-since", "change", amount_delta="100")],
        fate=OUT,
    ),
    contract(
        "listed-in-shells-since",
        "nothing of its amendment: nobody knows the contract's currency, which is said once",
        "quarantine contracts.unknown_currency",
        header={"currency": "XXX"},
        line={"product_id": "LISTED-IN-SHELLS-SINCE", "quantity": "1"},
        products=[product("LISTED-IN-SHELLS-SINCE", recognition_method="ratable")],
        ssp_prices=[price("LISTED-IN-SHELLS-SINCE", currency="EUR", valid_from="2026-02-15")],
        amendments=[amendment("listed-in-shells-since", "change", amount_delta="100")],
        fate=OUT,
    ),
    contract(
        "priced-since",
        "nothing: the same, and the amendment gives a price",
        line={"product_id": "PRICED-SINCE", "quantity": "1"},
        products=[product("PRICED-SINCE", recognition_method="ratable")],
        ssp_prices=[price("PRICED-SINCE", currency="EUR", valid_from="2026-02-15")],
        amendments=[amendment("priced-since", "change", amount_delta="100", ssp_unit="90")],
    ),
    amended(
        "draws-more",
        "nothing: more money on a line that is drawn down",
        "",
        amendment("draws-more", "change", amount_delta="100"),
        line={"recognition_method": "drawdown"},
    ),
    amended(
        "draws-more-from-the-start",
        "nothing: the same as a catch-up",
        "",
        amendment("draws-more-from-the-start", "change", amount_delta="100", treatment="cumulative_catch_up"),
        line={"recognition_method": "drawdown"},
    ),
    amended(
        "draws-longer",
        "nothing: another end of a line that is drawn down",
        "",
        amendment("draws-longer", "extend", new_end_date="2027-06-30", treatment="cumulative_catch_up"),
        line={"recognition_method": "drawdown"},
    ),
    amended(
        "changes-what-usage-shares",
        "an amendment of a price that usage shares is not supported yet",
        "not_yet_supported",
        amendment("changes-what-usage-shares", "change", amount_delta="100", treatment="prospective"),
        line={"recognition_method": "usage", "allocation_group": "G", "amount": "1200"},
    ),
    amended(
        "catch-up-suspended",
        "nothing: a suspension by catch-up",
        "",
        amendment(
            "catch-up-suspended", "suspend", new_start_date="2026-05-01", treatment="cumulative_catch_up"
        ),
    ),
    amended(
        "before-suspension",
        "nothing: a change from the day before a suspension that was known earlier",
        "",
        amendment("before-suspension", "suspend", new_start_date="2026-05-01"),
        amendment("before-suspension", "change", 2, effective_date="2026-02-28", signed_date="2026-03-02"),
    ),
    contract(
        "changed-before-added",
        "a change signed the day before the amendment that adds its line",
        f"quarantine amendments.amends_before_added {key('changed-before-added', 2, 2)}",
        contract_lines=[
            line_of("changed-before-added", 2, amount="300", amendment_id="M1-changed-before-added")
        ],
        amendments=[
            amendment("changed-before-added", "add", contract_line_id="changed-before-added-2"),
            amendment(
                "changed-before-added",
                "change",
                2,
                contract_line_id="changed-before-added-2",
                signed_date="2026-01-31",
            ),
        ],
        fate=OUT,
    ),
    contract(
        "changed-as-added",
        "nothing: a change signed with the amendment that adds its line, a day later",
        contract_lines=[line_of("changed-as-added", 2, amount="300", amendment_id="M1-changed-as-added")],
        amendments=[
            amendment("changed-as-added", "add", contract_line_id="changed-as-added-2"),
            amendment(
                "changed-as-added",
                "change",
                2,
                contract_line_id="changed-as-added-2",
                effective_date="2026-03-02",
            ),
        ],
    ),
    amended(
        "cancelled-later",
        "nothing: the cancellation is not signed by as-of",
        "",
        amendment("cancelled-later", "change"),
        header={"cancelled_date": "2026-02-15", "cancellation_signed_date": "2026-07-01"},
    ),
    amended(
        "separate",
        "treatment separate on an existing line",
        "separate_on_existing_line",
        amendment("separate", "change", treatment="separate"),
    ),
    contract(
        "added",
        "nothing: an added line",
        contract_lines=[line_of("added", 2, amount="300", amendment_id="M1-added")],
        amendments=[
            amendment("added", "add", contract_line_id="added-2", treatment="separate", amount_delta="300")
        ],
    ),
    contract(
        "added-otherwise",
        "an added line a cent off its amendment",
        f"quarantine amendments.added_line_differs {key('added-otherwise', 1, 2)}",
        contract_lines=[line_of("added-otherwise", 2, amount="300", amendment_id="M1-added-otherwise")],
        amendments=[
            amendment("added-otherwise", "add", contract_line_id="added-otherwise-2", amount_delta="300.01")
        ],
        fate=OUT,
    ),
    amended(
        "adds-what-is",
        "it adds a line of the first signing",
        "added_line_differs",
        amendment("adds-what-is", "add", amount_delta="1200"),
    ),
]

OTHERS: list[Case] = [
    contract(
        "estimated",
        "nothing: an estimate",
        estimates=[estimate("estimated")],
    ),
    contract(
        "estimate-returns",
        "nothing: it expects all of it back",
        estimates=[estimate("estimate-returns", variable_amount="", expected_return_pct="100")],
    ),
    contract(
        "estimate-more",
        "it expects more than all of it back",
        "quarantine estimates.return_pct_out_of_range",
        estimates=[estimate("estimate-more", expected_return_pct="100.000000000001")],
        fate=OUT,
    ),
    contract(
        "estimate-later",
        "an estimate dated the day after as-of",
        "later estimates.estimated_after_as_of",
        fates={"estimates estimate-later-1": "later"},
        estimates=[estimate("estimate-later", estimate_date="2026-07-01")],
    ),
    case(
        "estimate-of-nothing",
        "an estimate of a contract nobody knows",
        {"estimates": [estimate("estimate-of-nothing")]},
        "quarantine estimates.unknown_contract",
        fates={"estimates estimate-of-nothing-1": OUT},
    ),
    contract(
        "estimate-line",
        "an estimate of a line nobody knows",
        "quarantine estimates.unknown_line",
        estimates=[estimate("estimate-line", contract_line_id="X")],
        fate=OUT,
    ),
    contract(
        "estimate-unpriced",
        "an estimate of usage that names no group",
        "quarantine estimates.nothing_to_estimate",
        line={"recognition_method": "usage"},
        estimates=[estimate("estimate-unpriced", contract_line_id="estimate-unpriced-1")],
        fate=OUT,
    ),
    contract(
        "estimate-invoiced",
        "an estimate of a contract whose one line is earned as invoiced",
        "quarantine estimates.nothing_to_estimate",
        line={"recognition_method": "as_invoiced"},
        estimates=[estimate("estimate-invoiced")],
        fate=OUT,
    ),
    contract(
        "estimate-no-group",
        "an estimate of a group that no line names",
        "quarantine estimates.nothing_to_estimate",
        estimates=[estimate("estimate-no-group", allocation_group="X")],
        fate=OUT,
    ),
    contract(
        "estimate-priced",
        "nothing: an estimate of usage that has a price in a group",
        line={"recognition_method": "usage", "allocation_group": "X"},
        estimates=[estimate("estimate-priced", contract_line_id="estimate-priced-1")],
    ),
    contract(
        "estimate-drawn",
        "nothing: an estimate of a price that a drawdown line shares",
        header={"total_amount": "1500"},
        line={"recognition_method": "drawdown"},
        contract_lines=[line_of("estimate-drawn", 2, amount="300")],
        estimates=[estimate("estimate-drawn", contract_line_id="estimate-drawn-2")],
    ),
    contract(
        "estimate-constrained",
        "nothing: a constraint on a price that is drawn down",
        line={"recognition_method": "drawdown"},
        estimates=[estimate("estimate-constrained", variable_amount="", constrained_amount="0")],
    ),
    contract(
        "estimate-beside-drawn",
        "nothing: a drawdown line in another group shares none of it",
        header={"total_amount": "1500"},
        line={"recognition_method": "drawdown", "allocation_group": "X"},
        contract_lines=[line_of("estimate-beside-drawn", 2, amount="300")],
        estimates=[estimate("estimate-beside-drawn", contract_line_id="estimate-beside-drawn-2")],
    ),
    contract(
        "estimate-breakage",
        "nothing: what of a prepayment will not be claimed",
        line={"recognition_method": "drawdown"},
        estimates=[estimate("estimate-breakage", variable_amount="", expected_return_pct="20")],
    ),
    contract(
        "planned",
        "nothing: a planned invoice",
        billing_schedule=[
            {"contract_line_id": "planned-1", "planned_date": "2026-07-01", "amount": "100"},
        ],
    ),
    case(
        "plan-of-nothing",
        "a planned invoice of a line nobody knows",
        {"billing_schedule": [{"contract_line_id": "X", "planned_date": "2026-07-01", "amount": "100"}]},
        "quarantine billing_schedule.unknown_line X|2026-07-01",
        fates={"billing_schedule X|2026-07-01": OUT},
    ),
    contract("opening", "nothing: a line taken over", opening_balances=[balance("opening")]),
    opened("later", "after as-of", "", as_of_date="2026-07-31", severity="later"),
    case(
        "opening-of-nothing",
        "an opening balance of a line nobody knows",
        {"opening_balances": [balance("opening-of-nothing")]},
        "quarantine opening_balances.unknown_line opening-of-nothing-1|2026-05-31",
        fates={"opening_balances opening-of-nothing-1|2026-05-31": OUT},
    ),
    opened("within", "within a month", "as_of_within_period", as_of_date="2026-05-30"),
    opened("published", "in a published month", "taken_over_after_close", as_of_date="2026-01-31"),
    opened(
        "unsigned",
        "before the signature",
        "as_of_before_signature",
        header={"signed_date": "2026-06-01"},
    ),
    contract(
        "opened-twice",
        "two days of one line",
        *(
            f"quarantine opening_balances.several_cut_overs opened-twice-1|{day}"
            for day in ("2026-04-30", "2026-05-31")
        ),
        opening_balances=[balance("opened-twice", as_of_date="2026-04-30"), balance("opened-twice")],
        fate=OUT,
    ),
    contract(
        "opened-in-part",
        "one line of two",
        "quarantine opening_balances.line_left_out opened-in-part-1|2026-05-31",
        header={"total_amount": "1500"},
        contract_lines=[line_of("opened-in-part", 2, amount="300")],
        opening_balances=[balance("opened-in-part")],
        fate=OUT,
    ),
    contract(
        "opened-negative",
        "nothing: a figure with the wrong sign is used, and told",
        "warn opening_balances.figures_out_of_order opened-negative-1|2026-05-31",
        opening_balances=[balance("opened-negative", billed="-100")],
    ),
    opened(
        "metered",
        "usage that is not earned",
        "contracted_unlike_recognized",
        header={"total_amount": "0"},
        line={"recognition_method": "usage", "amount": "0"},
    ),
    contract(
        "opened-discount",
        "a discount with figures",
        "quarantine opening_balances.discount_with_figures opened-discount-2|2026-05-31",
        header={"total_amount": "1100"},
        contract_lines=[line_of("opened-discount", 2, product_id="PLAIN", amount="-100")],
        opening_balances=[
            balance("opened-discount", contracted="1100"),
            balance("opened-discount", contract_line_id="opened-discount-2", contracted="-100"),
        ],
        fate=OUT,
    ),
    opened(
        "over",
        "an ended line with a rest",
        "left_to_earn_after_term",
        line={"end_date": "2026-04-30"},
        recognized="1100",
    ),
    opened(
        "ahead",
        "billed ahead without the invoice",
        "billed_ahead_unexplained",
        header={"total_amount": "0"},
        line={"recognition_method": "as_invoiced", "amount": "0"},
        contracted="100",
        billed="150",
        recognized="100",
    ),
    contract(
        "opened-with-a-refund",
        "a refund of the time before",
        "quarantine opening_balances.not_yet_supported opened-with-a-refund-1|2026-05-31",
        opening_balances=[balance("opened-with-a-refund", billed="100")],
        **payment("opened-with-a-refund", kind="refund"),
        fate=OUT,
    ),
    contract("adjusted", "nothing: an adjustment", adjustments=[adjustment("adjusted")]),
    contract(
        "adjusted-later",
        "after as-of",
        "later adjustments.adjusted_after_as_of",
        adjustments=[adjustment("adjusted-later", effective_date="2026-07-01")],
        fates={"adjustments adjusted-later-1": "later"},
    ),
    contract(
        "adjusted-what",
        "an adjustment of no measure",
        "quarantine adjustments.unknown_measure",
        adjustments=[adjustment("adjusted-what", measure="x")],
        fate=OUT,
    ),
    contract(
        "adjusted-backwards",
        "an adjustment that ends before it begins",
        "quarantine adjustments.ends_before_it_begins",
        adjustments=[adjustment("adjusted-backwards", valid_until="2026-01-31")],
        fate=OUT,
    ),
    contract(
        "adjusted-as-invoiced",
        "an adjustment of what follows invoices",
        "quarantine adjustments.adjusts_what_is_invoiced",
        header={"total_amount": "0"},
        line={"recognition_method": "as_invoiced", "amount": "0"},
        adjustments=[adjustment("adjusted-as-invoiced", measure="recognized")],
        fate=OUT,
    ),
    contract(
        "adjusted-discount",
        "an adjustment of a discount",
        "quarantine adjustments.adjusts_a_discount",
        header={"total_amount": "1100"},
        contract_lines=[line_of("adjusted-discount", 2, product_id="PLAIN", amount="-100")],
        adjustments=[
            adjustment("adjusted-discount", contract_line_id="adjusted-discount-2", measure="contracted")
        ],
        fate=OUT,
    ),
    contract(
        "adjusted-before",
        "an adjustment of the time before a cut-over",
        "quarantine adjustments.adjusted_before_cut_over",
        opening_balances=[balance("adjusted-before")],
        adjustments=[adjustment("adjusted-before")],
        fate=OUT,
    ),
    case(
        "adjusts-nothing",
        "an adjustment of a line nobody knows",
        {"adjustments": [adjustment("adjusts-nothing")]},
        "quarantine adjustments.unknown_line",
        fates={"adjustments adjusts-nothing-1": OUT},
    ),
]


def progress(name: str, *percents: str) -> list[Row]:
    return [
        event(f"2026-0{n}-01", "progress", percent_complete=percent) for n, percent in enumerate(percents, 2)
    ]


def measured(name: str, wrong: str, method: str, rule: str, *events: Row, **line: str) -> Case:
    """A line by a method with events, of which the last fails the rule."""
    more = goods(name, *events)
    more["line"] = {"recognition_method": method, **line}
    failures = [f"{rule} {name}-{len(events)}"] if rule else []
    return contract(name, wrong, *failures, fate=OUT if rule.startswith("quarantine") else "used", **more)


def progressing(name: str, wrong: str, rule: str, *events: Row) -> Case:
    return measured(name, wrong, "percent_complete", rule, *events)


OUTSIDE = "quarantine fulfillments.percentage_out_of_range"
FALLS = "warn fulfillments.percentage_falls"
UNMEASURED = "quarantine fulfillments.progress_without_measure"

EVENTS: list[Case] = [
    contract(
        "delivered",
        "nothing: delivered and taken back in part",
        **goods("delivered", event("2026-02-01", "delivery", "10"), event("2026-02-01", "return", "3")),
    ),
    contract(
        "returned-whole",
        "nothing: all that is delivered comes back",
        **goods("returned-whole", event("2026-02-01", "delivery", "5"), event("2026-02-02", "return", "5")),
    ),
    contract(
        "returned",
        "more comes back than is delivered",
        "quarantine fulfillments.returned_above_delivered returned-2",
        **goods("returned", event("2026-02-01", "delivery", "5"), event("2026-02-02", "return", "5.000001")),
        fate=OUT,
    ),
    contract(
        "returned-first",
        "it comes back the day before it is delivered",
        "quarantine fulfillments.returned_above_delivered returned-first-1",
        **goods("returned-first", event("2026-02-01", "return", "1"), event("2026-02-02", "delivery", "5")),
        fate=OUT,
    ),
    contract(
        "over-delivered",
        "more is delivered than ordered",
        "warn fulfillments.delivered_above_ordered over-delivered-2",
        **goods(
            "over-delivered",
            event("2026-02-01", "delivery", "10"),
            event("2026-03-01", "delivery", "0.000001"),
        ),
    ),
    contract(
        "early-delivery",
        "delivered the day before the contract is signed",
        "warn fulfillments.delivery_before_signature",
        **goods("early-delivery", event("2025-12-31", "delivery", "1")),
    ),
    contract(
        "signed-delivery",
        "nothing: delivered on the signed date",
        **goods("signed-delivery", event("2026-01-01", "delivery", "1")),
    ),
    contract(
        "later-delivery",
        "delivered the day after as-of",
        "later fulfillments.delivered_after_as_of",
        fates={"fulfillments later-delivery-1": "later"},
        **goods("later-delivery", event("2026-07-01", "delivery", "1")),
    ),
    contract(
        "last-delivery",
        "nothing: delivered on as-of",
        **goods("last-delivery", event("2026-06-30", "delivery", "1")),
    ),
    case(
        "delivers-nothing",
        "a delivery of a line nobody knows",
        {
            "fulfillments": [
                {
                    "fulfillment_id": "delivers-nothing-1",
                    "contract_line_id": "X",
                    **event("2026-02-01", "delivery", "1"),
                }
            ]
        },
        "quarantine fulfillments.unknown_line",
        fates={"fulfillments delivers-nothing-1": OUT},
    ),
    contract(
        "odd-kind",
        "a kind of event nobody knows",
        "quarantine fulfillments.unknown_kind",
        **goods("odd-kind", event("2026-02-01", "sent", "1")),
        fate=OUT,
    ),
    contract(
        "delivered-what",
        "a delivery without a quantity",
        "quarantine fulfillments.quantity_missing",
        **goods("delivered-what", event("2026-02-01", "delivery")),
        fate=OUT,
    ),
    contract(
        "negative-delivery",
        "a delivery of less than nothing",
        "quarantine fulfillments.negative_quantity",
        "quarantine fulfillments.returned_above_delivered",
        **goods("negative-delivery", event("2026-02-01", "delivery", "-1")),
        fate=OUT,
    ),
    progressing("progress", "nothing: none and all is done", "", *progress("progress", "0", "100")),
    progressing(
        "percent-100", "more than 100 percent", OUTSIDE, *progress("percent-100", "100.000000000001")
    ),
    progressing("percent-0", "less than 0 percent", OUTSIDE, *progress("percent-0", "-0.000000000001")),
    progressing(
        "costs-above",
        "costs above those at completion",
        OUTSIDE,
        event("2026-02-01", "progress", cost_to_date="100.01", cost_at_completion="100"),
    ),
    progressing(
        "costs-whole",
        "nothing: all costs are spent",
        "",
        event("2026-02-01", "progress", cost_to_date="100", cost_at_completion="100"),
    ),
    progressing(
        "percent-falls", "a percentage that falls", FALLS, *progress("percent-falls", "40", "39.999999999999")
    ),
    progressing("percent-stays", "nothing: it stays", "", *progress("percent-stays", "40", "40")),
    progressing(
        "costs-rise",
        "progress by cost that falls, because more is expected",
        FALLS,
        event("2026-02-01", "progress", cost_to_date="50", cost_at_completion="100"),
        event("2026-03-01", "progress", cost_to_date="60", cost_at_completion="121"),
    ),
    progressing(
        "costs-of-billions",
        "nothing: costs whose product has more than 18 digits",
        "",
        event("2026-02-01", "progress", cost_to_date="1914000000", cost_at_completion="7656000000"),
        event("2026-03-01", "progress", cost_to_date="3828000000", cost_at_completion="7656000000"),
    ),
    progressing(
        "costs-even",
        "nothing: the share stays",
        "",
        event("2026-02-01", "progress", cost_to_date="50", cost_at_completion="100"),
        event("2026-03-01", "progress", cost_to_date="60", cost_at_completion="120"),
    ),
    progressing(
        "progress-by-what",
        "progress without a percentage and without costs",
        UNMEASURED,
        event("2026-02-01", "progress", "5"),
    ),
    progressing(
        "cost-of-what",
        "progress by cost, and nothing says of how much",
        UNMEASURED,
        event("2026-02-01", "progress", cost_to_date="50"),
    ),
    progressing(
        "cost-of-nothing",
        "progress by cost where none is expected",
        UNMEASURED,
        event("2026-02-01", "progress", cost_to_date="0", cost_at_completion="0"),
    ),
    progressing(
        "cost-of-a-cent",
        "nothing: progress by cost where a cent is expected",
        "",
        event("2026-02-01", "progress", cost_to_date="0", cost_at_completion="0.01"),
    ),
    measured(
        "milestone",
        "nothing: milestones reach all of the amount",
        "milestone",
        "",
        event("2026-02-01", "milestone", amount="1199.99"),
        event("2026-02-01", "milestone", amount="0.01"),
    ),
    measured(
        "milestone-above",
        "milestones reach a cent more than the amount",
        "milestone",
        "warn fulfillments.milestones_above_amount",
        event("2026-02-01", "milestone", amount="1200"),
        event("2026-02-02", "milestone", amount="0.01"),
    ),
    measured(
        "milestone-what",
        "a milestone without an amount",
        "milestone",
        "quarantine fulfillments.milestone_without_amount",
        event("2026-02-01", "milestone", "5"),
    ),
    contract(
        "milestone-of-none",
        "a milestone of a line without an amount",
        "quarantine fulfillments.milestone_of_no_amount",
        header={"total_amount": "0"},
        line={"recognition_method": "milestone", "amount": "0"},
        fulfillments=goods("milestone-of-none", event("2026-02-01", "milestone", amount="0.01"))[
            "fulfillments"
        ],
        fate=OUT,
    ),
    contract(
        "no-milestone-of-none",
        "nothing: a milestone of 0 of a line without an amount",
        header={"total_amount": "0"},
        line={"recognition_method": "milestone", "amount": "0"},
        fulfillments=goods("no-milestone-of-none", event("2026-02-01", "milestone", amount="0"))[
            "fulfillments"
        ],
    ),
    measured("used", "nothing: usage of 0", "usage", "", event("2026-02-01", "usage", amount="0")),
    measured(
        "used-what",
        "usage without an amount",
        "usage",
        "quarantine fulfillments.usage_without_amount",
        event("2026-02-01", "usage", "5"),
    ),
    measured(
        "used-and-back",
        "nothing: usage that is taken back whole, on a drawdown",
        "drawdown",
        "",
        event("2026-02-01", "usage", amount="10"),
        event("2026-03-01", "usage", amount="-10"),
    ),
    measured(
        "used-below",
        "a cent more usage is taken back than was used",
        "usage",
        "warn fulfillments.usage_below_zero",
        event("2026-02-01", "usage", amount="10"),
        event("2026-03-01", "usage", amount="-10.01"),
    ),
    measured(
        "used-of-time",
        "usage of a ratable line",
        "ratable",
        "warn fulfillments.kind_of_another_method",
        event("2026-02-01", "usage", amount="10"),
    ),
    measured(
        "delivered-milestone",
        "a delivery of a line recognized by milestones",
        "milestone",
        "warn fulfillments.kind_of_another_method",
        event("2026-02-01", "delivery", "1"),
    ),
]

CASES: list[Case] = [*AMENDMENTS, *OTHERS, *EVENTS]
