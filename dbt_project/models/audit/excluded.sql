-- Grain: exchange record that a rule of business leaves out, or that is dated after the cut.
-- Why: no fault, and yet not silent (quality.md): drafts, voids and unsigned contracts with what belongs to them.

with records_out as (

    select * from {{ ref('accepted__records_out') }} where fate in ('excluded', 'later')

),

failures as (

    select * from {{ source('gate', 'failures') }} where severity in ('excluded', 'later')

),

final as (

    select
        records_out.entity,
        records_out.record_key,
        records_out.contract_id,
        records_out.fate,
        records_out.rule,
        coalesce(
            failures.detail,
            case
                when records_out.out_with = 'contract' then 'left out with contract ' || records_out.contract_id
                else 'left out with its ' || records_out.out_with
            end
        ) as detail,
        cast(failures.amount as decimal(18, 3)) as amount,
        failures.currency,
        {{ source_place('records_out.source_row') }}
    from records_out
    left join failures
        on records_out.entity = failures.entity
        and records_out.record_key = failures.record_key
        and records_out.rule = failures.rule
    {{ source_join('records_out.source_row') }}

)

select * from final
