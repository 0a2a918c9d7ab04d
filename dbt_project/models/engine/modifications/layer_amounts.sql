-- Grain: contract line × modification_number × layer that a modification makes.
-- Why: the money of each modification, one round after the other (accounting.md §5, macros/iterated.sql): what a layer has
-- earned already (base), what it still earns (remainder), and what was contracted in the layers it takes (taken).
--   pool: price = Σ (contracted − recognized(m − 1)) + amounts of the amendment, shared by remaining SSP, of a commitment by
--   what is left of its price; what was used beyond it before is carried on
--   catch-up: price = Σ what the allocation's layers still earn, less concessions, + amounts, shared by its SSPs
--   separate: the amounts of what is added; cancel: recognized(x − 1), or contracted + amount_delta
--   estimate: the allocation's price changes, its lines by their weights; what falls to a line pooled since changes the
--   price of that pool in the next step
--   concession C: what is earned of it comes off at once, C × recognized ÷ contracted, the rest off what is still earned
--   (accounting.md §6: performed takes from what is earned first, remaining from what is not; a cancellation's credit is
--   a concession only above billed − recognized(x − 1), and none where the cancellation says what is kept; a return's
--   credits, beyond what was expected back, are no longer contracted as far as returns have opened it again: debooked)
--   adjustment of what is contracted: off or on top of what is still earned, of what is recognized: between the two, and of
--   the price where nothing is left to earn; opening balance: what brings the line to its figures
--   write-off: no price changes; share is what comes off the line's billing, for it was never earned
{{ config(
    materialized='iterated',
    columns=[
        ['accounting_contract_id', dbt.type_string()], ['modification_number', 'integer'],
        ['contract_line_id', dbt.type_string()], ['layer', dbt.type_string()], ['base_minor', 'bigint'],
        ['remainder_minor', 'bigint'], ['taken_minor', 'bigint'], ['allocation', dbt.type_string()],
        ['moved_to', dbt.type_string()], ['share_minor', 'bigint'], ['weight_minor', 'bigint'], ['debooked_minor', 'bigint'],
        ['whole', 'bigint'], ['carried_minor', 'bigint'],
    ],
    rounds_from='rounds',
) }}

