-- Grain: contract line × modification_number of an amendment of its accounting contract.
-- Why: the stand-alone selling price valid on the day an amendment takes effect: the one an amendment gave last, else the
-- line's own, the price list's of that day, the product's (accounting.md §5). Null: its stated amount stands for it.

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
        lines.ssp_per
    from {{ ref('modifications') }} as modifications
    inner join {{ ref('line_allocations') }} as lines
        on modifications.accounting_contract_id = lines.accounting_contract_id
    where modifications.kind = 'amendment'

),

listed as (

    select contract_line_id, modification_number, ssp_unit, ssp_per
    from (
        select
            modified.contract_line_id,
            modified.modification_number,
            prices.ssp_unit,
            coalesce(prices.ssp_per, 'unit') as ssp_per,
            row_number() over (
                partition by modified.contract_line_id, modified.modification_number order by prices.valid_from desc
            ) as recency
        from modified
        inner join {{ ref('exchange__ssp_prices') }} as prices
            on modified.product_id = prices.product_id
            and modified.currency = prices.currency
            and prices.valid_from <= modified.effective_date
        where modified.ssp_source in ('price_list', 'product', 'stated')
    ) as dated
    where recency = 1

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

final as (

    select
        modified.contract_line_id,
        modified.modification_number,
        coalesce(given.given_ssp_unit, listed.ssp_unit, modified.ssp_unit) as ssp_unit,
        -- a price that an amendment gives is per what the line's own is
        case when listed.ssp_unit is not null then listed.ssp_per else modified.ssp_per end as ssp_per
    from modified
    left join listed
        on modified.contract_line_id = listed.contract_line_id and modified.modification_number = listed.modification_number
    left join given
        on modified.contract_line_id = given.contract_line_id
        and modified.modification_number = given.modification_number
        and given.recency = 1

)

select * from final
