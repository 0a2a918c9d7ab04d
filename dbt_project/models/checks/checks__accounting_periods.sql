-- Grain: accounting_periods record.
-- Why: every fact its rules ask for (expectations/suites/accounting_periods.yml).

with neighbours as (

    select record_key, lag(end_date) over (order by start_date, end_date) as previous_end_date
    from {{ ref('exchange__accounting_periods') }} as records

),

final as (

    select
        {{ exchange_columns('accounting_periods') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        {{ matches_whole('records.period', '[0-9]{4}-[A-Z]?[0-9]{2}') }} as is_period_name,
        {{ days_between('records.start_date', 'records.end_date') }} + 1 as days,
        {{ add_days('neighbours.previous_end_date', 1) }} as expected_start_date,
        {{ common_checks('accounting_periods', 'cast(null as integer)') }}
    from {{ ref('exchange__accounting_periods') }} as records
    left join neighbours on records.record_key = neighbours.record_key

)

select * from final
