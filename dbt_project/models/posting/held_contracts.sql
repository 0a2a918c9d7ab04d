-- Grain: held contract × currency.
-- Why: its published figures are carried and nothing posts (accounting.md §2 Held versions); both the carried money
-- and what is held back are listed, in the row's currency.

select
    lines.contract_id,
    lines.currency,
    max(lines.rule) as rule,
    {% for measure in ['contracted', 'billed', 'recognized', 'held_back'] -%}
    {{ to_amount('cast(sum(lines.' ~ measure ~ '_minor) as bigint)', 'max(currencies.exponent)') }} as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('held_lines') }} as lines
inner join {{ ref('exchange__currencies') }} as currencies on lines.currency = currencies.currency
group by lines.contract_id, lines.currency
