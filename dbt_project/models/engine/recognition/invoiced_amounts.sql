-- Grain: document line × contract line that is recognized as invoiced.
-- Why: each document line is earned over its service period, a void takes all back (accounting.md §4, §6;
-- macros/invoiced.sql). It has the columns of a revenue segment, whose layer is the document line.

with events as (

    select events.*, lines.earned_until
    from {{ ref('billing_events') }} as events
    inner join {{ ref('line_allocations') }} as lines
        on events.contract_line_id = lines.contract_line_id
        and lines.recognition_method = 'as_invoiced'

),

final as (

    {{ earned_as_invoiced('events') }}

)

select * from final
