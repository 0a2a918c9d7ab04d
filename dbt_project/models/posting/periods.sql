-- Grain: period.
-- Why: the one calendar that cuts everything: the company's accounting_periods (4-4-5 too) or calendar months,
-- the closed ones as they were when they were published (architecture.md posting 4).

with declared as (

    select period, start_date, end_date from {{ ref('exchange__accounting_periods') }}

),

digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as t (digit)

),

months as (

    -- 1990-01 to 2100-12: dates outside are refused by the gate
    select {{ add_months("cast('1990-01-01' as date)", 'ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit') }}
        as start_date
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join (select digit from digits where digit < 2) as thousands

),

calendar_months as (

    select
        cast(year(start_date) as {{ dbt.type_string() }}) || '-' || case when month(start_date) < 10 then '0' else '' end
        || cast(month(start_date) as {{ dbt.type_string() }}) as period,
        start_date,
        last_day(start_date) as end_date
    from months
    where year(start_date) <= 2100
        and not exists (select 1 from declared)

),

context as (

    select * from {{ source('run', 'context') }}

),

calendar as (

    select * from declared
    union all
    select * from calendar_months

),

first_published as (

    select min(start_date) as start_date, min(published_with) as published_with
    from {{ source('frozen', 'periods') }}
    where start_date = (select min(start_date) from {{ source('frozen', 'periods') }})

),

published as (

    select period, start_date, end_date, published_with from {{ source('frozen', 'periods') }}

    union all

    -- nothing was known of these when the first publication closed them as well: what comes late for them now posts
    -- under its own period
    select calendar.period, calendar.start_date, calendar.end_date, first_published.published_with
    from calendar
    cross join first_published
    where calendar.end_date < first_published.start_date

),

not_published as (

    select
        calendar.period,
        calendar.start_date,
        calendar.end_date,
        cast(null as {{ dbt.type_string() }}) as published_with
    from calendar
    cross join context
    where context.last_closed_end is null or calendar.end_date > context.last_closed_end

),

numbered as (

    select
        periods.*,
        published_with is not null as is_closed,
        cast(row_number() over (order by start_date) as integer) as period_index
    from (select * from published union all select * from not_published) as periods

),

final as (

    select
        numbered.period,
        numbered.period_index,
        numbered.start_date,
        numbered.end_date,
        numbered.published_with,
        numbered.is_closed,
        -- the first open period takes the adjustments, begun or not; without a publication all past ones are open
        not numbered.is_closed
        and (
            numbered.start_date <= context.cut_date
            or (not context.is_first_publication
                and numbered.period_index = 1 + (select count(*) from published))
        ) as is_open,
        not context.is_first_publication and numbered.period_index = 1 + (select count(*) from published) as is_first_open,
        least(numbered.end_date, context.cut_date) as cut_end,
        case
            when numbered.is_closed then 'closed'
            when numbered.end_date < context.as_of then 'ended'
            when numbered.start_date <= context.as_of then 'running'
            else 'future'
        end as status
    from numbered
    cross join context

)

select * from final
