-- Grain: usage or drawdown line × modification_number of a pool, cancellation, concession or write-off.
-- Why: what was used when a modification finds the line: beyond its amount it is contracted and earned beside the
-- line's layers. used_minor is what is contracted by then, used_before_minor what is earned by the day before; by_end
-- of both is what counts of it against a commitment, by the end that it has then.

with changes as (

    select *
    from {{ ref('modified_lines') }}
    where change in ('cancel', 'pool') or change in ('concession', 'write_off') and recognition_method != 'cancelled'

),

ends as (

    select
        reads.contract_line_id,
        reads.modification_number,
        max(case when reads.is_open then layers.drawn_until end) as contracted_until,
        coalesce(max(case when reads.is_in_force then layers.drawn_until end), max(layers.drawn_until)) as earned_until
    from {{ ref('layer_reads') }} as reads
    inner join {{ ref('layers') }} as layers
        on reads.contract_line_id = layers.contract_line_id
        and reads.made_in = layers.modification_number
        and reads.layer = layers.layer
    where layers.layer = 'main' and layers.drawn_until is not null
    group by reads.contract_line_id, reads.modification_number

),

used as (

    select
        changes.contract_line_id,
        changes.modification_number,
        -- a pool shares what the layers have still to earn; what was earned beyond them stays
        -- a cancellation from the day of the signature comes before what was used until then
        case changes.change
            when 'pool' then false
            when 'cancel' then greatest(usage.event_date, lines.signed_date) < cancellations.contracted_date
            -- an opening balance is of the end of its day
            when 'concession' then usage.event_date <= case
                when changes.conceded_from = 'opening' then changes.known_from else {{ add_days('changes.known_from', '-1') }}
            end
            else usage.event_date < changes.known_from
        end as is_contracted,
        coalesce(usage.event_date <= ends.contracted_until, false) as is_by_contracted_end,
        usage.event_date < changes.effective_date as is_earned,
        coalesce(usage.event_date <= ends.earned_until, false) as is_by_earned_end,
        usage.used_minor
    from changes
    inner join {{ ref('usage_events') }} as usage on changes.contract_line_id = usage.contract_line_id
    inner join {{ ref('line_allocations') }} as lines on changes.contract_line_id = lines.contract_line_id
    left join {{ ref('cancellations') }} as cancellations on changes.contract_line_id = cancellations.contract_line_id
    left join ends
        on changes.contract_line_id = ends.contract_line_id and changes.modification_number = ends.modification_number

)

select
    contract_line_id,
    modification_number,
    cast(sum(case when is_contracted then used_minor end) as bigint) as used_minor,
    cast(sum(case when is_contracted then case when is_by_contracted_end then used_minor else 0 end end) as bigint)
        as used_by_end_minor,
    cast(sum(case when is_earned then used_minor end) as bigint) as used_before_minor,
    cast(sum(case when is_earned then case when is_by_earned_end then used_minor else 0 end end) as bigint)
        as used_before_by_end_minor
from used
group by contract_line_id, modification_number
