-- Grain: equation × scope; a differing item is a scope of its own.
-- Why: the proof of every build (accounting.md §9).

{% for equation in [
    'e1_revenue_adds_up', 'e2_contracted_is_recognized_plus_backlog', 'e3_balances_roll_forward',
    'e4_allocation_is_transaction_price', 'e5_debits_are_credits', 'e6_nothing_lost', 'e7_backlog_and_balances_agree',
    'e8_closed_periods_are_as_published', 'e9_agrees_with_the_ledger',
] -%}
select equation, scope, expected, actual, difference, holds from {{ ref(equation) }}
{{ 'union all' if not loop.last }}
{% endfor %}
