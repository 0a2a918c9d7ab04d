-- Grain: accounting contract × modification_number: what changes its terms, in the order in which it counts.
-- Why: each modification changes the terms that the one before left, so they are computed in rounds (architecture.md
-- 19). Rows of one contract with the same dates are one modification (accounting.md §5). Ordered by the day it counts
-- from, of one day amendments, cancellations, estimates, then concessions (accounting.md §1): the terms of a day depend only on
-- what counts by that day. A write-off changes no terms; it finds what the day has left. An opening balance is of the end of
-- its day.

with amendments as (

    select
        accounting_contract_id,
        contract_id,
        'amendment' as kind,
        1 as kind_place,
        effective_date,
        signed_date,
        known_from,
        min(amendment_id) as first_id
    from {{ ref('amendment_rows') }}
    group by accounting_contract_id, contract_id, effective_date, signed_date, known_from

),

cancellations as (

    select
        lines.accounting_contract_id,
        lines.contract_id,
        'cancellation' as kind,
        2 as kind_place,
        cancellations.first_day_without_service as effective_date,
        cancellations.cancellation_signed_date as signed_date,
        cancellations.effective_date as known_from,
        min(cancellations.event_id) as first_id
    from {{ ref('cancellations') }} as cancellations
    inner join {{ ref('line_allocations') }} as lines on cancellations.contract_line_id = lines.contract_line_id
    group by
        lines.accounting_contract_id, lines.contract_id, cancellations.first_day_without_service,
        cancellations.cancellation_signed_date, cancellations.effective_date

),

estimates as (

    select
        accounting_contract_id,
        contract_id,
        'estimate' as kind,
        3 as kind_place,
        known_from as effective_date,
        known_from as signed_date,
        known_from,
        estimate_id as first_id
    from {{ ref('estimate_changes') }}

),

concessions as (

    select
        accounting_contract_id,
        contract_id,
        'concession' as kind,
        case when applies_to = 'opening' then 6 else 4 end as kind_place,
        effective_date,
        known_from as signed_date,
        known_from,
        event_id as first_id
    from {{ ref('concessions') }}

),

write_offs as (

    select
        accounting_contract_id,
        contract_id,
        'write_off' as kind,
        5 as kind_place,
        {{ add_days('event_date', 1) }} as effective_date,
        event_date as signed_date,
        event_date as known_from,
        write_off_id as first_id
    from {{ ref('write_offs_before_credits') }}

),

final as (

    select
        accounting_contract_id,
        contract_id,
        kind,
        effective_date,
        signed_date,
        known_from,
        first_id,
        cast(row_number() over (
            partition by accounting_contract_id
            order by known_from, kind_place, effective_date, signed_date, first_id, contract_id
        ) as integer) as modification_number
    from (
        select * from amendments
        union all
        select * from cancellations
        union all
        select * from estimates
        union all
        select * from concessions
        union all
        select * from write_offs
    ) as combined

)

select * from final
