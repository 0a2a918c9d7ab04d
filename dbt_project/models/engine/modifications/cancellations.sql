-- Grain: accepted contract line that is cancelled on the terms known at the cut.
-- Why: one place says when a line ends early and what that does (accounting.md §5 Cancel): a header
-- cancellation is a cancel of every line, a cancel amendment for the same line wins (architecture.md 26).

with lines as (

    select * from {{ ref('line_allocations') }}

),

contracts as (

    select * from {{ ref('accepted__contracts') }}

),

amendments as (

    select * from {{ ref('accepted__amendments') }}

),

by_amendment as (

    select
        lines.contract_line_id,
        amendments.amendment_id as event_id,
        amendments.effective_date as first_day_without_service,
        amendments.signed_date as cancellation_signed_date,
        {{ to_minor('amendments.amount_delta', 'lines.exponent') }} as amount_delta_minor,
        amendments.reason
    from amendments
    inner join lines on amendments.contract_line_id = lines.contract_line_id
    where amendments.action = 'cancel'

),

by_header as (

    select
        lines.contract_line_id,
        lines.contract_id as event_id,
        contracts.cancelled_date as first_day_without_service,
        coalesce(contracts.cancellation_signed_date, contracts.cancelled_date) as cancellation_signed_date,
        cast(null as bigint) as amount_delta_minor,
        contracts.cancellation_reason as reason
    from contracts
    inner join lines on contracts.contract_id = lines.contract_id
    left join by_amendment on lines.contract_line_id = by_amendment.contract_line_id
    where contracts.cancelled_date is not null
        and by_amendment.contract_line_id is null

),

cancelled as (

    select * from by_amendment
    union all
    select * from by_header

),

final as (

    select
        cancelled.contract_line_id,
        cancelled.event_id,
        cancelled.first_day_without_service,
        greatest(cancelled.cancellation_signed_date, lines.signed_date) as cancellation_signed_date,
        greatest(cancelled.first_day_without_service, cancelled.cancellation_signed_date, lines.signed_date)
            as effective_date,
        case
            when lines.recognition_method in ('ratable', 'on_start') or cancelled.amount_delta_minor is not null
                then greatest(cancelled.cancellation_signed_date, lines.signed_date)
            else greatest(cancelled.first_day_without_service, cancelled.cancellation_signed_date, lines.signed_date)
        end as contracted_date,
        cancelled.amount_delta_minor,
        cancelled.reason
    from cancelled
    inner join lines on cancelled.contract_line_id = lines.contract_line_id
    cross join {{ source('run', 'context') }} as context
    where greatest(cancelled.cancellation_signed_date, lines.signed_date) <= context.cut_date

)

select * from final
