-- Grain: currency × day on which a contract is signed or a document issued in it.
-- Why: whether the company's rates say what it is worth in the reporting currency on that day (accounting.md §7). Without
-- any rates, no rows.
{{ config(materialized='table') }}

with used as (

    select currency, signed_date as used_date
    from {{ ref('exchange__contracts') }}
    where signed_date is not null
    union
    select currency, issue_date from {{ ref('exchange__invoices') }} where issue_date is not null
    union
    select currency, issue_date from {{ ref('exchange__credit_notes') }} where issue_date is not null

),

converted as (

    select used.currency as from_currency, context.reporting_currency as to_currency, used.used_date as rate_day
    from used
    cross join {{ source('run', 'context') }} as context
    where used.currency != context.reporting_currency

),

rated as (

    {{ rates_on('converted') }}

),

final as (

    select
        used.currency,
        used.used_date,
        used.currency = context.reporting_currency or rated.from_currency is not null as has_rate
    from used
    cross join {{ source('run', 'context') }} as context
    left join rated on used.currency = rated.from_currency and used.used_date = rated.rate_day
    where exists (select 1 from {{ ref('rates') }})

)

select * from final
