-- Grain: payment, refund or applied credit × what becomes of it × whose deposits it moves: a contract's or, '(not
-- linked)', a customer's.
-- Why: deposits as dated amounts (accounting.md §6). No more can be applied or given back than is there: what a credit
-- applied to a contract takes beyond the contract's own deposits comes out of the customer's, and is money received for the
-- contract (received_minor, received_net_minor without tax); what a refund takes beyond them had settled an invoice.

with of_contracts as (

    select * from {{ ref('deposit_moves') }} where contract_id != '(not linked)'

),

{% for holder, holds in [('contract', 'contract_id'), ('customer', 'customer_id')] %}
summed_by_{{ holder }} as (

    select
        moves.*,
        row_number() over in_order as place,
        cast(sum(amount_minor) over in_order as bigint) as balance_minor
    from of_{{ holder }}s as moves
    window in_order as (
        partition by {{ holds }}, currency order by moved_on, case when amount_minor > 0 then 0 else 1 end, event_id, move
        rows between unbounded preceding and current row
    )

),

-- what is missing so far: how far below 0 the sum has ever been
drained_by_{{ holder }} as (

    select
        summed.*,
        cast(greatest(-min(balance_minor) over (
            partition by {{ holds }}, currency order by place rows between unbounded preceding and current row
        ), 0) as bigint) as missing_minor
    from summed_by_{{ holder }} as summed

),

by_{{ holder }} as (

    select
        drained.*,
        cast(amount_minor + missing_minor - lag(missing_minor, 1, 0) over in_order as bigint) as moved_minor,
        cast(missing_minor - lag(missing_minor, 1, 0) over in_order as bigint) as beyond_minor
    from drained_by_{{ holder }} as drained
    window in_order as (partition by {{ holds }}, currency order by place)

),

{% if holder == 'contract' -%}
of_customers as (

    select * from {{ ref('deposit_moves') }} where contract_id = '(not linked)'

    union all

    select
        event_id, move, event_type, '(not linked)' as contract_id, customer_id, currency, moved_on, -beyond_minor as amount_minor,
        part_minor, net_minor
    from by_contract
    where event_type = 'credit_applied' and beyond_minor > 0

),
{% endif %}
{% endfor %}

final as (

    select * from by_contract
    union all
    select * from by_customer

)

select
    event_id,
    move,
    event_type,
    contract_id,
    customer_id,
    currency,
    moved_on,
    moved_minor,
    case when is_received then beyond_minor else 0 end as received_minor,
    cast(case when is_received then {{ prorate('net_minor', 'beyond_minor', 'part_minor') }} else 0 end as bigint)
        as received_net_minor
from (
    select final.*, event_type = 'credit_applied' and contract_id != '(not linked)' and beyond_minor > 0 as is_received
    from final
) as judged
where moved_minor != 0 or is_received
