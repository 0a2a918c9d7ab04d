-- Grain: balance × open period.
-- Why: what of a contract asset only time stands in the way of is an unbilled receivable (accounting.md §1): what usage has
-- earned, and lines that are billed in arrears, and is not billed yet, up to the contract asset. A line is billed in arrears
-- where the last of its invoice lines that states a service was issued when that was over. Minor units of the currency.

with open_periods as (

    select period_index, cut_end from {{ ref('periods') }} where is_open

),

assets as (

    select balance_id, period_index, contract_asset_minor
    from {{ ref('contract_positions') }}
    where contract_asset_minor > 0

),

invoiced as (

    select
        contract_line_id,
        issue_date as known_from,
        service_end <= issue_date as is_in_arrears,
        row_number() over (
            partition by contract_line_id, issue_date order by service_end desc, document_line_id desc
        ) as recency
    from {{ ref('document_lines') }}
    where document_type = 'invoice' and status != 'void' and service_end is not null and contract_line_id is not null
        and contract_line_id in (
            select dimensions.contract_line_id
            from {{ ref('dimension_sets') }} as dimensions
            inner join assets on dimensions.balance_id = assets.balance_id
        )

),

habits as (

    select
        contract_line_id,
        is_in_arrears,
        known_from,
        coalesce(
            {{ add_days('lead(known_from) over (partition by contract_line_id order by known_from)', '-1') }},
            cast('9999-12-31' as date)
        ) as known_until
    from invoiced
    where recency = 1

),

lines as (

    select
        assets.balance_id,
        assets.period_index,
        dimensions.dimension_id
    from assets
    inner join open_periods on assets.period_index = open_periods.period_index
    inner join {{ ref('dimension_sets') }} as dimensions
        on assets.balance_id = dimensions.balance_id and dimensions.is_current_line
    inner join {{ ref('line_allocations') }} as terms on dimensions.contract_line_id = terms.contract_line_id
    left join habits
        on dimensions.contract_line_id = habits.contract_line_id
        and open_periods.cut_end between habits.known_from and habits.known_until
    where terms.recognition_method in ('usage', 'drawdown') or habits.is_in_arrears

),

cumulated as (

    select
        dimension_id,
        period_index,
        cast(sum(unbilled_minor) over (
            partition by dimension_id order by period_index rows between unbounded preceding and current row
        ) as bigint) as unbilled_minor
    from (
        select dimension_id, period_index, cast(sum(unbilled_minor) as bigint) as unbilled_minor
        from (
            select dimension_id, period_index, recognized_minor - billed_minor as unbilled_minor
            from {{ ref('position_movements') }}
            where dimension_id in (select dimension_id from lines)
            union all
            select dimension_id, period_index, 0 as unbilled_minor from lines
        ) as dense
        group by dimension_id, period_index
    ) as moved

),

summed as (

    select lines.balance_id, lines.period_index, cast(sum(greatest(cumulated.unbilled_minor, 0)) as bigint) as unbilled_minor
    from lines
    inner join cumulated
        on lines.dimension_id = cumulated.dimension_id and lines.period_index = cumulated.period_index
    group by lines.balance_id, lines.period_index

)

select
    summed.balance_id,
    summed.period_index,
    least(summed.unbilled_minor, assets.contract_asset_minor) as unbilled_receivable_minor
from summed
inner join assets on summed.balance_id = assets.balance_id and summed.period_index = assets.period_index
where summed.unbilled_minor > 0
