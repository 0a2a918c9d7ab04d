-- Grain: contract line × posted dimensions × period end, while contracted ≠ recognized and the period it reaches 0.
-- Why: what is contracted and still to be delivered. Billed backlog = max(0, min(deferred revenue, Σ backlog of
-- the accounting contract)), spread over lines in proportion to max(backlog, 0) (accounting.md §1).

with positions as (

    select
        positions.*,
        dimensions.balance_id,
        dimensions.exponent,
        greatest(positions.backlog_minor, 0) as open_minor
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id

),

contracts as (

    select
        positions.balance_id,
        positions.period_index,
        cast(sum(positions.open_minor) as bigint) as open_of_contract,
        count(*) as lines_of_contract,
        greatest(least(coalesce(max(balances.deferred_revenue_minor), 0), sum(positions.backlog_minor)), 0)
            as billed_backlog_of_contract
    from positions
    left join {{ ref('contract_positions') }} as balances
        on positions.balance_id = balances.balance_id and positions.period_index = balances.period_index
    group by positions.balance_id, positions.period_index

),

shared as (

    -- lines that are held have their published number only
    select
        positions.*,
        contracts.open_of_contract,
        cast(contracts.billed_backlog_of_contract as bigint) as billed_backlog_of_contract,
        case
            when contracts.lines_of_contract = 1 then positions.open_minor
            else cast(sum(positions.open_minor) over (
                partition by positions.balance_id, positions.period_index
                order by terms.line_place nulls last, lines.line_number, positions.dimension_id
                rows between unbounded preceding and current row
            ) as bigint)
        end as open_through_line
    from positions
    inner join contracts
        on positions.balance_id = contracts.balance_id and positions.period_index = contracts.period_index
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    left join {{ ref('line_allocations') }} as terms on dimensions.contract_line_id = terms.contract_line_id
    left join {{ ref('dim_contract_line') }} as lines on dimensions.contract_line_id = lines.contract_line_id

),

split as (

    select
        shared.*,
        case
            when open_of_contract = 0 then cast(0 as bigint)
            else {{ prorate('billed_backlog_of_contract', 'open_through_line', 'open_of_contract') }}
                - {{ prorate('billed_backlog_of_contract', '(open_through_line - open_minor)', 'open_of_contract') }}
        end as billed_backlog_minor
    from shared

)

select
    periods.period,
    dimensions.entity_id,
    dimensions.customer_id,
    dimensions.contract_id,
    dimensions.contract_line_id,
    dimensions.product_id,
    dimensions.currency,
    {% for measure, minor in [
        ('contracted', 'split.contracted_minor'), ('billed', 'split.billed_minor'),
        ('recognized', 'split.recognized_minor'), ('backlog', 'split.backlog_minor'),
        ('billed_backlog', 'split.billed_backlog_minor'),
        ('unbilled_backlog', '(split.backlog_minor - split.billed_backlog_minor)'),
    ] -%}
    {{ to_amount(minor, 'dimensions.exponent') }} as {{ measure }},
    {{ in_reporting_currency(to_amount(minor, 'dimensions.exponent'), 'dimensions.currency') }} as {{ measure }}_reporting,
    {% endfor -%}
    lines.promised_date
from split
cross join {{ source('run', 'context') }} as context
inner join {{ ref('dimension_sets') }} as dimensions on split.dimension_id = dimensions.dimension_id
inner join {{ ref('periods') }} as periods on split.period_index = periods.period_index
left join {{ ref('dim_contract_line') }} as lines on dimensions.contract_line_id = lines.contract_line_id
