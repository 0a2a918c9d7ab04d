-- Grain: amendments record.
-- Why: every fact its rules ask for (expectations/suites/amendments.yml).

with amendments as (

    select * from {{ ref('exchange__amendments') }}

),

contracts as (

    select * from {{ ref('exchange__contracts') }}

),

context as (

    select * from {{ source('run', 'context') }}

),

cancels as (

    select contract_line_id, count(*) as cancels
    from amendments
    where action = 'cancel'
    group by contract_line_id

),

-- what else is signed for the line by now: the day it is cancelled from, and the latest end it was given
signed_changes as (

    select
        amendments.contract_line_id,
        min(case when amendments.action = 'cancel' then amendments.effective_date end) as cancelled_date,
        max(amendments.new_end_date) as new_end_date
    from amendments
    cross join context
    where amendments.signed_date <= context.as_of
    group by amendments.contract_line_id

),

cancelled_contracts as (

    select contracts.contract_id, contracts.cancelled_date
    from contracts
    cross join context
    where coalesce(contracts.cancellation_signed_date, contracts.cancelled_date) <= context.as_of

),

-- what is signed since the last close, against what is published: the gate stands before the engine
published as (

    select
        contract_line_id,
        cast(sum(case when measure = 'contracted' then amount_minor else 0 end) as bigint) as contracted_minor,
        cast(sum(case when measure = 'recognized' then amount_minor else 0 end) as bigint) as recognized_minor
    from {{ source('frozen', 'position_totals') }} as frozen
    group by contract_line_id

),

new_amendments as (

    select amendments.*
    from amendments
    cross join context
    left join {{ source('frozen', 'known_records') }} as known
        on known.entity = 'amendments'
        and amendments.record_key = known.record_key
    where known.record_key is null and amendments.signed_date <= context.as_of

),

new_amounts as (

    select contract_line_id, cast(sum(amount_delta) as decimal(38, 3)) as amount_delta
    from new_amendments
    group by contract_line_id

),

final as (

    select
        {{ exchange_columns('amendments') }},
        records.amount_delta as held_amount,
        contracts.currency as held_currency,
        contracts.contract_id is not null as is_known_contract,
        lines.contract_line_id is not null as is_known_line,
        lines.contract_id as line_contract_id,
        lines.amendment_id as line_amendment_id,
        lines.amount as line_amount,
        coalesce(lines.amendment_id = records.amendment_id, false) as is_added_line,
        greatest(coalesce(lines.end_date, contracts.end_date), signed_changes.new_end_date) as term_end_date,
        least(signed_changes.cancelled_date, cancelled_contracts.cancelled_date) as cancelled_from,
        coalesce(cancels.cancels, 0) as cancels,
        case when new_amendments.record_key is not null and new_amounts.amount_delta is not null
            then {{ to_amount('published.contracted_minor', 'currencies.exponent') }} + new_amounts.amount_delta
        end as contracted_after,
        {{ to_amount('published.recognized_minor', 'currencies.exponent') }} as recognized_published,
        context.as_of,
        {{ common_checks('amendments', 'currencies.exponent') }}
    from amendments as records
    left join contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('exchange__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join cancels on records.contract_line_id = cancels.contract_line_id
    left join signed_changes on records.contract_line_id = signed_changes.contract_line_id
    left join cancelled_contracts on records.contract_id = cancelled_contracts.contract_id
    left join published on records.contract_line_id = published.contract_line_id
    left join new_amendments on records.record_key = new_amendments.record_key
    left join new_amounts on records.contract_line_id = new_amounts.contract_line_id
    cross join context

)

select * from final
