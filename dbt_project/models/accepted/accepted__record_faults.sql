-- Grain: exchange record that fails a rule by which it is not used.
-- Why: one fate a record, the strongest: excluded, then later, then quarantined. A draft with faults is a draft,
-- and its faults hold nothing else back.

with failures as (

    select
        entity,
        record_key,
        source_row,
        contract_id,
        rule,
        case severity when 'excluded' then 1 when 'later' then 2 when 'quarantine' then 3 end as strength
    from {{ source('gate', 'failures') }}
    where severity in ('excluded', 'later', 'quarantine') and entity != 'files'

),

strongest as (

    select
        failures.*,
        row_number() over (partition by entity, record_key order by strength, rule) as place
    from failures

),

final as (

    select
        entity,
        record_key,
        source_row,
        contract_id,
        case strength when 1 then 'excluded' when 2 then 'later' else 'quarantined' end as fate,
        rule
    from strongest
    where place = 1

)

select * from final
