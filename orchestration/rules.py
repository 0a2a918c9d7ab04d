"""Rules outside the suites, by the name a waiver gives them. Rules about records stand in expectations/."""

CLOSE_RULES = {
    "max_held_contracts_percent": "too many contracts are quarantined or held",
    "max_held_amount_percent": "too much contracted money is quarantined or held",
    "unlinked_billing_tolerance": "billings without a contract",
    "restatement_amount": "corrections of a published period above the policy",
}
FILE_RULES = {
    "zero_rows": "an export without rows where the last one had some",
    "rows_fell": "fewer rows than the policy allows against the last export",
    "money_fell": "less money than the policy allows against the last export",
}
