-- Grain: record that published figures stand on.
-- Why: one that is delivered no more has vanished from a full export, and its contract is held (accounting.md §2).
-- Only a full export can lose a record: what an incremental one delivered stays in force. A key that key_map now
-- reads as another is the same record.

{%- set entities = entities_of_contracts() + ['invoices', 'credit_notes'] %}

with delivered as (

    {%- for entity in entities %}
    select known_records.entity, known_records.record_key
    from {{ source('frozen', 'known_records') }} as known_records
    inner join {{ ref('exchange__' ~ entity) }} as records on known_records.record_key = records.record_key
    where known_records.entity = '{{ entity }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

waivers as (

    select distinct contract_id from {{ source('run', 'waivers') }} where rule = 'vanished'

),

missing as (

    select
        known_records.entity || ':' || known_records.record_key as record_key,
        known_records.entity,
        known_records.record_key as vanished_key,
        known_records.contract_id,
        known_records.first_period,
        cast(null as bigint) as source_row,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        delivered.record_key is null
        and own_key.source_key is null
        and contract_key.source_key is null as is_missing,
        exists (
            select 1 from waivers
            where waivers.contract_id is null or waivers.contract_id = known_records.contract_id
        ) as is_waived
    from {{ source('frozen', 'known_records') }} as known_records
    left join delivered
        on known_records.entity = delivered.entity
        and known_records.record_key = delivered.record_key
    left join (
        select distinct entity, source_key from {{ ref('exchange__key_map') }} where key is not null
    ) as own_key
        on known_records.entity = own_key.entity
        and known_records.record_key = own_key.source_key
    left join (
        select distinct source_key from {{ ref('exchange__key_map') }} where key is not null and entity = 'contracts'
    ) as contract_key
        on known_records.contract_id = contract_key.source_key
    where known_records.contract_id is not null

),

final as (

    -- one that a waiver lets go is no fault any more
    select
        missing.*,
        is_missing and not is_waived as has_vanished,
        is_missing and is_waived as is_let_go
    from missing

)

select * from final
