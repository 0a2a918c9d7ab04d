-- Grain: open period × entity × currency × measure × breakdown.
-- Why: the measures of accounting.md §10 that come from contracts, documents and money, each as a numerator and, where it is a
-- ratio, a denominator, both integers of one unit (thousandths); docs/metrics has a page of each.

with periods as (

    select
        period,
        period_index,
        start_date,
        end_date,
        {{ days_between('start_date', 'end_date') }} + 1 as days
    from {{ ref('periods') }}
    where is_open or is_closed

),

opened as (

    select periods.* from periods
    inner join {{ ref('periods') }} as calendar on periods.period = calendar.period
    where calendar.is_open

),

rolled as (

    select period, entity_id, currency, balance, movement, {{ to_thousandths('amount') }} as thousandths
    from {{ ref('rpt_rollforward') }}
    union all
    select period, entity_id, currency, balance, movement, {{ to_thousandths('amount') }} as thousandths
    from {{ source('frozen', 'rpt_rollforward') }}

),

balances as (

    select
        rolled.period,
        rolled.entity_id,
        rolled.currency,
        cast(sum(case when balance = 'backlog' and movement = 'opening' then thousandths else 0 end) as bigint) as opening_backlog,
        cast(sum(case when balance = 'deferred_revenue' and movement = 'opening' then thousandths else 0 end) as bigint) as opening_deferred,
        cast(sum(case when balance = 'deferred_revenue' and movement = 'closing' then thousandths else 0 end) as bigint) as closing_deferred,
        cast(sum(case when balance = 'accounts_receivable' and movement = 'closing' then thousandths else 0 end) as bigint) as receivables,
        cast(sum(case when balance = 'accounts_receivable' and movement = 'billings' then thousandths else 0 end) as bigint) as invoiced
    from rolled
    group by rolled.period, rolled.entity_id, rolled.currency

),

of_three as (

    select
        balances.*,
        periods.period_index,
        cast(sum(balances.invoiced) over three_periods as bigint) as invoiced_of_three,
        cast(sum(periods.days) over three_periods as bigint) as days_of_three
    from balances
    inner join periods on balances.period = periods.period
    window three_periods as (
        partition by balances.entity_id, balances.currency
        order by periods.period_index
        rows between 2 preceding and current row
    )

),

bookings as (

    select
        period, entity_id, currency, booking_type,
        coalesce(reason, '(none given)') as reason,
        coalesce(sales_rep, '(none)') as sales_rep,
        cast(sum({{ to_thousandths('amount') }}) as bigint) as thousandths
    from {{ ref('fct_bookings') }}
    group by period, entity_id, currency, booking_type, coalesce(reason, '(none given)'), coalesce(sales_rep, '(none)')

),

cancelled as (

    select period, entity_id, currency, reason as breakdown, -thousandths as thousandths
    from bookings
    where booking_type = 'cancellation'
    union all
    select period, entity_id, currency, '' as breakdown, -thousandths as thousandths
    from bookings
    where booking_type = 'cancellation'

),

backlog as (

    select
        facts.period,
        facts.entity_id,
        facts.currency,
        facts.product_id,
        {{ to_thousandths('facts.billed_backlog') }} as billed,
        {{ to_thousandths('facts.unbilled_backlog') }} as unbilled,
        {{ whole_quotient(to_millionths('facts.backlog_quantity'), '1000') }} as quantity,
        case when lines.expected_cost is not null and facts.contracted != 0 then {{ to_thousandths('facts.backlog') }} end as costed,
        case when lines.expected_cost is not null and facts.contracted != 0
            then {{ prorate(to_thousandths('lines.expected_cost'), to_thousandths('facts.backlog'), to_thousandths('facts.contracted')) }}
        end as cost
    from {{ ref('fct_backlog') }} as facts
    left join {{ ref('accepted__contract_lines') }} as lines on facts.contract_line_id = lines.contract_line_id

),

-- what a ratable line earns in a year, by the terms in force on the last day of the period
recurring as (

    select
        opened.period,
        contracts.entity_id,
        contracts.currency,
        {{ to_thousandths(to_amount(
            prorate('segments.spread_minor', '365', '(' ~ days_between('segments.spread_start', 'segments.spread_end') ~ ' + 1)'),
            'segments.exponent'
        )) }} as thousandths
    from {{ ref('revenue_segments') }} as segments
    inner join {{ ref('dim_contract_line') }} as lines on segments.contract_line_id = lines.contract_line_id
    inner join {{ ref('dim_contract') }} as contracts on lines.contract_id = contracts.contract_id
    inner join opened
        on opened.end_date between segments.valid_from and segments.valid_to
        and opened.end_date between segments.spread_start and segments.spread_end
    where lines.method = 'ratable'

),

