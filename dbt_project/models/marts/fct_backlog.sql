-- Grain: contract line × posted dimensions × period end, while contracted ≠ recognized and the period it reaches 0.
-- Why: what is contracted and still to be delivered. Billed backlog = max(0, min(deferred revenue, Σ backlog of
-- the accounting contract)), spread over lines in proportion to max(backlog, 0) (accounting.md §1).

with positions as (

    select
        positions.*,
        lines.line_number,
        lines.promised_date,
        currencies.exponent,
        greatest(positions.backlog_minor, 0) as open_minor
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('exchange__currencies') }} as currencies on positions.currency = currencies.currency
    left join {{ ref('dim_contract_line') }} as lines on positions.contract_line_id = lines.contract_line_id

),

cumulated as (

    select
        positions.*,
        cast(sum(open_minor) over (
            contract_at_end order by line_number, contract_line_id rows between unbounded preceding and current row
        ) as bigint) as open_through_line,
        cast(sum(open_minor) over contract_at_end as bigint) as open_of_contract,
        cast(sum(backlog_minor) over contract_at_end as bigint) as backlog_of_contract
    from positions
    window contract_at_end as (partition by accounting_contract_id, entity_id, currency, period_index)

),

with_deferred as (

    select
        cumulated.*,
        greatest(least(coalesce(balances.deferred_revenue_minor, 0), cumulated.backlog_of_contract), 0)
            as billed_backlog_of_contract
    from cumulated
    left join {{ ref('contract_positions') }} as balances
        on cumulated.accounting_contract_id = balances.accounting_contract_id
        and cumulated.entity_id = balances.entity_id
        and cumulated.currency = balances.currency
        and cumulated.period_index = balances.period_index

),

shared as (

    select
        with_deferred.*,
        case
            when open_of_contract = 0 then cast(0 as bigint)
            else {{ prorate('billed_backlog_of_contract', 'open_through_line', 'open_of_contract') }}
                - {{ prorate('billed_backlog_of_contract', '(open_through_line - open_minor)', 'open_of_contract') }}
        end as billed_backlog_minor
    from with_deferred

)

select
    shared.period,
    shared.entity_id,
    shared.customer_id,
    shared.contract_id,
    shared.contract_line_id,
    shared.product_id,
    shared.currency,
    {% for measure, minor in [
        ('contracted', 'contracted_minor'), ('billed', 'billed_minor'), ('recognized', 'recognized_minor'),
        ('backlog', 'backlog_minor'), ('billed_backlog', 'billed_backlog_minor'),
        ('unbilled_backlog', '(backlog_minor - billed_backlog_minor)'),
    ] -%}
    {{ to_amount(minor, 'exponent') }} as {{ measure }},
    {{ in_reporting_currency(to_amount(minor, 'exponent'), 'shared.currency') }} as {{ measure }}_reporting,
    {% endfor -%}
    shared.promised_date
from shared
cross join {{ source('run', 'context') }} as context
