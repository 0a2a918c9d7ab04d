-- Grain: currency × functional currency × day on which a contract is signed, a document issued or paid in it by an entity of
-- that functional currency, and the last day counted.
-- Why: whether the company's rates say what it is worth to the entity, and that in the reporting currency, on that day
-- (accounting.md §7). Without any rates, no rows.
{{ config(materialized='table') }}

with used as (

    select records.currency, links.entity_id, records.signed_date as used_date
    from {{ ref('exchange__contracts') }} as records
    inner join {{ ref('links__contracts') }} as links on records.contract_id = links.contract_id
    union
    select records.currency, links.entity_id, records.issue_date
    from {{ ref('exchange__invoices') }} as records
    inner join {{ ref('links__invoices') }} as links on records.record_key = links.record_key
    union
    select records.currency, links.entity_id, records.issue_date
    from {{ ref('exchange__credit_notes') }} as records
    inner join {{ ref('links__credit_notes') }} as links on records.record_key = links.record_key
    union
    select records.currency, coalesce(invoices.entity_id, contracts.entity_id), records.payment_date
    from {{ ref('exchange__payments') }} as records
    left join {{ ref('exchange__invoices') }} as named on records.invoice_id = named.invoice_id
    left join {{ ref('links__invoices') }} as invoices on named.record_key = invoices.record_key
    left join {{ ref('links__contracts') }} as contracts on records.contract_id = contracts.contract_id
    union
    select records.currency, links.entity_id, context.cut_date
    from {{ ref('exchange__contracts') }} as records
    inner join {{ ref('links__contracts') }} as links on records.contract_id = links.contract_id
    cross join {{ source('run', 'context') }} as context

),

in_pairs as (

    select distinct used.currency, entities.functional_currency, context.reporting_currency, used.used_date
    from used
    inner join {{ ref('links__entity_currencies') }} as entities on used.entity_id = entities.entity_id
    cross join {{ source('run', 'context') }} as context
    where used.used_date is not null and used.currency is not null

),

converted as (

    select currency as from_currency, functional_currency as to_currency, used_date as rate_day
    from in_pairs
    where currency != functional_currency
    union
    select functional_currency, reporting_currency, used_date
    from in_pairs
    where functional_currency != reporting_currency

),

rated as (

    {{ rates_on('converted') }}

),

final as (

    select
        in_pairs.currency,
        in_pairs.functional_currency,
        in_pairs.used_date,
        case
            when in_pairs.currency != in_pairs.functional_currency and functional.rate_day is null
                then in_pairs.currency || ' to ' || in_pairs.functional_currency
            when in_pairs.functional_currency != in_pairs.reporting_currency and reporting.rate_day is null
                then in_pairs.functional_currency || ' to ' || in_pairs.reporting_currency
        end as missing_rate
    from in_pairs
    left join rated as functional
        on in_pairs.currency = functional.from_currency
        and in_pairs.functional_currency = functional.to_currency
        and in_pairs.used_date = functional.rate_day
    left join rated as reporting
        on in_pairs.functional_currency = reporting.from_currency
        and in_pairs.reporting_currency = reporting.to_currency
        and in_pairs.used_date = reporting.rate_day
    where exists (select 1 from {{ ref('rates') }})

)

select * from final
