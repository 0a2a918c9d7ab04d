-- Grain: set of dimensions something is or was posted under; dimension_id is a number of this run only.
-- Why: a changed dimension posts a reversal and a new row (architecture.md posting 1), so the dimensions belong to
-- the posting key. They are many texts a row: inside the engine an integer stands for them (text keys cost 1.6 ×
-- in joins and windows). balance_id does the same for what is netted: accounting contract × entity × currency, and for the
-- deposits of a customer that belong to no contract: customer × entity × currency. currency_pair names what amounts are
-- translated by, currency and the entity's functional one; null where both are the reporting currency.

with separate_lines as (

    -- lines that an amendment adds as a contract of their own are netted apart (architecture.md 20)
    select treatments.contract_line_id, modifications.contract_id || '/' || modifications.first_id as accounting_contract_id
    from {{ ref('treatments') }} as treatments
    inner join {{ ref('modifications') }} as modifications
        on treatments.accounting_contract_id = modifications.accounting_contract_id
        and treatments.modification_number = modifications.modification_number
    where treatments.action = 'add' and treatments.treatment = 'separate'

),

lines as (

    select
        lines.contract_line_id,
        lines.contract_id,
        coalesce(separate_lines.accounting_contract_id, lines.accounting_contract_id) as accounting_contract_id,
        contracts.customer_id,
        contracts.entity_id,
        lines.product_id,
        lines.currency
    from {{ ref('line_allocations') }} as lines
    inner join {{ ref('accepted__contracts') }} as contracts on lines.contract_id = contracts.contract_id
    left join separate_lines on lines.contract_line_id = separate_lines.contract_line_id

),

contracts as (

    -- payments and bad debt belong to a contract, to none of its lines
    select
        '(not linked)' as contract_line_id,
        contract_id,
        coalesce(combined_with, contract_id) as accounting_contract_id,
        customer_id,
        entity_id,
        '(not linked)' as product_id,
        currency
    from {{ ref('accepted__contracts') }}
    where contract_id in (select contract_id from {{ ref('payment_events') }})
        or contract_id in (select contract_id from {{ ref('write_offs') }})
        or contract_id in (select contract_id from {{ ref('opening_billings') }})

),

unlinked as (

    select
        '(not linked)' as contract_line_id,
        '(not linked)' as contract_id,
        '(not linked)' as accounting_contract_id,
        customer_id,
        entity_id,
        '(not linked)' as product_id,
        currency
    from (
        select billed_customer_id as customer_id, billed_entity_id as entity_id, currency
        from {{ ref('billing_events') }}
        where contract_line_id is null
        union
        -- a payment names no entity
        select payments.customer_id, coalesce(only_entity.entity_id, '(unknown)') as entity_id, payments.currency
        from {{ ref('payment_events') }} as payments
        cross join {{ ref('links__only_entity') }} as only_entity
        where payments.contract_id = '(not linked)'
    ) as documents

),

published as (

    select distinct {{ dimension_columns() | join(', ') }} from {{ source('frozen', 'position_totals') }}

),

all_sets as (

    select *, true as is_current from lines
    union all
    select *, true as is_current from contracts
    union all
    select *, true as is_current from unlinked
    union all
    select *, false as is_current from published

),

keyed as (

    select
        {{ dimension_columns() | join(', ') }},
        {{ dimension_key() }} as dimension_key,
        case when accounting_contract_id = '(not linked)' then customer_id else '' end as holder_id,
        max(case when is_current then 1 else 0 end) = 1 as is_current
    from all_sets
    group by {{ dimension_columns() | join(', ') }}

),

methods as (

    select contract_line_id, bool_or(is_without_refund_liability) as is_without_refund_liability
    from (
        select contract_line_id, true as is_without_refund_liability
        from {{ ref('line_allocations') }}
        where recognition_method in {{ methods_without_refund_liability() }}
        union all
        select published.contract_line_id, true as is_without_refund_liability
        from {{ source('frozen', 'dim_contract_line') }} as published
        left join {{ ref('line_allocations') }} as lines on published.contract_line_id = lines.contract_line_id
        where published.method in {{ methods_without_refund_liability() }} and lines.contract_line_id is null
    ) as found
    group by contract_line_id

),

balances as (

    select
        accounting_contract_id,
        holder_id,
        entity_id,
        currency,
        cast(row_number() over (order by accounting_contract_id, holder_id, entity_id, currency) as integer) as balance_id
    from keyed
    group by accounting_contract_id, holder_id, entity_id, currency

)

select
    cast(row_number() over (order by keyed.contract_line_id, keyed.contract_id, keyed.dimension_key) as integer)
        as dimension_id,
    keyed.*,
    keyed.is_current and keyed.contract_line_id != '(not linked)' as is_current_line,
    balances.balance_id,
    coalesce(methods.is_without_refund_liability, false) as is_without_refund_liability,
    currencies.exponent,
    functional.currency as functional_currency,
    functional.exponent as functional_exponent,
    reporting.exponent as reporting_exponent,
    keyed.currency != functional.currency as is_foreign,
    functional.currency != reporting.currency as is_translated,
    case
        when keyed.currency != context.reporting_currency or functional.currency != context.reporting_currency
            then keyed.currency || '/' || functional.currency
    end as currency_pair
from keyed
cross join {{ source('run', 'context') }} as context
inner join {{ ref('exchange__currencies') }} as currencies on keyed.currency = currencies.currency
inner join {{ ref('exchange__currencies') }} as reporting on context.reporting_currency = reporting.currency
-- a customer's money of no known entity is kept in the currency of the one that is meant where nothing is said
left join {{ ref('links__entity_currencies') }} as entities on keyed.entity_id = entities.entity_id
inner join {{ ref('exchange__currencies') }} as functional
    on coalesce(entities.functional_currency, context.default_entity_currency) = functional.currency
inner join balances
    on keyed.accounting_contract_id = balances.accounting_contract_id
    and keyed.holder_id = balances.holder_id
    and keyed.entity_id = balances.entity_id
    and keyed.currency = balances.currency
left join methods on keyed.contract_line_id = methods.contract_line_id
