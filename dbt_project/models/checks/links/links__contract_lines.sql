-- Grain: contract line that is delivered, or that published figures stand on although it is delivered no more.
-- Why: as links.contracts: what belongs to a vanished line is held with its contract.
{{ config(materialized='table') }}

with lines as (

    select * from {{ ref('exchange__contract_lines') }}

),

known_records as (

    select * from {{ source('frozen', 'known_records') }} where entity = 'contract_lines'

),

final as (

    select contract_line_id, contract_id, product_id, false as has_vanished
    from lines
    where contract_line_id is not null

    union all

    select
        known_records.record_key as contract_line_id,
        known_records.contract_id,
        cast(null as {{ dbt.type_string() }}) as product_id,
        true as has_vanished
    from known_records
    left join lines on known_records.record_key = lines.contract_line_id
    where lines.contract_line_id is null

)

select * from final
