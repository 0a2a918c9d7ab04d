-- Grain: contract that is not used.
-- Why: one fate a contract. One with published figures is held with them, not dropped; it is named after a rule of
-- its own rather than one of a contract it is combined with.

with no_fault as (

    select record_key as contract_id, fate, rule
    from {{ ref('accepted__record_faults') }}
    where entity = 'contracts' and fate in ('excluded', 'later')

),

faulty as (

    select contract_id, coalesce(min(case when is_own then rule end), min(rule)) as rule
    from {{ ref('accepted__contract_faults') }}
    group by contract_id

),

final as (

    select contract_id, fate, rule from no_fault

    union all

    select
        faulty.contract_id,
        case when published.contract_id is not null then 'held' else 'quarantined' end as fate,
        faulty.rule
    from faulty
    left join {{ source('frozen', 'contracts_published') }} as published
        on faulty.contract_id = published.contract_id

)

select * from final