{# what usage draws on: the stated amount, of a drawdown what its layers are drawn down to #}
{% set drawn_on = "(case lines.recognition_method when 'usage' then lines.amount_minor else coalesce(%s, 0) end)" %}

with all_changes as (

    select changes.*
    from {{ ref('modified_lines') }} as changes
    inner join {{ ref('rounds') }} as rounds
        on changes.accounting_contract_id = rounds.accounting_contract_id
        and changes.modification_number = rounds.modification_number
        and changes.step = rounds.step
    where rounds.round_number = __round__

),

changes as (

    select * from all_changes where of_term is null

),

money as (

    select contract_line_id, modification_number, layer, base_minor, remainder_minor, debooked_minor, whole, carried_minor
    from {{ this }}

    union all

    select contract_line_id, 0 as modification_number, 'main' as layer, cast(0 as bigint) as base_minor, allocated_minor as remainder_minor,
        cast(0 as bigint) as debooked_minor, cast(null as bigint) as whole, cast(0 as bigint) as carried_minor
    from {{ ref('line_allocations') }}
    where accounting_contract_id in (select accounting_contract_id from changes)

),

reads as (

    select
        reads.*,
        money.base_minor,
        money.remainder_minor as spread_minor,
        money.debooked_minor,
        money.carried_minor,
        layers.recognition_method,
        {%- for column in spread_columns() %}
        spreads.{{ column }},
        {%- endfor %}
        layers.progress_from,
        coalesce(money.whole, layers.whole) as whole,
        lines.progress_before as progress,
        lines.is_used_up_before or coalesce(reads.at_date >= layers.drawn_until, false) as is_ended,
        lines.stays,
        lines.scale,
        lines.delivered_before,
        layers.change != 'concession' as is_share,
        -- a final amount that is fixed before it takes effect falls by all of what is conceded in between
        changes.change = 'cancel' and layers.change = 'concession' and layers.known_from >= cancellations.contracted_date
            as is_off_final,
        changes.change
    from {{ ref('layer_reads') }} as reads
    inner join money
        on reads.contract_line_id = money.contract_line_id
        and reads.made_in = money.modification_number
        and reads.layer = money.layer
    inner join {{ ref('layers') }} as layers
        on reads.contract_line_id = layers.contract_line_id
        and reads.made_in = layers.modification_number
        and reads.layer = layers.layer
    left join {{ ref('layer_spreads') }} as spreads
        on reads.contract_line_id = spreads.contract_line_id
        and reads.made_in = spreads.modification_number
        and reads.layer = spreads.layer
        and reads.at_date between spreads.holds_from and spreads.holds_until
    inner join {{ ref('lines_at_modifications') }} as lines
        on reads.contract_line_id = lines.contract_line_id
        and reads.modification_number = lines.modification_number
    inner join changes
        on reads.contract_line_id = changes.contract_line_id
        and reads.modification_number = changes.modification_number
        and changes.change in ('pool', 'catch_up', 'cancel', 'concession', 'estimate', 'write_off')
    left join {{ ref('cancellations') }} as cancellations on reads.contract_line_id = cancellations.contract_line_id

),

-- what each line has of an allocation's price, and by which weight
shares as (

    select accounting_contract_id, allocation, contract_line_id, share_minor, weight_minor
    from (
        select
            known.*,
            row_number() over (
                partition by known.accounting_contract_id, known.allocation, known.contract_line_id
                order by known.modification_number desc
            ) as recency
        from (
            select accounting_contract_id, allocation, contract_line_id, modification_number, share_minor, weight_minor
            from {{ this }}
            where layer = 'main' or moved_to is not null
            union all
            select
                accounting_contract_id, 'group:' || allocation_group as allocation, contract_line_id, 0 as modification_number,
                allocated_minor as share_minor, basis_minor as weight_minor
            from {{ ref('line_allocations') }}
            where amendment_id is null and not is_discount
        ) as known
        inner join (select distinct accounting_contract_id, allocation from changes where change in ('estimate', 'share')) as asked
            on known.accounting_contract_id = asked.accounting_contract_id
            and known.allocation = asked.allocation
    ) as ordered
    where recency = 1

),

-- what moved on to an allocation in earlier steps of the same modification
moved as (

    select earlier.accounting_contract_id, earlier.moved_to as allocation, cast(sum(earlier.remainder_minor) as bigint) as moved_minor
    from {{ this }} as earlier
    inner join (select distinct accounting_contract_id, modification_number from changes) as current_modification
        on earlier.accounting_contract_id = current_modification.accounting_contract_id
        and earlier.modification_number = current_modification.modification_number
    where earlier.moved_to is not null
    group by earlier.accounting_contract_id, earlier.moved_to

),

open_before as (

    select
        contract_line_id,
        -- a pool and a catch-up share all of it, and what is expected back comes off after (expected_back_changes)
        cast(sum(base_minor + spread_minor - debooked_minor - case
            when change in ('cancel', 'concession') and is_share and recognition_method = 'point_in_time'
                then {{ expected_back('spread_minor', 'base_minor', 'progress_from', 'whole', 'stays', 'scale') }}
            else 0
        end) as bigint) as taken_minor,
        cast(sum(case when is_share then base_minor else 0 end) as bigint) as base_minor,
        cast(sum(case when is_share then spread_minor else 0 end) as bigint) as remainder_minor,
        -- what a drawdown is drawn down to
        cast(sum(case when is_share and recognition_method = 'drawdown' then progress_from + spread_minor else 0 end) as bigint)
            as drawn_on_minor,
        cast(sum(carried_minor) as bigint) as carried_minor,
        cast(sum(debooked_minor) as bigint) as debooked_minor,
        -- in a catch-up a concession comes off the price that is shared again
        cast(sum(case when is_share then 0 else base_minor + spread_minor end) as bigint) as conceded_minor,
        -- what goods that came back, beyond those expected, have opened again
        cast(sum(case
            when change = 'concession' and recognition_method = 'point_in_time'
                then {{ earned_at(
                    'recognition_method', 'spread_minor', 'base_minor', 'progress_from',
                    'least(delivered_before * stays, case when is_share then ' ~ whole_that_stays('whole', 'stays', 'scale')
                    ~ ' else whole end)',
                    'whole', 'false'
                ) }} - {{ earned_by_progress(
                    'recognition_method', 'spread_minor', 'reads.is_ended', 'base_minor', 'progress_from', 'reads', 'reads.whole', 'is_share'
                ) }}
            else 0
        end) as bigint) as reopened_minor
    from reads
    where is_open
    group by contract_line_id

),

-- what layers that are earned by time have earned by the day before
by_time as (

    select *
    from ( {{ recognized_at("(select * from reads where spread_start is not null)") }} ) as evaluated

),

earned_before as (

    -- of goods at most what credits for returns have left contracted of the shares
    select
        contract_line_id,
        cast(sum(case when is_of_goods then 0 else recognized_minor end) + least(
            sum(case when is_of_goods then recognized_minor else 0 end),
            case when max(debooked_minor) != 0 then sum(contracted_minor) - max(debooked_minor) end
        ) as bigint) as recognized_minor
    from (
        select contract_line_id, recognized_minor, false as is_of_goods, 0 as contracted_minor, 0 as debooked_minor
        from by_time
        where is_in_force and not coalesce(is_off_final, false)
        union all
        select
            reads.contract_line_id,
            case
                when recognition_method = 'cancelled' then base_minor
                when is_off_final then base_minor + spread_minor
                -- a term without a day left is earned at once
                when recognition_method = 'ratable' then base_minor + spread_minor
                else {{ earned_by_progress(
                    'recognition_method', 'spread_minor', 'reads.is_ended', 'base_minor', 'progress_from', 'reads', 'reads.whole', 'is_share'
                ) }}
            end as recognized_minor,
            recognition_method = 'point_in_time' and is_share as is_of_goods,
            case
                when recognition_method = 'point_in_time' and is_share
                    then base_minor + spread_minor
                        - {{ expected_back('spread_minor', 'base_minor', 'progress_from', 'whole', 'stays', 'scale') }}
                else 0
            end as contracted_minor,
            coalesce(credited.debooked_before_minor, 0) as debooked_minor
        from reads
        left join (select contract_line_id, debooked_minor as debooked_before_minor from open_before) as credited
            on reads.contract_line_id = credited.contract_line_id
        where is_in_force and (spread_start is null or coalesce(is_off_final, false))
    ) as evaluated
    group by contract_line_id

),

-- what a drawdown was drawn down to the day before, and what was used beyond earlier layers
in_force_before as (

    select
        contract_line_id,
        cast(sum(progress_from + spread_minor) as bigint) as drawn_on_minor,
        cast(sum(carried_minor) as bigint) as carried_minor
    from reads
    where is_in_force and is_share and recognition_method = 'drawdown'
    group by contract_line_id

),

-- what concessions on the whole contract and write-offs have taken off a line's billing before, and what a void takes
-- back
conceded_before as (

    select
        changes.contract_line_id,
        cast(sum(
            case
                when (earlier.is_of_contract or earlier.change = 'write_off')
                    and (changes.conceded_from = 'cancellation' or changes.change = 'write_off')
                    then amounts.share_minor
                else 0
            end
        ) as bigint) as billed_minor,
        cast(sum(
            case when earlier.modification_number = changes.undoes then amounts.base_minor + amounts.remainder_minor else 0 end
        ) as bigint) as undone_minor,
        cast(sum(case when earlier.conceded_from = 'return' then -amounts.base_minor - amounts.remainder_minor else 0 end)
            as bigint) as returns_conceded_minor,
        cast(sum(amounts.debooked_minor) as bigint) as debooked_minor,
        cast(sum(case when earlier.change = 'write_off' then -amounts.share_minor else 0 end) as bigint) as never_earned_minor
    from changes
    inner join {{ ref('modified_lines') }} as earlier
        on changes.contract_line_id = earlier.contract_line_id
        and changes.modification_number > earlier.modification_number
        and earlier.change in ('concession', 'write_off')
    inner join {{ this }} as amounts
        on earlier.contract_line_id = amounts.contract_line_id
        and earlier.modification_number = amounts.modification_number
        and earlier.layer = amounts.layer
    where changes.change in ('concession', 'write_off')
    group by changes.contract_line_id

),

-- what is used above it is contracted and earned beside the layers
used_beside as (

    select
        changes.contract_line_id,
        changes.layer,
        case
            when usage.used_minor is null then 0
            else {{ used_above(
                'lines.recognition_method', 'usage.used_minor', 'usage.used_by_end_minor',
                drawn_on % 'open_before.drawn_on_minor'
            ) }} + coalesce(open_before.carried_minor, 0)
        end + changes.pending_minor as beside_contracted_minor,
        case
            when usage.used_before_minor is null then 0
            else {{ used_above(
                'lines.recognition_method', 'usage.used_before_minor', 'usage.used_before_by_end_minor',
                drawn_on % 'in_force_before.drawn_on_minor, open_before.drawn_on_minor'
            ) }} + coalesce(in_force_before.carried_minor, open_before.carried_minor, 0)
        end + changes.invoiced_minor as beside_earned_minor
    from changes
    inner join {{ ref('line_allocations') }} as lines on changes.contract_line_id = lines.contract_line_id
    left join {{ ref('usage_at_modifications') }} as usage
        on changes.contract_line_id = usage.contract_line_id and changes.modification_number = usage.modification_number
    left join open_before on changes.contract_line_id = open_before.contract_line_id
    left join in_force_before on changes.contract_line_id = in_force_before.contract_line_id

),

before_change as (

    select
        changes.*,
        used_beside.beside_contracted_minor,
        used_beside.beside_earned_minor,
        changes.billed_minor + coalesce(conceded_before.billed_minor, 0) as found_billed_minor,
        coalesce(conceded_before.never_earned_minor, 0) as never_earned_before_minor,
        coalesce(open_before.taken_minor, 0) + used_beside.beside_contracted_minor as taken_minor,
        coalesce(open_before.base_minor, 0) as open_base_minor,
        coalesce(open_before.remainder_minor, 0) as open_remainder_minor,
        coalesce(open_before.conceded_minor, 0) as open_conceded_minor,
        coalesce(open_before.drawn_on_minor, 0) as drawn_on_minor,
        greatest(coalesce(open_before.reopened_minor, 0), 0) as reopened_minor,
        coalesce(shares.share_minor, 0) as share_before_minor,
        shares.weight_minor as weight_before_minor,
        coalesce(moved.moved_minor, 0) as moved_minor,
        coalesce(earned_before.recognized_minor, 0)
        + case when changes.change = 'pool' then 0 else used_beside.beside_earned_minor end as recognized_minor,
        case
            when changes.change = 'pool' and open_before.contract_line_id is not null then used_beside.beside_earned_minor
            when changes.change in ('catch_up', 'estimate') then coalesce(open_before.carried_minor, 0)
            else 0
        end as carried_minor,
        shared_before.weight_minor as shared_in_weight_minor,
        lines.is_unpriced,
        lines.is_discount
    from changes
    inner join used_beside on changes.contract_line_id = used_beside.contract_line_id and changes.layer = used_beside.layer
    inner join {{ ref('line_allocations') }} as lines on changes.contract_line_id = lines.contract_line_id
    left join open_before on changes.contract_line_id = open_before.contract_line_id
    left join earned_before on changes.contract_line_id = earned_before.contract_line_id
    left join conceded_before on changes.contract_line_id = conceded_before.contract_line_id
    left join shares
        on changes.change in ('estimate', 'share')
        and changes.contract_line_id = shares.contract_line_id
        and changes.allocation = shares.allocation
    left join {{ this }} as shared_before
        on changes.contract_line_id = shared_before.contract_line_id
        and changes.shared_in = shared_before.modification_number
        and shared_before.layer = 'main'
    left join moved
        on changes.change in ('estimate', 'share')
        and changes.accounting_contract_id = moved.accounting_contract_id
        and changes.allocation = moved.allocation

),

-- what is left of a price is left of the stand-alone selling price of a commitment in a pool
left_before as (

    select
        before_change.*,
        case
            when change != 'pool' or recognition_method != 'drawdown' then 1
            when taken_minor + amount_delta_minor <= 0 then 0
            else greatest(taken_minor + amount_delta_minor - recognized_minor, 0)
        end as left_minor,
        case
            when change != 'pool' or recognition_method != 'drawdown' then 1
            else greatest(taken_minor + amount_delta_minor, 1)
        end as left_of_minor
    from before_change

),

priced_before as (

    select
        left_before.*,
        case
            when change = 'catch_up' then {{ prorate(
                'coalesce(shared_in_weight_minor, basis_minor)', 'part_numerator', 'part_denominator'
            ) }}
            else {{ prorate('basis_minor', 'left_minor', 'left_of_minor') }}
        end as ssp_minor,
        {{ prorate('stated_basis_minor', 'left_minor', 'left_of_minor') }} as stated_minor
    from left_before

),

-- all prices 0: by stated amounts; these 0 too: the first line. A concession without a line falls on all of its contract
-- by what is contracted; nothing is: on the first
weighed as (

    select
        priced_before.*,
        case
            when change in ('estimate', 'share') then weight_before_minor
            when change in ('pool', 'catch_up', 'separate', 'money') then
                case
                    when sum(ssp_minor) over (partition by accounting_contract_id, allocation) != 0 then ssp_minor
                    when sum(stated_minor) over (partition by accounting_contract_id, allocation) != 0 then stated_minor
                    when row_number() over (
                        partition by accounting_contract_id, allocation
                        order by case when change = 'money' or is_discount then 1 else 0 end, line_place
                    ) = 1 then 1
                    else 0
                end
            when change = 'write_off'
                then {{ never_earned_weight(
                    'found_billed_minor', 'recognized_minor', 'partition by accounting_contract_id, allocation',
                    'partition by accounting_contract_id, allocation order by line_place'
                ) }}
            when change != 'concession' then basis_minor
            when sum(greatest(taken_minor, 0)) over (partition by accounting_contract_id, allocation) > 0
                then greatest(taken_minor, 0)
            when row_number() over (partition by accounting_contract_id, allocation order by line_place) = 1 then 1
            else 0
        end as weight_minor
    from priced_before

),

cumulated as (

    select
        weighed.*,
        cast(sum(
            amount_delta_minor + case change
                when 'pool' then taken_minor - recognized_minor
                when 'catch_up' then open_remainder_minor + open_conceded_minor
                when 'estimate' then share_before_minor
                when 'share' then share_before_minor
                when 'write_off' then never_earned_before_minor
                else 0
            end
        ) over allocation_of_round + case
            when change in ('estimate', 'share') then moved_minor
            when change = 'write_off'
                then {{ bad_debt_expense(
                    '-sum(amount_delta_minor) over allocation_of_round', 'sum(recognized_minor) over allocation_of_round', 'paid_minor'
                ) }}
            else 0
        end as bigint) as price_minor,
        cast(sum(amount_delta_minor) over allocation_of_round + moved_minor as bigint) as change_minor,
        cast(sum(weight_minor) over (
            partition by accounting_contract_id, allocation order by line_place, contract_line_id
            rows between unbounded preceding and current row
        ) as bigint) as basis_through_line,
        cast(sum(weight_minor) over allocation_of_round as bigint) as basis_of_all
    from weighed
    window allocation_of_round as (partition by accounting_contract_id, allocation)

),

shared as (

    select
        cumulated.*,
        case
            -- of a price that changes only what the change makes of the shares
            when change in ('estimate', 'share')
                then share_before_minor
                    + case
                        when basis_of_all = 0 then cast(0 as bigint)
                        else {{ part_of_price('price_minor', 'weight_minor', 'basis_through_line', 'basis_of_all') }}
                            - ({{ part_of_price(
                                '(price_minor - change_minor)', 'weight_minor', 'basis_through_line', 'basis_of_all'
                            ) }})
                    end
            when basis_of_all = 0 then cast(0 as bigint)
            else {{ part_of_price('price_minor', 'weight_minor', 'basis_through_line', 'basis_of_all') }}
        end as share_minor
    from cumulated

),

-- what of the stated amount is expected to come back
expected as (

    select
        changes.contract_line_id,
        case
            when lines.recognition_method = 'point_in_time' and lines.stays < lines.scale and lines.amount_minor > 0
                then {{ prorate('lines.amount_minor', '(lines.scale - lines.stays)', 'lines.scale') }}
            else 0
        end as expected_minor
    from changes
    inner join {{ ref('lines_at_modifications') }} as lines
        on changes.contract_line_id = lines.contract_line_id
        and changes.modification_number = lines.modification_number
    where changes.conceded_from = 'return'

),

priced as (

    -- of a credit: by how much the price falls
    select
        shared.*,
        cast(case
            when shared.conceded_from in ('cancellation', 'return') and shared.undoes is not null
                then -coalesce(conceded_before.undone_minor, 0)
            when shared.conceded_from = 'cancellation' and cancellations.amount_delta_minor is not null then 0
            when shared.conceded_from = 'cancellation' then -greatest(
                -shared.share_minor - greatest(
                    shared.found_billed_minor
                    - case when shared.recognition_method = 'cancelled' then shared.taken_minor else shared.recognized_minor end,
                    0
                ), 0
            )
            when shared.conceded_from = 'opening'
                then case when openings.is_ending then 0 else openings.contracted_minor - openings.pending_minor - shared.taken_minor end
            when shared.conceded_from = 'recognized' then shared.share_minor - case
                when shared.left_to_earn_minor > 0 then least(shared.share_minor, shared.left_to_earn_minor)
                when shared.left_to_earn_minor < 0 then greatest(shared.share_minor, shared.left_to_earn_minor)
                else 0
            end
            when shared.conceded_from = 'return' then -greatest(
                -shared.share_minor - greatest(expected.expected_minor - shared.returned_before_minor, 0)
                - greatest(shared.reopened_minor - coalesce(conceded_before.debooked_minor, 0), 0), 0
            )
            else shared.share_minor
        end as bigint) as fall_minor,
        openings.recognized_minor as opening_minor,
        coalesce(expected.expected_minor, 0) as expected_minor,
        coalesce(conceded_before.returns_conceded_minor, 0) as returns_conceded_minor,
        coalesce(conceded_before.debooked_minor, 0) as debooked_before_minor
    from (
        -- of the price that the line's own layers have and earn
        select of_layers.*, layers_minor - earned_minor as left_to_earn_minor
        from (
            select
                *,
                taken_minor - case when is_unpriced then 0 else beside_contracted_minor end as layers_minor,
                recognized_minor - case when is_unpriced then 0 else beside_earned_minor end as earned_minor
            from shared
        ) as of_layers
    ) as shared
    left join conceded_before on shared.contract_line_id = conceded_before.contract_line_id
    left join expected on shared.change = 'concession' and shared.contract_line_id = expected.contract_line_id
    left join {{ ref('lines_taken_over') }} as openings
        on shared.conceded_from = 'opening' and shared.contract_line_id = openings.contract_line_id
    left join {{ ref('cancellations') }} as cancellations
        on shared.change = 'concession'
        and shared.contract_line_id = cancellations.contract_line_id
        and cancellations.cancellation_signed_date <= shared.known_from

),

conceded as (

    -- and what of that is taken back at once
    select
        *,
        cast(case
            when change != 'concession' then 0
            when conceded_from = 'opening' then opening_minor - recognized_minor
            when conceded_from = 'recognized' then share_minor
            when recognition_method = 'cancelled' then fall_minor
            when conceded_from = 'contracted' and not is_unpriced then fall_minor - case
                when left_to_earn_minor > 0 then greatest(fall_minor, -left_to_earn_minor)
                when left_to_earn_minor < 0 then least(fall_minor, -left_to_earn_minor)
                else fall_minor
            end
            when conceded_from in ('performed', 'cancellation', 'return') then -least(-fall_minor, greatest(earned_minor, 0))
            when conceded_from = 'remaining'
                then -(-fall_minor - least(-fall_minor, greatest(layers_minor - earned_minor, 0)))
            when layers_minor = 0 or is_unpriced then fall_minor
            else {{ prorate(
                'fall_minor', '(case when layers_minor < 0 then -earned_minor else earned_minor end)', 'abs(layers_minor)'
            ) }}
        end as bigint) as at_once_minor
    from priced

),

-- what a concession leaves to be taken off what is still earned falls on the line's own layer and on the terms that were
-- added apart, by what each has still to earn; nothing is left of them: on the last
left_of_terms as (

    select
        open_of_term.*,
        cast(sum(open_minor) over (
            partition by contract_line_id order by coalesce(of_term, 0) rows between unbounded preceding and current row
        ) as bigint) as open_through_term,
        cast(sum(open_minor) over (partition by contract_line_id) as bigint) as open_of_all,
        row_number() over (partition by contract_line_id order by coalesce(of_term, 0) desc) = 1 as is_last
    from (
        select
            by_time.contract_line_id,
            case when by_time.layer = 'term' then by_time.made_in end as of_term,
            cast(sum(by_time.base_minor + by_time.spread_minor - by_time.recognized_minor) as bigint) as open_minor
        from by_time
        inner join (select distinct contract_line_id from all_changes where of_term is not null) as lines
            on by_time.contract_line_id = lines.contract_line_id
        where by_time.is_open and by_time.is_share
        group by by_time.contract_line_id, case when by_time.layer = 'term' then by_time.made_in end
    ) as open_of_term

),

-- of each such term; the line's own layer has the rest
parts as (

    select
        conceded.contract_line_id,
        left_of_terms.of_term,
        case
            when open_of_all = 0 then case when is_last then fall_minor - at_once_minor else 0 end
            else {{ part_of_price('(fall_minor - at_once_minor)', 'open_minor', 'open_through_term', 'open_of_all') }}
        end as part_minor
    from conceded
    inner join left_of_terms on conceded.contract_line_id = left_of_terms.contract_line_id
    where left_of_terms.of_term is not null

),

parts_of_line as (

    select contract_line_id, cast(sum(part_minor) as bigint) as part_minor from parts group by contract_line_id

)

select
    shared.accounting_contract_id,
    shared.modification_number,
    shared.contract_line_id,
    shared.layer,
    cast(case shared.change
        when 'pool' then shared.recognized_minor
        when 'catch_up' then shared.open_base_minor
        when 'cancel'
            then coalesce(shared.taken_minor + cancellations.amount_delta_minor, shared.recognized_minor)
        when 'concession' then shared.at_once_minor
        when 'estimate' then shared.open_base_minor
        else 0
    end as bigint) as base_minor,
    cast(case shared.change
        when 'cancel' then 0
        when 'write_off' then 0
        when 'concession' then shared.fall_minor - shared.at_once_minor - coalesce(parts_of_line.part_minor, 0)
        when 'estimate' then shared.open_remainder_minor + shared.share_minor - shared.share_before_minor
        when 'share' then shared.share_minor - shared.share_before_minor
        else shared.share_minor
    end as bigint) as remainder_minor,
    cast(case when shared.change in ('separate', 'concession', 'share', 'write_off') then 0 else shared.taken_minor end as bigint) as taken_minor,
    shared.allocation,
    case when shared.change = 'share' then shared.moved_to end as moved_to,
    shared.share_minor,
    shared.weight_minor,
    cast(case
        when shared.conceded_from = 'return' and shared.recognition_method != 'cancelled' then least(
            greatest(
                shared.returned_before_minor - shared.share_minor - shared.returns_conceded_minor + shared.fall_minor
                - shared.expected_minor, 0
            ), greatest(shared.reopened_minor, shared.debooked_before_minor)
        ) - shared.debooked_before_minor
        else 0
    end as bigint) as debooked_minor,
    -- a concession on a drawdown is earned by what the drawdown was drawn down to
    case
        when shared.change = 'concession' and shared.recognition_method = 'drawdown' then shared.drawn_on_minor
    end as whole,
    shared.carried_minor
from conceded as shared
left join {{ ref('cancellations') }} as cancellations
    on shared.change = 'cancel' and shared.contract_line_id = cancellations.contract_line_id
left join parts_of_line on shared.change = 'concession' and shared.contract_line_id = parts_of_line.contract_line_id
where shared.change != 'money'

union all

select
    changes.accounting_contract_id,
    changes.modification_number,
    changes.contract_line_id,
    changes.layer,
    cast(0 as bigint) as base_minor,
    cast(parts.part_minor as bigint) as remainder_minor,
    cast(0 as bigint) as taken_minor,
    changes.allocation,
    null as moved_to,
    cast(0 as bigint) as share_minor,
    cast(0 as bigint) as weight_minor,
    cast(0 as bigint) as debooked_minor,
    cast(null as bigint) as whole,
    cast(0 as bigint) as carried_minor
from all_changes as changes
inner join parts on changes.contract_line_id = parts.contract_line_id and changes.of_term = parts.of_term
