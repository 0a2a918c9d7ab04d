-- Grain: gl_journal_lines record.
-- Why: every fact its rules ask for (expectations/suites/gl_journal_lines.yml).

with booked as (

    -- a line without a currency is in its entity's
    select
        records.record_key,
        coalesce(records.currency, entities.functional_currency, context.default_entity_currency) as currency
    from {{ ref('exchange__gl_journal_lines') }} as records
    left join {{ ref('exchange__entities') }} as entities on records.entity_id = entities.entity_id
    cross join {{ source('run', 'context') }} as context

),

journals as (

    select
        records.journal_id,
        booked.currency,
        cast(sum(records.debit) as decimal(38, 3)) as debit_total,
        cast(sum(records.credit) as decimal(38, 3)) as credit_total
    from {{ ref('exchange__gl_journal_lines') }} as records
    inner join booked on records.record_key = booked.record_key
    group by records.journal_id, booked.currency

),

-- of overlapping periods, which block the run anyway, one is enough here
periods as (

    select min(period) as period, start_date, max(end_date) as end_date
    from {{ ref('exchange__accounting_periods') }}
    where start_date is not null and end_date is not null
    group by start_date

),

calendar as (

    select count(*) > 0 as has_periods from {{ ref('exchange__accounting_periods') }}

),

final as (

    select
        {{ exchange_columns('gl_journal_lines') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        case when records.debit = 0 then records.credit else records.debit end as held_amount,
        booked.currency as held_currency,
        accounts.account_id is not null as is_known_account,
        currencies.currency is not null as is_known_currency,
        journals.debit_total,
        journals.credit_total,
        not calendar.has_periods or periods.period is not null as is_in_a_period,
        {{ common_checks('gl_journal_lines', 'currencies.exponent') }}
    from {{ ref('exchange__gl_journal_lines') }} as records
    left join {{ ref('exchange__gl_accounts') }} as accounts on records.account_id = accounts.account_id
    inner join booked on records.record_key = booked.record_key
    left join {{ ref('exchange__currencies') }} as currencies on booked.currency = currencies.currency
    left join journals
        on records.journal_id = journals.journal_id
        and booked.currency = journals.currency
    cross join calendar
    left join periods on records.posting_date between periods.start_date and periods.end_date

)

select * from final
