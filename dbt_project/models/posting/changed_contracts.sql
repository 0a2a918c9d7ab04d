-- Grain: contract that stands on a source record that is new, different or gone since the last close, held ones
-- left out.
-- Why: tells a change of the data from a change of the code, and which closed months may have been redistributed: by
-- a record of its own, of a contract it shares its price with, or of a product it sells.

with known_now as (

    select entity, record_key, contract_id, record_version from {{ ref('accepted__known_records') }}

),

known_then as (

    select entity, record_key, contract_id, record_version from {{ source('frozen', 'known_records') }}

),

differing as (

    select
        coalesce(known_now.entity, known_then.entity) as entity,
        coalesce(known_now.record_key, known_then.record_key) as record_key,
        known_now.contract_id as contract_id_now,
        known_then.contract_id as contract_id_then
    from known_now
    full outer join known_then
        on known_now.entity = known_then.entity and known_now.record_key = known_then.record_key
    where known_now.record_version is null
        or known_then.record_version is null
        or known_now.record_version != known_then.record_version
        or known_now.contract_id is distinct from known_then.contract_id

),

differing_products as (

    select products.product_id
    from differing
    inner join {{ ref('accepted__products') }} as products
        on (differing.entity = 'products' and differing.record_key = products.product_id)
        or (differing.entity = 'ssp_prices' and differing.record_key like products.product_id || '|%')
    where differing.entity in ('products', 'ssp_prices')

),

reached as (

    select contract_id_now as contract_id from differing where contract_id_now is not null
    union
    select contract_id_then as contract_id from differing where contract_id_then is not null
    union
    select lines.contract_id
    from {{ ref('accepted__contract_lines') }} as lines
    inner join differing_products on lines.product_id = differing_products.product_id
    union
    -- an invoice that is uncollectible, or is no more, may stop all contracts of its customer
    select contracts.contract_id
    from differing
    inner join {{ ref('accepted__invoices') }} as invoices on differing.record_key = invoices.record_key
    inner join {{ ref('accepted__contracts') }} as contracts on invoices.customer_id = contracts.customer_id
    cross join {{ source('run', 'context') }} as context
    where differing.entity = 'invoices' and context.policy_stop_on_uncollectible

),

combined as (

    select contract_id, accounting_contract_id from {{ ref('links__contracts') }}

),

final as (

    select contract_id from reached
    union
    select others.contract_id
    from reached
    inner join combined as own on reached.contract_id = own.contract_id
    inner join combined as others on own.accounting_contract_id = others.accounting_contract_id

)

select final.contract_id
from final
cross join {{ source('run', 'context') }} as context
where not context.is_first_publication
    and not exists (
        select 1 from {{ ref('accepted__contracts_out') }} as out
        where out.fate = 'held' and out.contract_id = final.contract_id
    )
