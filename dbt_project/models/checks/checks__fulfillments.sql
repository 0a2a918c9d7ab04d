-- Grain: fulfillments record.
-- Why: every fact its rules ask for (expectations/suites/fulfillments.yml).

with counted as (

    -- what is dated after the cut does not count yet; events of one day count together
    select
        records.record_key,
        sum(case records.kind when 'delivery' then records.quantity when 'return' then -records.quantity end) over (
            partition by records.contract_line_id order by records.event_date
        ) as delivered_quantity
    from {{ ref('exchange__fulfillments') }} as records
    cross join {{ source('run', 'context') }} as context
    where records.event_date <= context.cut_date and records.kind in ('delivery', 'return')

),

summed as (

    -- usage and milestones through the day, by kind
    select
        records.record_key,
        cast(sum(records.amount) over (
            partition by records.contract_line_id, records.kind order by records.event_date
        ) as decimal(38, 3)) as summed_amount
    from {{ ref('exchange__fulfillments') }} as records
    cross join {{ source('run', 'context') }} as context
    where records.event_date <= context.cut_date and records.kind in ('milestone', 'usage')

),

progress as (

    -- against the one before it; without a percentage, cost to date against cost at completion, multiplied out
    select
        record_key,
        progress,
        lag(progress) over by_day as previous_progress,
        coalesce(
            percent_complete < lag(percent_complete) over by_day,
            wide_cost_to_date * lag(wide_cost_at_completion) over by_day
            < lag(wide_cost_to_date) over by_day * wide_cost_at_completion
        ) as has_fallen
    from (
        select
            *,
            -- the product of two amounts has no place in 18 digits
            cast(cost_to_date as decimal(38, 3)) as wide_cost_to_date,
            cast(cost_at_completion as decimal(38, 3)) as wide_cost_at_completion,
            coalesce(
                rtrim(rtrim(cast(percent_complete as {{ dbt.type_string() }}), '0'), '.') || ' %',
                cost_to_date || ' of ' || cost_at_completion
            ) as progress
        from {{ ref('exchange__fulfillments') }}
        where kind = 'progress' and event_date is not null
    ) as records
    window by_day as (partition by contract_line_id order by event_date, record_key)

),

final as (

    select
        {{ exchange_columns('fulfillments') }},
        lines.contract_id,
        records.amount as held_amount,
        contracts.currency as held_currency,
        lines.contract_line_id is not null as is_known_line,
        contracts.signed_date,
        contract_lines.quantity as ordered_quantity,
        cast(counted.delivered_quantity as decimal(38, 6)) as delivered_quantity,
        progress.progress,
        progress.previous_progress,
        progress.has_fallen,
        terms.recognition_method as method,
        contract_lines.amount as line_amount,
        summed.summed_amount,
        openings.contract_line_id is not null as is_taken_over,
        context.cut_date,
        {{ common_checks('fulfillments', 'currencies.exponent') }}
    from {{ ref('exchange__fulfillments') }} as records
    left join counted on records.record_key = counted.record_key
    left join progress on records.record_key = progress.record_key
    left join summed on records.record_key = summed.record_key
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join {{ ref('exchange__contract_lines') }} as contract_lines
        on records.contract_line_id = contract_lines.contract_line_id
    left join {{ ref('contract_line_terms') }} as terms on records.contract_line_id = terms.contract_line_id
    left join {{ ref('exchange__contracts') }} as contracts on lines.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join (select distinct contract_line_id from {{ ref('exchange__opening_balances') }}) as openings
        on records.contract_line_id = openings.contract_line_id
    cross join {{ source('run', 'context') }} as context

)

select * from final
