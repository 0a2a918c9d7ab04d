-- Grain: contract × currency × open period in which it earns something after an invoice of its customer was found
-- uncollectible.
-- Why: revenue goes on, and somebody has to ask whether it may (accounting.md §6). On all contracts of the customer, from
-- the day of the first such invoice on, as the terms are known now.

with periods as (

    select periods.period, periods.start_date, least(periods.end_date, context.cut_date) as end_date
    from {{ ref('periods') }} as periods
    cross join {{ source('run', 'context') }} as context
    where periods.is_open

),

lines as (

    select
        terms.contract_line_id,
        terms.contract_id,
        contracts.customer_id,
        terms.currency,
        terms.exponent,
        periods.period,
        periods.end_date,
        greatest({{ add_days('found.found_on', -1) }}, {{ add_days('periods.start_date', -1) }}) as before_date
    from {{ ref('line_allocations') }} as terms
    inner join {{ ref('accepted__contracts') }} as contracts on terms.contract_id = contracts.contract_id
    inner join {{ ref('uncollectible_customers') }} as found on contracts.customer_id = found.customer_id
    inner join periods on found.found_on <= periods.end_date

),

in_force as (

    {% for day, sign in [('end_date', 1), ('before_date', -1)] -%}
    select segments.*, lines.period, {{ sign }} as earned_sign, lines.{{ day }} as at_date
    from lines
    inner join {{ ref('revenue_segments') }} as segments
        on lines.contract_line_id = segments.contract_line_id
        and lines.{{ day }} between segments.valid_from and segments.valid_to
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

earned as (

    select contract_line_id, period, cast(sum(earned_sign * recognized_minor) as bigint) as earned_minor
    from ( {{ recognized_at('in_force') }} ) as evaluated
    group by contract_line_id, period

)

select
    lines.contract_id,
    lines.customer_id,
    lines.currency,
    lines.period,
    {{ to_amount('cast(sum(earned.earned_minor) as bigint)', 'max(lines.exponent)') }} as amount
from lines
inner join earned on lines.contract_line_id = earned.contract_line_id and lines.period = earned.period
group by lines.contract_id, lines.customer_id, lines.currency, lines.period
having sum(earned.earned_minor) != 0
