-- Grain: credit, or its void, on a line of which something is or was variable.
-- Why: a concession first uses up a negative estimate still in force: by that part only billed falls (accounting.md §6).
-- What is used up does not come back with a later estimate (estimate_changes); a void gives back what its credit used,
-- and where the estimate has been given up since, the price. price_minor is by how much the price falls.
{{ config(
    materialized='iterated',
    columns=[
        ['event_id', dbt.type_string()], ['contract_line_id', dbt.type_string()], ['used_minor', 'bigint'],
        ['price_minor', 'bigint'],
    ],
    rounds_from='credits_given',
) }}

with credits as (

    select * from {{ ref('credits_given') }} where round_number = __round__

),

found as (

    select
        credits.*,
        coalesce(earlier.used_minor, 0) as used_before_minor,
        case
            when credits.voids is not null then -coalesce(voided.used_minor, 0)
            else greatest(least(
                credits.credit_minor, -credits.variable_minor - coalesce(earlier.used_minor, 0)
            ), 0)
        end as used_minor
    from credits
    left join (
        select contract_line_id, sum(used_minor) as used_minor from {{ this }} group by contract_line_id
    ) as earlier
        on credits.contract_line_id = earlier.contract_line_id
    left join {{ this }} as voided on credits.voids = voided.event_id

)

select
    event_id,
    contract_line_id,
    cast(used_minor as bigint) as used_minor,
    cast(
        credit_minor - used_minor
        + {{ estimate_left('variable_minor', 'used_before_minor') }}
        - {{ estimate_left('variable_minor', '(used_before_minor + used_minor)') }}
        as bigint
    ) as price_minor
from found
