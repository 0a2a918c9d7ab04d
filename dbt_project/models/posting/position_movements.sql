-- Grain: contract line under its posted dimensions × open period, and the opening (period_index of the last close).
-- Why: stock = frozen + posted, for every measure at once; held contracts and moved dimensions need no special case.

with openings as (

    select
        contract_line_id,
        contract_id,
        accounting_contract_id,
        customer_id,
        entity_id,
        product_id,
        currency,
        measure,
        cast((select count(*) from {{ ref('periods') }} where is_closed) as integer) as period_index,
        amount_minor,
        tax_minor
    from {{ source('frozen', 'positions') }}

),

posted as (

    select
        contract_line_id,
        contract_id,
        accounting_contract_id,
        customer_id,
        entity_id,
        product_id,
        currency,
        measure,
        period_index,
        amount_minor,
        tax_minor
    from {{ ref('posted') }}

)

select
    contract_line_id,
    contract_id,
    accounting_contract_id,
    customer_id,
    entity_id,
    product_id,
    currency,
    period_index,
    cast(sum(case when measure = 'contracted' then amount_minor else 0 end) as bigint) as contracted_minor,
    cast(sum(case when measure in ('billed', 'not_yet_counted') then amount_minor else 0 end) as bigint) as billed_minor,
    cast(sum(case when measure in ('billed', 'not_yet_counted') then tax_minor else 0 end) as bigint) as tax_minor,
    cast(sum(case when measure = 'recognized' then amount_minor else 0 end) as bigint) as recognized_minor,
    cast(sum(case when measure = 'paid' then amount_minor else 0 end) as bigint) as paid_minor
from (select * from openings union all select * from posted) as combined
group by contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency, period_index
