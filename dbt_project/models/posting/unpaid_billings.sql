-- Grain: contract line under termination for convenience × period in which what does not count of its billing changes; empty
-- unless the policy defer_on is cash_if_cancellable.
-- Why: an invoice for service that is not delivered counts only as far as it is paid (accounting.md §6 defer_on): what is
-- billed on a contract above both the money received for it and what is earned does not, on its lines by what is billed on
-- each. Earned changes by the day, so this is a figure of each period's last day.

with periods as (

    select periods.period_index, least(periods.end_date, context.cut_date) as end_date
    from {{ ref('periods') }} as periods
    cross join {{ source('run', 'context') }} as context
    where context.policy_defer_on = 'cash_if_cancellable' and periods.start_date <= context.cut_date

),

lines as (

    select
        terms.contract_id,
        terms.contract_line_id,
        terms.line_place,
        periods.period_index,
        periods.end_date
    from {{ ref('line_allocations') }} as terms
    inner join {{ ref('accepted__contracts') }} as contracts on terms.contract_id = contracts.contract_id
    inner join periods on terms.signed_date <= periods.end_date
    where {{ is_cancellable('contracts') }}

),

billed as (

    select
        lines.contract_line_id,
        lines.period_index,
        cast(sum(events.amount_minor) as bigint) as amount_minor,
        cast(sum(events.tax_minor) as bigint) as tax_minor
    from lines
    inner join (
        select contract_line_id, positions_date, amount_minor, tax_minor from {{ ref('billing_events') }}
        union all
        select contract_line_id, event_date, amount_minor, 0 from {{ ref('write_off_spreads') }}
    ) as events
        on lines.contract_line_id = events.contract_line_id and events.positions_date <= lines.end_date
    group by lines.contract_line_id, lines.period_index

),

in_force as (

    select segments.*, lines.period_index, lines.end_date as at_date
    from lines
    inner join {{ ref('revenue_segments') }} as segments
        on lines.contract_line_id = segments.contract_line_id
        and lines.end_date between segments.valid_from and segments.valid_to

),

recognized as (

    select contract_line_id, period_index, cast(sum(recognized_minor) as bigint) as recognized_minor
    from ( {{ recognized_at('in_force') }} ) as evaluated
    group by contract_line_id, period_index

),

received as (

    select contracts.contract_id, contracts.period_index, cast(sum(money.net_minor) as bigint) as received_minor
    from (select distinct contract_id, period_index, end_date from lines) as contracts
    inner join {{ ref('money_received') }} as money
        on contracts.contract_id = money.contract_id and money.event_date <= contracts.end_date
    group by contracts.contract_id, contracts.period_index

),

summed as (

    select
        lines.*,
        cast(greatest(coalesce(billed.amount_minor, 0), 0) as bigint) as billed_minor,
        cast(coalesce(billed.tax_minor, 0) as bigint) as billed_tax_minor,
        cast(sum(greatest(coalesce(billed.amount_minor, 0), 0)) over in_line_order as bigint) as through_line,
        cast(sum(greatest(coalesce(billed.amount_minor, 0), 0)) over of_contract as bigint) as whole,
        cast(greatest(
            coalesce(received.received_minor, 0), sum(coalesce(recognized.recognized_minor, 0)) over of_contract
        ) as bigint) as counts_minor
    from lines
    left join billed
        on lines.contract_line_id = billed.contract_line_id and lines.period_index = billed.period_index
    left join recognized
        on lines.contract_line_id = recognized.contract_line_id and lines.period_index = recognized.period_index
    left join received
        on lines.contract_id = received.contract_id and lines.period_index = received.period_index
    window
        of_contract as (partition by lines.contract_id, lines.period_index),
        in_line_order as (
            partition by lines.contract_id, lines.period_index order by lines.line_place
            rows between unbounded preceding and current row
        )

),

unpaid as (

    select
        summed.*,
        {{ prorate('(whole - counts_minor)', 'through_line', 'whole') }}
        - {{ prorate('(whole - counts_minor)', '(through_line - billed_minor)', 'whole') }} as unpaid_minor
    from summed
    where whole > counts_minor

),

taxed as (

    -- the tax on what does not count is not owed yet either
    select
        lines.contract_line_id,
        lines.period_index,
        lines.end_date,
        coalesce(unpaid.unpaid_minor, 0) as unpaid_minor,
        case
            when unpaid.billed_minor > 0 then {{ prorate('unpaid.billed_tax_minor', 'unpaid.unpaid_minor', 'unpaid.billed_minor') }}
            else 0
        end as unpaid_tax_minor
    from lines
    left join unpaid
        on lines.contract_line_id = unpaid.contract_line_id and lines.period_index = unpaid.period_index

),

changes as (

    select
        contract_line_id,
        end_date as event_date,
        cast(lag(unpaid_minor, 1, 0) over by_period - unpaid_minor as bigint) as amount_minor,
        cast(lag(unpaid_tax_minor, 1, 0) over by_period - unpaid_tax_minor as bigint) as tax_minor
    from taxed
    window by_period as (partition by contract_line_id order by period_index)

)

select * from changes where amount_minor != 0 or tax_minor != 0
