-- Grain: written_off row × contract line.
-- Why: what was never earned comes off the billing of the contract's lines in proportion to max(billed − recognized, 0), all
-- 0: to billed, all 0: the first line; each write-off changes what the next one finds.
{{ config(
    materialized='iterated',
    columns=[
        ['event_id', dbt.type_string()], ['event_type', dbt.type_string()], ['document_id', dbt.type_string()],
        ['contract_line_id', dbt.type_string()], ['event_date', 'date'], ['amount_minor', 'bigint'],
    ],
    rounds_from='written_off',
) }}

with events as (

    select * from {{ ref('write_offs') }} where round_number = __round__

),

found as (

    select
        events.event_id,
        events.event_type,
        events.document_id,
        events.event_date,
        events.never_earned_minor,
        lines.contract_line_id,
        lines.line_place,
        lines.recognized_minor,
        lines.billed_minor + coalesce(earlier.amount_minor, 0) as billed_minor
    from events
    inner join {{ ref('write_off_lines') }} as lines
        on events.contract_id = lines.contract_id and events.round_number = lines.round_number
    left join (
        select contract_line_id, cast(sum(amount_minor) as bigint) as amount_minor from {{ this }} group by contract_line_id
    ) as earlier
        on lines.contract_line_id = earlier.contract_line_id

),

based as (

    select
        found.*,
        {{ never_earned_weight(
            'billed_minor', 'recognized_minor', 'partition by event_id, event_type',
            'partition by event_id, event_type order by line_place'
        ) }} as basis
    from found

),

cumulated as (

    select
        based.*,
        cast(sum(basis) over (
            partition by event_id, event_type order by line_place
            rows between unbounded preceding and current row
        ) as bigint) as through_line,
        cast(sum(basis) over (partition by event_id, event_type) as bigint) as whole
    from based

)

select
    event_id,
    event_type,
    document_id,
    contract_line_id,
    event_date,
    {{ prorate('never_earned_minor', '(through_line - basis)', 'whole') }}
    - {{ prorate('never_earned_minor', 'through_line', 'whole') }} as amount_minor
from cumulated
where basis != 0
