-- Grain: row of audit.tie_outs.
-- Why: E2, contracted = recognized + backlog, per line and in total; and what is posted, cumulated, is what the
-- engine knows at the last day counted (held contracts: what was frozen).

with by_line as (

    select
        period || ' ' || entity_id || ' ' || currency as scope,
        'line ' || contract_line_id as item,
        contracted as expected,
        recognized + backlog as actual
    from {{ ref('fct_backlog') }}

),

now_positions as (

    select measure, currency, sum(amount_minor) as amount_minor
    from {{ ref('events') }}
    where measure = 'contracted'
    group by measure, currency

    union all

    select 'recognized' as measure, keys.currency, sum(evaluated.recognized_minor) as amount_minor
    from (
        {{ recognized_at(
            '(select segments.*, context.cut_date as at_date from ' ~ ref('revenue_segments') ~ ' as segments cross join '
            ~ source('run', 'context') ~ ' as context where context.cut_date between segments.valid_from and segments.valid_to)'
        ) }}
    ) as evaluated
    inner join {{ ref('revenue_keys') }} as keys on evaluated.contract_line_id = keys.contract_line_id
    group by keys.currency

    union all

    select 'contracted' as measure, currency, sum(contracted_minor) as amount_minor
    from {{ ref('held_lines') }}
    group by currency

    union all

    select 'recognized' as measure, currency, sum(recognized_minor) as amount_minor
    from {{ ref('held_lines') }}
    group by currency

),

posted_positions as (

    select 'contracted' as measure, currency, sum(contracted_minor) as amount_minor
    from {{ ref('position_movements') }}
    group by currency

    union all

    select 'recognized' as measure, currency, sum(recognized_minor) as amount_minor
    from {{ ref('position_movements') }}
    group by currency

),

in_total as (

    select
        sides.measure || ' ' || sides.currency || ' now = posted' as scope,
        sides.measure as item,
        {{ to_amount('sum(case when is_now then amount_minor else 0 end)', 'max(currencies.exponent)') }} as expected,
        {{ to_amount('sum(case when is_now then 0 else amount_minor end)', 'max(currencies.exponent)') }} as actual
    from (
        select *, true as is_now from now_positions
        union all
        select *, false as is_now from posted_positions
    ) as sides
    inner join {{ ref('exchange__currencies') }} as currencies on sides.currency = currencies.currency
    group by sides.measure, sides.currency

),

compared as (

    select * from by_line
    union all
    select * from in_total

)

{{ tie_out('E2', 'compared') }}