by_customer as (

    select
        period,
        entity_id,
        currency,
        thousandths,
        row_number() over (partition by period, entity_id, currency order by thousandths desc, customer_id) as place,
        sum(thousandths) over (partition by period, entity_id, currency) as total
    from (
        select period, entity_id, currency, customer_id, cast(sum({{ to_thousandths('amount') }}) as bigint) as thousandths
        from {{ ref('fct_recognized_revenue') }}
        group by period, entity_id, currency, customer_id
    ) as summed

),

-- revenue of a contract is taken from what it had deferred first
out_of_opening as (

    select sides.period_index, sides.entity_id, sides.currency,
        cast(sum({{ between_zero_and('revenue.amount_minor', 'sides.deferred_revenue_before_minor') }}) as bigint) as amount_minor
    from {{ ref('contract_sides') }} as sides
    inner join (
        select dimensions.balance_id, posted.period_index, cast(sum(posted.amount_minor) as bigint) as amount_minor
        from {{ ref('posted') }} as posted
        inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
        where posted.measure = 'recognized' and posted.event_type != 'opening'
        group by dimensions.balance_id, posted.period_index
    ) as revenue
        on sides.balance_id = revenue.balance_id and sides.period_index = revenue.period_index
    where sides.deferred_revenue_before_minor > 0
    group by sides.period_index, sides.entity_id, sides.currency

),

figures as (

    select period, entity_id, currency, {{ to_thousandths('billings') }} as billings, {{ to_thousandths('revenue') }} as revenue
    from {{ ref('rpt_bbb') }}

),

measured as (

    select cancelled.period, cancelled.entity_id, cancelled.currency, 'cancellation_rate' as metric, cancelled.breakdown,
        sum(cancelled.thousandths) as numerator, max(balances.opening_backlog) as denominator
    from cancelled
    inner join balances
        on cancelled.period = balances.period
        and cancelled.entity_id = balances.entity_id
        and cancelled.currency = balances.currency
    group by cancelled.period, cancelled.entity_id, cancelled.currency, cancelled.breakdown

    union all

    select period, entity_id, currency, 'net_new_backlog', sales_rep, sum(thousandths), null
    from bookings
    group by period, entity_id, currency, sales_rep

    union all

    select period, entity_id, currency, 'arr', '', sum(thousandths), null
    from recurring
    group by period, entity_id, currency

    union all

    select period, entity_id, currency, 'mrr', '', sum(thousandths), 12000
    from recurring
    group by period, entity_id, currency

    {% for side in ['billed', 'unbilled'] %}
    union all
    select period, entity_id, currency, '{{ side }}_backlog', '', sum({{ side }}), null
    from backlog
    group by period, entity_id, currency
    {% endfor %}

    union all

    select period, entity_id, currency, 'backlog_quantity', product_id, sum(quantity), null
    from backlog
    where quantity is not null
    group by period, entity_id, currency, product_id

    union all

    select period, entity_id, currency, 'backlog_gross_margin', '', sum(costed - cost), sum(costed)
    from backlog
    where costed is not null
    group by period, entity_id, currency

    union all

    select period, entity_id, currency, 'overdue_backlog', age_bucket, sum({{ to_thousandths('backlog') }}), null
    from {{ ref('rpt_backlog_aging') }}
    where age_bucket not in ('not due', 'not promised')
    group by period, entity_id, currency, age_bucket

    union all

    select figures.period, figures.entity_id, figures.currency, 'direct_billings', '', figures.billings, null
    from figures

    union all

    select figures.period, figures.entity_id, figures.currency, 'calculated_billings', '',
        figures.revenue + balances.closing_deferred - balances.opening_deferred, null
    from figures
    inner join balances
        on figures.period = balances.period
        and figures.entity_id = balances.entity_id
        and figures.currency = balances.currency

    union all

    select of_three.period, of_three.entity_id, of_three.currency, 'days_sales_outstanding', '',
        of_three.receivables * of_three.days_of_three, of_three.invoiced_of_three
    from of_three
    inner join opened on of_three.period = opened.period

    {% for places in ['01', '05', '10'] %}
    union all
    select period, entity_id, currency, 'customer_concentration', 'largest {{ places }}',
        sum(case when place <= {{ places | int }} then thousandths else 0 end), max(total)
    from by_customer
    group by period, entity_id, currency
    {% endfor %}

    union all

    select opened.period, out_of_opening.entity_id, out_of_opening.currency, 'revenue_from_opening_contract_liability', '',
        {{ to_thousandths(to_amount('out_of_opening.amount_minor', 'currencies.exponent')) }}, null
    from out_of_opening
    inner join opened on out_of_opening.period_index = opened.period_index
    inner join {{ ref('exchange__currencies') }} as currencies on out_of_opening.currency = currencies.currency

)

select
    period,
    entity_id,
    currency,
    metric,
    breakdown,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator
from measured
