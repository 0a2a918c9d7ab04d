-- Grain: open period × entity × currency × measure × revenue category × side × linked or not × movement.
-- Why: what was posted, added up straight to entity and currency (by contract there are as many flows as posted rows), signed as
-- it changes contracted − recognized, billed − recognized, billed − paid and what is deposited: the roll-forward and the
-- journal entries are two readings of it. Minor units of the contract's, the functional and the reporting currency.

{% set steps = ['', '_functional', '_reporting'] %}

select
    posted.period_index,
    dimensions.entity_id,
    dimensions.currency,
    posted.measure,
    products.revenue_category,
    coalesce(sides.is_asset, false) as is_asset,
    dimensions.contract_id = '(not linked)' as is_unlinked,
    case
        when posted.event_type = 'opening' then 'cut_over'
        when posted.is_prior_period then 'prior_period'
        when posted.measure = 'not_yet_counted' then 'not_yet_counted'
        when posted.measure = 'recognized' then 'revenue'
        when posted.event_type in ('credit_applied', 'deposit_applied', 'deposit_void') then 'applied'
        when posted.measure = 'paid' then 'payments'
        when posted.measure = 'bad_debt' then 'write_offs'
        when posted.measure = 'deposited' then 'deposits'
        when posted.event_type in ('new', 'renewal', 'reallocation', 'usage') then 'bookings'
        when posted.event_type = 'cancellation' then 'cancellations'
        when posted.measure = 'contracted' then 'amendments'
        when posted.event_type in ('invoice', 'adjustment') then 'billings'
        else 'credits'
    end as movement,
    {% for step in steps -%}
    {% set amount = 'posted.' ~ (step[1:] ~ '_minor' if step else 'amount_minor') -%}
    {% set tax = 'posted.tax' ~ step ~ '_minor' -%}
    cast({{ sum_known(as_flow('posted.measure', amount)) }} as bigint) as amount{{ step }}_minor,
    cast({{ sum_known(tax_as_flow('posted.measure', tax)) }} as bigint) as tax{{ step }}_minor{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('translated') }} as posted
inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
left join {{ ref('contract_sides') }} as sides
    on dimensions.balance_id = sides.balance_id and posted.period_index = sides.period_index
left join {{ ref('dim_product') }} as products on dimensions.product_id = products.product_id
where dimensions.contract_id != '(not linked)' or posted.measure = 'deposited'
group by 1, 2, 3, 4, 5, 6, 7, 8
