-- Grain: entity × role × account that any mapping gives it.
-- Why: which accounts of the ledger hold a balance that is reconciled (accounting.md §9 E9). An account of two roles holds one
-- balance of both, and so do all accounts of these roles. Empty where no journal of the ledger is delivered.

{% set roles = {
    'accounts_receivable': 'accounts_receivable', 'deferred_revenue': 'deferred_revenue', 'revenue': 'revenue',
    'contract_asset': 'contract_asset', 'unbilled_receivable': 'contract_asset', 'refund_liability': 'refund_liability',
    'customer_deposits': 'customer_deposits',
} %}

with roles as (

    {% for role, balance in roles.items() -%}
    select '{{ role }}' as account_role, '{{ balance }}' as balance
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- a line that names no entity may stand in any of several
entities as (

    select entity_id from {{ ref('links__entity_currencies') }}
    union
    select entity_id from {{ ref('accepted__gl_journal_lines') }} where entity_id = '(unknown)'

),

mapped as (

    select distinct entities.entity_id, roles.account_role, roles.balance, mappings.account_id
    from {{ ref('exchange__account_mapping') }} as mappings
    inner join roles on mappings.role = roles.account_role
    inner join entities on coalesce(mappings.entity_id, entities.entity_id) = entities.entity_id
    where not mappings.has_conflict
        and mappings.parse_errors is null
        and exists (select 1 from {{ ref('accepted__gl_journal_lines') }})

),

-- balances that share an account get the first name among them, and those that share one with these
by_account as (

    select entity_id, account_id, min(balance) as first_balance from mapped group by entity_id, account_id

),

by_balance as (

    select mapped.entity_id, mapped.balance, min(by_account.first_balance) as first_balance
    from mapped
    inner join by_account on mapped.entity_id = by_account.entity_id and mapped.account_id = by_account.account_id
    group by mapped.entity_id, mapped.balance

),

joined as (

    select mapped.entity_id, mapped.account_id, min(by_balance.first_balance) as first_balance
    from mapped
    inner join by_balance on mapped.entity_id = by_balance.entity_id and mapped.balance = by_balance.balance
    group by mapped.entity_id, mapped.account_id

),

named as (

    select
        joined.entity_id,
        joined.first_balance,
        min(mapped.balance) || case when min(mapped.balance) = max(mapped.balance) then '' else ', ' || max(mapped.balance) end as balance
    from joined
    inner join mapped on joined.entity_id = mapped.entity_id and joined.account_id = mapped.account_id
    group by joined.entity_id, joined.first_balance

)

select mapped.entity_id, mapped.account_role, mapped.account_id, mapped.balance as own_balance, named.balance
from mapped
inner join joined on mapped.entity_id = joined.entity_id and mapped.account_id = joined.account_id
inner join named on joined.entity_id = named.entity_id and joined.first_balance = named.first_balance
