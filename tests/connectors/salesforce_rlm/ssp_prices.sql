-- A stand-alone selling price is what the active standard price book asks of everyone; other books are agreements. A
-- derived price is a share of what else is bought: its 0 is no price, and it is left out. A term's price becomes the
-- price of a month of it, to nine decimals; without a term it is the price of a unit. A book without ValidFrom holds
-- from the beginning of time, which is 1990 here (quality.md).
with newest_books as (

    select *
    from {{ source('lake', 'salesforce_rlm__pricebook2') }}
    qualify row_number() over (partition by "$$Name$IsStandard" order by _rank desc, _row_id desc) = 1

),

newest_models as (

    select
        *,
        case PricingTermUnit
            when 'Months' then 1 when 'Quarterly' then 3 when 'Semi-Annual' then 6 when 'Annual' then 12
        end * try_cast(PricingTerm as integer) as months
    from {{ source('lake', 'salesforce_rlm__product_selling_model') }}
    qualify row_number() over (partition by "$$Name$SellingModelType" order by _rank desc, _row_id desc) = 1

)

select
    concat_ws(';', entries."Product2.StockKeepingUnit", models.Name) as product_id,
    entries.CurrencyIsoCode as currency,
    coalesce(left(nullif(nullif(books.ValidFrom, ''), '#N/A'), 10), '1990-01-01') as valid_from,
    case
        when models.SellingModelType = 'OneTime' then entries.UnitPrice
        -- what is no number stays as it is, so that the gate names it
        else coalesce(
            cast(cast(try_cast(entries.UnitPrice as decimal(24, 9)) / models.months as decimal(24, 9)) as varchar),
            entries.UnitPrice
        )
    end as ssp_unit,
    case when models.SellingModelType = 'OneTime' then 'unit' else 'month' end as ssp_per,
    [entries._row_id] as source_rows,
    entries._rank as source_rank
from {{ source('lake', 'salesforce_rlm__pricebook_entry') }} as entries
inner join newest_books as books on entries."Pricebook2.$$Name$IsStandard" = books."$$Name$IsStandard"
left join newest_models as models
    on entries."ProductSellingModel.$$Name$SellingModelType" = models."$$Name$SellingModelType"
where books.IsStandard = 'true' and books.IsActive = 'true' and entries.IsActive = 'true' and entries.IsDerived = 'false'
