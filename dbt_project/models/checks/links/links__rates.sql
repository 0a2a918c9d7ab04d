-- Grain: currency × day on which a contract is signed or a document issued in it.
-- Why: whether the company's rates say what it is worth in the reporting currency on that day (accounting.md §7):
-- directly, inversely or over one common currency, no rate older than the policy. Without any rates, no rows.
{{ config(materialized='table') }}

with rates as (

    select from_currency, to_currency, rate_date from {{ ref('exchange__fx_rates') }} where rate > 0
    union
    select to_currency, from_currency, rate_date from {{ ref('exchange__fx_rates') }} where rate > 0

),

used as (

    select currency, signed_date as used_date
    from {{ ref('exchange__contracts') }}
    where signed_date is not null
    union
    select currency, issue_date from {{ ref('exchange__invoices') }} where issue_date is not null
    union
    select currency, issue_date from {{ ref('exchange__credit_notes') }} where issue_date is not null

),

-- what a currency can be changed into on a day
changed as (

    select distinct
        used.currency,
        used.used_date,
        rates.to_currency,
        context.reporting_currency,
        context.policy_max_rate_age_days as max_age
    from used
    cross join {{ source('run', 'context') }} as context
    inner join rates
        on used.currency = rates.from_currency
        and rates.rate_date between used.used_date - context.policy_max_rate_age_days and used.used_date

),

rated as (

    select changed.currency, changed.used_date
    from changed
    left join rates
        on changed.to_currency = rates.from_currency
        and changed.reporting_currency = rates.to_currency
        and rates.rate_date between changed.used_date - changed.max_age and changed.used_date
    where changed.to_currency = changed.reporting_currency or rates.rate_date is not null
    group by changed.currency, changed.used_date

),

final as (

    select
        used.currency,
        used.used_date,
        used.currency = context.reporting_currency or rated.currency is not null as has_rate
    from used
    cross join {{ source('run', 'context') }} as context
    left join rated on used.currency = rated.currency and used.used_date = rated.used_date
    where exists (select 1 from rates)

)

select * from final
