-- Grain: open period × entity × currency × balance × document or journal whose amounts differ through the period's end.
-- Why: the difference to the general ledger, line by line, with its reason (accounting.md §9 E9). A timing difference clears by
-- itself: both sides have the same by now, or a journal of ours waits for its month to be closed. Debits positive.

with sides as (

    select
        entity_id, currency, balance, item_type, item, period_index, contract_id,
        amount_minor as ours_minor, cast(0 as bigint) as theirs_minor, 1 as is_ours,
        cast(null as date) as first_date, cast(null as {{ dbt.type_string() }}) as journal_id
    from {{ ref('sub_ledger_items') }}

    union all

    select
        entity_id, currency, balance, item_type, item, period_index, cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(0 as bigint) as ours_minor, amount_minor as theirs_minor, 0 as is_ours,
        first_date, journal_id
    from {{ ref('ledger_items') }}

),

moves as (

    select
        entity_id,
        currency,
        balance,
        item_type,
        item,
        period_index,
        max(contract_id) as contract_id,
        cast(sum(ours_minor) as bigint) as ours_minor,
        cast(sum(theirs_minor) as bigint) as theirs_minor,
        max(is_ours) = 1 as has_ours,
        min(is_ours) = 0 as has_theirs,
        min(first_date) as first_date,
        min(journal_id) as journal_id
    from sides
    group by entity_id, currency, balance, item_type, item, period_index

),

items as (

    select
        entity_id,
        currency,
        balance,
        item_type,
        item,
        max(contract_id) as contract_id,
        sum(ours_minor) as ours_by_now_minor,
        sum(theirs_minor) as theirs_by_now_minor,
        bool_or(has_ours) as has_ours,
        bool_or(has_theirs) as has_theirs,
        min(case when has_ours then period_index end) as our_first_index,
        min(first_date) as first_date,
        min(journal_id) as journal_id,
        bool_or(ours_minor != theirs_minor) as differs
    from moves
    group by entity_id, currency, balance, item_type, item

),

-- where else the same document or journal stands, on either side
placed as (

    select
        items.*,
        {% for side in ['ours', 'theirs'] -%}
        bool_or(has_{{ side }}) over (partition by item_type, item, balance, entity_id) as has_{{ side }}_in_a_currency,
        bool_or(has_{{ side }}) over (partition by item_type, item, balance) as has_{{ side }}_in_an_entity,
        bool_or(has_{{ side }}) over (partition by item_type, item, entity_id, currency) as has_{{ side }}_in_a_balance{{ ',' if not loop.last }}
        {% endfor %}
    from items

),

reasoned as (

    select
        placed.*,
        case
            when has_ours and has_theirs and ours_by_now_minor = theirs_by_now_minor then 'timing'
            when has_ours and has_theirs then 'amount'
            when has_theirs_in_a_currency and has_ours_in_a_currency then 'currency'
            when has_theirs_in_an_entity and has_ours_in_an_entity then 'entity'
            when has_ours and item_type = 'journal' and our_first_index > 0 then 'timing'
            when has_theirs_in_a_balance and has_ours_in_a_balance then 'account'
            when has_ours then 'missing_in_gl'
            when item_type = 'manual entry' then 'manual_entry'
            else 'missing_here'
        end as reason
    from placed
    where differs

),

through as (

    select
        periods.period,
        reasoned.entity_id,
        reasoned.currency,
        reasoned.balance,
        reasoned.item_type,
        reasoned.item,
        reasoned.reason,
        max(reasoned.contract_id) as contract_id,
        max(reasoned.first_date) as ledger_date,
        max(reasoned.journal_id) as ledger_journal_id,
        cast(sum(moves.ours_minor) as bigint) as ours_minor,
        cast(sum(moves.theirs_minor) as bigint) as theirs_minor
    from reasoned
    inner join moves
        on reasoned.entity_id = moves.entity_id
        and reasoned.currency = moves.currency
        and reasoned.balance = moves.balance
        and reasoned.item_type = moves.item_type
        and reasoned.item = moves.item
    inner join {{ ref('periods') }} as periods on periods.is_open and moves.period_index <= periods.period_index
    group by
        periods.period, reasoned.entity_id, reasoned.currency, reasoned.balance, reasoned.item_type, reasoned.item, reasoned.reason
    having sum(moves.ours_minor) != sum(moves.theirs_minor)

)

select
    through.period,
    through.entity_id,
    through.currency,
    through.balance,
    through.item_type,
    through.item,
    through.reason,
    through.contract_id,
    through.ledger_date,
    through.ledger_journal_id,
    {{ to_amount('through.ours_minor', 'currencies.exponent') }} as ours,
    {{ to_amount('through.theirs_minor', 'currencies.exponent') }} as theirs,
    {{ to_amount('(through.ours_minor - through.theirs_minor)', 'currencies.exponent') }} as difference
from through
inner join {{ ref('exchange__currencies') }} as currencies on through.currency = currencies.currency
