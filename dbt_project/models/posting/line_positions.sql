-- Grain: contract line under its posted dimensions × open period, while contracted ≠ recognized and the period
-- in which it reaches 0.
-- Why: cumulative positions of a line at each period end, in minor units.

with movements as (

    select
        contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency,
        period_index, contracted_minor, billed_minor, recognized_minor
    from {{ ref('position_movements') }}
    where contract_line_id != '(not linked)'

),

open_periods as (

    select period, period_index, cut_end from {{ ref('periods') }} where is_open

),

spans as (

    select
        contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency,
        min(period_index) as first_index
    from movements
    group by contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency
    -- a line that was finished at the last close and moved no more is not carried further
    having max(case when period_index in (select period_index from open_periods) then 1 else 0 end) = 1
        or sum(contracted_minor) != sum(recognized_minor)

),

dense as (

    select
        spans.contract_line_id, spans.contract_id, spans.accounting_contract_id, spans.customer_id, spans.entity_id,
        spans.product_id, spans.currency,
        open_periods.period_index,
        cast(0 as bigint) as contracted_minor,
        cast(0 as bigint) as billed_minor,
        cast(0 as bigint) as recognized_minor
    from spans
    inner join open_periods on spans.first_index <= open_periods.period_index

),

summed as (

    select
        contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency, period_index,
        cast(sum(contracted_minor) as bigint) as contracted_minor,
        cast(sum(billed_minor) as bigint) as billed_minor,
        cast(sum(recognized_minor) as bigint) as recognized_minor
    from (
        select movements.*
        from movements
        inner join (
            select distinct contract_line_id from spans
        ) as carried on movements.contract_line_id = carried.contract_line_id
        union all
        select * from dense
    ) as combined
    group by contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency,
        period_index

),

cumulated as (

    select
        contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency, period_index,
        cast(sum(contracted_minor) over (line rows between unbounded preceding and current row) as bigint) as contracted_minor,
        cast(sum(billed_minor) over (line rows between unbounded preceding and current row) as bigint) as billed_minor,
        cast(sum(recognized_minor) over (line rows between unbounded preceding and current row) as bigint)
            as recognized_minor
    from summed
    window line as (
        partition by contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency
        order by period_index
    )

),

compared as (

    select
        cumulated.*,
        contracted_minor - recognized_minor as backlog_minor,
        lag(contracted_minor - recognized_minor, 1, 0) over (
            partition by contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id, product_id, currency
            order by period_index
        ) as backlog_before_minor
    from cumulated

)

select
    compared.contract_line_id,
    compared.contract_id,
    compared.accounting_contract_id,
    compared.customer_id,
    compared.entity_id,
    compared.product_id,
    compared.currency,
    compared.period_index,
    open_periods.period,
    compared.contracted_minor,
    compared.billed_minor,
    compared.recognized_minor,
    compared.backlog_minor
from compared
inner join open_periods on compared.period_index = open_periods.period_index
where compared.backlog_minor != 0 or compared.backlog_before_minor != 0
