-- Grain: adjustment that is used, and its end.
-- Why: a change of a line that no record of its source explains is data with a reason and an approver, and posts like any
-- other (architecture.md posting 7). It counts from its effective date, or from the day its line counts where that is later;
-- one that is valid until a day is taken back the day after. Minor units of the contract's currency.

with adjustments as (

    select
        adjustments.adjustment_id,
        adjustments.measure,
        adjustments.effective_date,
        adjustments.valid_until,
        adjustments.reason,
        lines.accounting_contract_id,
        lines.contract_id,
        lines.contract_line_id,
        lines.exponent,
        lines.counts_from,
        {{ to_minor('adjustments.amount', 'lines.exponent') }} as amount_minor
    from {{ ref('accepted__adjustments') }} as adjustments
    inner join {{ ref('line_allocations') }} as lines on adjustments.contract_line_id = lines.contract_line_id

)

{% for suffix, day, sign in [('', 'effective_date', ''), ('|until', add_days('valid_until', 1), '-')] -%}
select
    'adjustment:' || adjustments.adjustment_id || '{{ suffix }}' as event_id,
    adjustments.adjustment_id,
    adjustments.measure,
    adjustments.accounting_contract_id,
    adjustments.contract_id,
    adjustments.contract_line_id,
    adjustments.exponent,
    greatest({{ day }}, adjustments.counts_from) as known_from,
    {{ sign }}adjustments.amount_minor as amount_minor,
    adjustments.reason
from adjustments
{% if suffix -%}
where adjustments.valid_until is not null
{% else -%}
union all
{% endif -%}
{% endfor %}
