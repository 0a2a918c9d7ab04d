-- Grain: entity × record key, of every source record that published figures stand on.
-- Why: tells late from corrected, and what has vanished; a held contract keeps the versions last accepted. The row of
-- a file is the one that first brought this version: an export delivered again every night says nothing new.

with known_now as (

    select
        records.entity,
        records.record_key,
        records.contract_id,
        records.contract_line_id,
        records.record_version,
        files.sha256 as file_sha256,
        cast({{ row_of_file('records.source_row') }} as bigint) as source_row
    from {{ ref('accepted__known_records') }} as records
    {{ source_join('records.source_row') }}

),

final as (

    select
        known_now.entity,
        known_now.record_key,
        known_now.contract_id,
        known_now.contract_line_id,
        known_now.record_version,
        coalesce(same.file_sha256, known_now.file_sha256) as file_sha256,
        coalesce(same.source_row, known_now.source_row) as source_row
    from known_now
    left join {{ source('frozen', 'known_records') }} as same
        on known_now.entity = same.entity
        and known_now.record_key = same.record_key
        and known_now.record_version = same.record_version

    union all

    select
        frozen.entity, frozen.record_key, frozen.contract_id, frozen.contract_line_id, frozen.record_version,
        frozen.file_sha256, frozen.source_row
    from {{ source('frozen', 'known_records') }} as frozen
    inner join {{ ref('accepted__contracts_out') }} as out on frozen.contract_id = out.contract_id
    where out.fate = 'held'

)

select * from final
