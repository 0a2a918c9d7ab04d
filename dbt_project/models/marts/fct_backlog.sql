-- Grain: contract line × posted dimensions × period end, while contracted ≠ recognized and the period it reaches 0; of
-- what is recognized as invoiced, while it states more than it has earned.
-- Why: what is contracted and still to be delivered, and by when. Billed backlog = max(0, min(deferred revenue, Σ backlog
-- of the accounting contract)), spread over lines in proportion to max(backlog, 0) (accounting.md §1). RPO leaves out what
-- the customer may walk away from: beyond the days of notice, above what is billed (§7).

{% set measured = [
    'contracted', 'billed', 'backlog', 'billed_backlog', 'rpo', 'rpo_exempt', 'crpo', 'through_12', 'through_24', 'through_36',
] %}
{% set derived = {
    'recognized': 'contracted - backlog',
    'unbilled_backlog': 'backlog - billed_backlog',
    'backlog_12m': 'through_12',
    'backlog_24m': 'through_24 - through_12',
    'backlog_36m': 'through_36 - through_24',
    'backlog_beyond': 'backlog - through_36',
} %}
{% set amounts = [
    'contracted', 'billed', 'recognized', 'backlog', 'billed_backlog', 'unbilled_backlog', 'rpo', 'rpo_exempt', 'crpo',
    'backlog_12m', 'backlog_24m', 'backlog_36m', 'backlog_beyond',
] %}

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

),

-- the original term is that of the contract as first signed
short_contracts as (

    select contracts.contract_id
    from {{ ref('dim_contract') }} as contracts
    left join (
        select contract_id, min(start_date) as start_date, max(end_date) as end_date
        from {{ ref('line_allocations') }}
        where amendment_id is null
        group by contract_id
    ) as lines
        on contracts.contract_id = lines.contract_id
    cross join {{ source('run', 'context') }} as context
    where context.policy_rpo_one_year_expedient
        and coalesce(contracts.end_date, lines.end_date)
        < {{ add_months('coalesce(contracts.start_date, lines.start_date)', '12') }}

),

obliged as (

    select
        split.*,
        coalesce(scheduled.through_12_minor, 0) as through_12_minor,
        coalesce(scheduled.through_24_minor, 0) as through_24_minor,
        coalesce(scheduled.through_36_minor, 0) as through_36_minor,
        short_contracts.contract_id is not null as is_short,
        case
            when scheduled.through_notice_minor is null then split.backlog_minor
            when split.backlog_minor < 0 then scheduled.through_notice_minor
            else greatest(scheduled.through_notice_minor, split.billed_backlog_minor)
        end as kept_minor
    from split
    inner join {{ ref('dimension_sets') }} as dimensions on split.dimension_id = dimensions.dimension_id
    left join {{ ref('scheduled_positions') }} as scheduled
        on split.dimension_id = scheduled.dimension_id and split.period_index = scheduled.period_index
    left join short_contracts on dimensions.contract_id = short_contracts.contract_id

),

banded as (

    select
        obliged.*,
        case when is_short then 0 else kept_minor end as rpo_minor,
        case when is_short then kept_minor else 0 end + remainder_minor as rpo_exempt_minor,
        case when is_short then 0 else {{ between_zero_and('through_12_minor', 'kept_minor') }} end as crpo_minor
    from obliged

),

-- parts are what their wholes leave, in every currency
translated as (

    select
        banded.dimension_id,
        banded.period_index,
        {% for amount in measured -%}
        banded.{{ amount }}_minor,
        {{ to_functional('banded.' ~ amount ~ '_minor', 'dimensions', 'rates') }} as {{ amount }}_functional_minor,
        {% endfor -%}
        dimensions.is_translated,
        rates.reporting_numerator,
        rates.reporting_denominator
    from banded
    inner join {{ ref('dimension_sets') }} as dimensions on banded.dimension_id = dimensions.dimension_id
    left join {{ ref('currency_periods') }} as rates
        on dimensions.currency_pair = rates.currency_pair
        and banded.period_index = rates.period_index
        and rates.rate_kind = 'closing'

),

reported as (

    select
        translated.*,
        {% for amount in measured -%}
        {{ to_reporting('translated.' ~ amount ~ '_functional_minor', 'translated', 'translated') }}
            as {{ amount }}_reporting_minor{{ ',' if not loop.last }}
        {% endfor %}
    from translated

)


select
    periods.period,
    dimensions.entity_id,
    dimensions.customer_id,
    dimensions.contract_id,
    dimensions.contract_line_id,
    dimensions.product_id,
    dimensions.currency,
    dimensions.functional_currency,
    {% for amount in amounts -%}
    {% set parts = derived.get(amount, amount).split(' - ') -%}
    {{ to_amount('reported.' ~ parts | join('_minor - reported.') ~ '_minor', 'dimensions.exponent') }} as {{ amount }},
    {% if amount == 'backlog' -%}
    {{ to_amount('reported.backlog_functional_minor', 'dimensions.functional_exponent') }} as backlog_functional,
    {% endif -%}
    {{ to_amount(
        'reported.' ~ parts | join('_reporting_minor - reported.') ~ '_reporting_minor', 'dimensions.reporting_exponent'
    ) }} as {{ amount }}_reporting,
    {% endfor -%}
    {{ to_units('units.quantity_millionths') }} as backlog_quantity,
    case
        when lines.end_date is not null
            then cast(greatest({{ month_index('lines.end_date') }} - {{ month_index('periods.end_date') }}, 0) as integer)
    end as remaining_months,
    lines.promised_date
from reported
inner join {{ ref('dimension_sets') }} as dimensions on reported.dimension_id = dimensions.dimension_id
inner join {{ ref('periods') }} as periods on reported.period_index = periods.period_index
left join {{ ref('undelivered_units') }} as units
    on reported.dimension_id = units.dimension_id and reported.period_index = units.period_index
left join {{ ref('dim_contract_line') }} as lines on dimensions.contract_line_id = lines.contract_line_id
