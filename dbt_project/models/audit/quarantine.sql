-- Grain: exchange record (or file) × rule it fails; a record held with another one has one row.
-- Why: what is held back or warned of, why, and where it stands in the source (quality.md). A contract's money
-- stands on the rows of the contract itself; what is only held with it states none. A conflict of rows names them, the
-- first of each file before others.

with failures as (

    select * from {{ source('gate', 'failures') }} where severity in ('block', 'quarantine', 'warn')

),

records_out as (

    select * from {{ ref('accepted__records_out') }}

),

contract_amounts as (

    select
        contracts.contract_id,
        coalesce(contracts.total_amount, sum(lines.amount)) as amount,
        contracts.currency
    from {{ ref('exchange__contracts') }} as contracts
    inner join records_out on records_out.entity = 'contracts' and contracts.record_key = records_out.record_key
    left join {{ ref('exchange__contract_lines') }} as lines on contracts.contract_id = lines.contract_id
    group by contracts.contract_id, contracts.total_amount, contracts.currency

),

-- a record that is excluded or later is no fault, whatever else it fails
failing as (

    select
        failures.entity,
        failures.record_key,
        coalesce(failures.contract_id, records_out.contract_id) as contract_id,
        failures.rule,
        failures.severity,
        case
            when failures.severity = 'warn' then 'used'
            when failures.entity = 'known_records' then 'held'
            else records_out.fate
        end as fate,
        failures.detail,
        failures.amount,
        failures.currency,
        failures.source_row as row_id
    from failures
    left join records_out
        on failures.entity = records_out.entity
        and failures.record_key = records_out.record_key
    where coalesce(records_out.fate, '') not in ('excluded', 'later')

),

conflicting_rows as (

    select
        conflicts.entity,
        conflicts.record_key,
        files.path || ' row ' || cast({{ row_of_file('conflicts.row_id') }} as {{ dbt.type_string() }}) as place,
        row_number() over (
            partition by conflicts.entity, conflicts.record_key, {{ file_of_row('conflicts.row_id') }}
            order by conflicts.row_id
        ) as place_in_file,
        conflicts.row_id
    from (
        {%- for entity in staged_entities() %}
        select '{{ entity }}' as entity, records.record_key, {{ each_of('records.source_rows') }} as row_id
        from {{ ref('exchange__' ~ entity) }} as records
        where records.has_conflict
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as conflicts
    {{ source_join('conflicts.row_id') }}

),

conflicts as (

    select
        entity,
        record_key,
        concat_ws(
            ', ',
            {%- for number in range(1, 4) %}
            max(case when nth = {{ number }} then place end),
            {%- endfor %}
            case when count(*) > 3 then cast(count(*) - 3 as {{ dbt.type_string() }}) || ' more' end
        ) as places
    from (
        select
            conflicting_rows.*,
            row_number() over (partition by entity, record_key order by place_in_file, row_id) as nth
        from conflicting_rows
    ) as numbered
    group by entity, record_key

),

held_with_another as (

    select
        records_out.entity,
        records_out.record_key,
        records_out.contract_id,
        records_out.rule,
        'quarantine' as severity,
        records_out.fate,
        case
            when records_out.entity = 'contracts' then 'held with a record it stands on or is combined with'
            when records_out.out_with = 'contract' and records_out.contract_id is null then 'held with its lines'
            when records_out.out_with = 'contract' then 'held with contract ' || records_out.contract_id
            else 'held with its ' || records_out.out_with
        end as detail,
        case when records_out.entity = 'contracts' then contract_amounts.amount end as amount,
        case when records_out.entity = 'contracts' then contract_amounts.currency end as currency,
        records_out.source_row as row_id
    from records_out
    left join failing
        on records_out.entity = failing.entity
        and records_out.record_key = failing.record_key
        and failing.severity = 'quarantine'
    left join contract_amounts on records_out.contract_id = contract_amounts.contract_id
    where records_out.fate in ('quarantined', 'held') and failing.record_key is null

),

listed as (

    select * from failing
    union all
    select * from held_with_another

),

final as (

    select
        listed.entity,
        listed.record_key,
        listed.contract_id,
        listed.rule,
        listed.severity,
        listed.fate,
        case
            when listed.rule = 'duplicate_key_conflict' and conflicts.places is not null
                then listed.detail || ': ' || conflicts.places
            else listed.detail
        end as detail,
        cast(listed.amount as decimal(18, 3)) as amount,
        listed.currency,
        case when listed.entity = 'files' then listed.record_key else files.path end as source_file,
        cast(listed.row_id % 4294967296 as bigint) as source_row,
        files.sha256 as file_sha256
    from listed
    left join conflicts on listed.entity = conflicts.entity and listed.record_key = conflicts.record_key
    {{ source_join('listed.row_id') }}

)

select * from final
