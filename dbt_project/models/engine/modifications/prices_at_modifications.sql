-- Grain: contract line × modification_number of an amendment of its accounting contract.
-- Why: the stand-alone selling price valid on the day an amendment takes effect, with its rate of that day (accounting.md
-- §5, macros/prices.sql).

with modified as (

    select
        modifications.accounting_contract_id,
        modifications.modification_number,
        modifications.effective_date,
        lines.contract_line_id,
        lines.product_id,
        lines.currency,
        lines.ssp_source,
        lines.ssp_unit,
        lines.ssp_per,
        lines.ssp_currency
    from {{ ref('modifications') }} as modifications
    inner join {{ ref('line_allocations') }} as lines
        on modifications.accounting_contract_id = lines.accounting_contract_id
    where modifications.kind = 'amendment'

),

given as (

    select
        modified.contract_line_id,
        modified.modification_number,
        terms.given_ssp_unit,
        row_number() over (
            partition by modified.contract_line_id, modified.modification_number order by terms.modification_number desc
        ) as recency
    from modified
    inner join {{ ref('amended_terms') }} as terms
        on modified.contract_line_id = terms.contract_line_id
        and terms.modification_number <= modified.modification_number
        and terms.given_ssp_unit is not null

),

asked as (

    select
        modified.*,
        modified.effective_date as priced_on,
        given.given_ssp_unit
    from modified
    left join given
        on modified.contract_line_id = given.contract_line_id
        and modified.modification_number = given.modification_number
        and given.recency = 1

),

final as (

    {{ prices_on('asked', ['contract_line_id', 'modification_number']) }}

)

select * from final
