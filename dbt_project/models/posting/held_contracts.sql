-- Grain: held contract × currency.
-- Why: its published figures are carried and nothing posts (accounting.md §2 Held versions); both the carried money
-- and what is held back are listed. Minor units of the currency.

select
    contract_id,
    currency,
    max(rule) as rule,
    cast(sum(contracted_minor) as bigint) as contracted_minor,
    cast(sum(billed_minor) as bigint) as billed_minor,
    cast(sum(recognized_minor) as bigint) as recognized_minor,
    cast(sum(held_back_minor) as bigint) as held_back_minor
from {{ ref('held_lines') }}
group by contract_id, currency
