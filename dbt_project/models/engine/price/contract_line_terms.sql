-- Grain: contract line as delivered (exchange record, before the gate).
-- Why: a line on the terms as first signed, its contract's and its product's defaults filled in, with its
-- stand-alone selling price (accounting.md §3.3) on the day it is signed or, for a line that an amendment adds, takes
-- effect. It stands before the gate because rules ask for the price.

with lines as (

    select * from {{ ref('exchange__contract_lines') }}

),

contracts as (

    select * from {{ ref('exchange__contracts') }}

),

products as (

    select * from {{ ref('exchange__products') }}

),

currencies as (

    select * from {{ ref('exchange__currencies') }}

),

adding as (

    select
        contract_line_id,
        amendment_id,
        min(effective_date) as effective_date,
        min(signed_date) as signed_date
    from {{ ref('exchange__amendments') }}
    where action = 'add'
    group by contract_line_id, amendment_id

),

to_list as (

    select
        lines.source_row,
        lines.product_id,
        contracts.currency,
        coalesce(adding.effective_date, contracts.signed_date) as priced_on
    from lines
    inner join contracts on lines.contract_id = contracts.contract_id
    left join adding on lines.contract_line_id = adding.contract_line_id and lines.amendment_id = adding.amendment_id

),

listed_prices as (

    {{ listed_prices('to_list', ['source_row']) }}

),

described as (

    select
        lines.source_row,
        lines.contract_line_id,
        lines.contract_id,
        lines.amendment_id,
        coalesce(contracts.combined_with, contracts.contract_id) as accounting_contract_id,
        lines.line_number,
        lines.product_id,
        contracts.currency,
        currencies.exponent,
        -- a line that an amendment adds counts nothing before it is signed
        case when contracts.signed_date is not null then greatest(contracts.signed_date, adding.signed_date) end
            as signed_date,
        coalesce(lines.allocation_group, '') as allocation_group,
        {{ to_minor('lines.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('(coalesce(lines.variable_amount, 0) - coalesce(lines.constrained_amount, 0))', 'currencies.exponent') }}
            as estimated_minor,
        coalesce(adding.effective_date, contracts.signed_date) as priced_on,
        coalesce(lines.start_date, contracts.start_date) as start_date,
        coalesce(lines.end_date, contracts.end_date) as end_date,
        contracts.end_date as contract_end_date,
        lines.promised_date,
        coalesce(lines.recognition_method, products.recognition_method) as recognition_method,
        coalesce(lines.recognition_convention, products.recognition_convention, 'monthly') as recognition_convention,
        coalesce(lines.amount < 0 and lines.recognition_method is null and products.recognition_method is null, false)
            as is_discount,
        -- what these methods earn is contracted as it is earned: no fixed amount in the price, unless a group shares it
        coalesce(
            coalesce(lines.recognition_method, products.recognition_method) in ('usage', 'as_invoiced')
            and lines.allocation_group is null, false
        ) as is_unpriced,
        {{ to_millionths('lines.quantity') }} as quantity_millionths,
        coalesce(coalesce(lines.ssp_method, products.ssp_method) = 'residual', false) as is_residual,
        case
            when lines.ssp_unit is not null then 'line'
            when listed_prices.ssp_unit is not null then 'price_list'
            when products.ssp_unit is not null then 'product'
        end as ssp_unit_source,
        coalesce(lines.ssp_unit, listed_prices.ssp_unit, products.ssp_unit) as ssp_unit,
        case
            when lines.ssp_unit is not null then coalesce(lines.ssp_per, products.ssp_per, 'unit')
            when listed_prices.ssp_unit is not null then listed_prices.ssp_per
            else coalesce(products.ssp_per, 'unit')
        end as ssp_per,
        case
            when lines.ssp_unit is not null then contracts.currency
            when listed_prices.ssp_unit is not null then listed_prices.ssp_currency
            when products.ssp_unit is not null then coalesce(products.ssp_currency, contracts.currency)
        end as ssp_currency,
        -- the range of a residual price is the price list's where that has one, else the product's, each per its own
        case when listed_prices.ssp_low is not null or listed_prices.ssp_high is not null
            then listed_prices.ssp_low else products.ssp_low end as ssp_low,
        case when listed_prices.ssp_low is not null or listed_prices.ssp_high is not null
            then listed_prices.ssp_high else products.ssp_high end as ssp_high,
        case
            when listed_prices.ssp_low is not null or listed_prices.ssp_high is not null
                then listed_prices.ssp_per
            else coalesce(products.ssp_per, 'unit')
        end as range_per,
        case
            when listed_prices.ssp_low is not null or listed_prices.ssp_high is not null then listed_prices.ssp_currency
            when products.ssp_low is not null or products.ssp_high is not null
                then coalesce(products.ssp_currency, contracts.currency)
        end as range_currency
    from lines
    left join contracts on lines.contract_id = contracts.contract_id
    left join products on lines.product_id = products.product_id
    left join currencies on contracts.currency = currencies.currency
    left join adding on lines.contract_line_id = adding.contract_line_id and lines.amendment_id = adding.amendment_id
    left join listed_prices on lines.source_row = listed_prices.source_row

),

-- prices in another currency are converted at the rate of the day for which they are asked
to_convert as (

    select ssp_currency as from_currency, currency as to_currency, priced_on as rate_day
    from described
    where ssp_currency != currency

    union

    select range_currency as from_currency, currency as to_currency, priced_on as rate_day
    from described
    where range_currency != currency

),

rated as (

    {{ rates_on('to_convert') }}

),

terms_of_time as (

    -- months of term by the `monthly` convention, as an exact fraction, for prices per month
    select
        source_row,
        total_weight as months_numerator,
        weight_unit as months_denominator
    from (
        {{ ratable_shape(
            "(select source_row, start_date as service_start, end_date as service_end, 'monthly' as convention from described where (ssp_per = 'month' or range_per = 'month') and start_date <= end_date)"
        ) }}
    ) as shaped

),

scaled as (

    select
        described.*,
        case described.ssp_per when 'month' then terms_of_time.months_numerator else 1 end as months_numerator,
        case described.ssp_per when 'month' then terms_of_time.months_denominator else 1 end as months_denominator,
        case when described.ssp_currency != described.currency then rated.rate_numerator else {{ wide_literal(1) }} end
            as rate_numerator,
        case when described.ssp_currency != described.currency then rated.rate_denominator else {{ wide_literal(1) }} end
            as rate_denominator
    from described
    left join terms_of_time on described.source_row = terms_of_time.source_row
    left join rated
        on described.ssp_currency = rated.from_currency
        and described.currency = rated.to_currency
        and described.priced_on = rated.rate_day

),

ranged as (

    select
        source_row,
        rate_numerator as range_rate,
        {{ times_quantity('ssp_low', 'coalesce(quantity_millionths, 1000000)') }} as ssp_low_minor,
        {{ times_quantity('ssp_high', 'coalesce(quantity_millionths, 1000000)') }} as ssp_high_minor
    from (
        select
            described.*,
            case described.range_per when 'month' then terms_of_time.months_numerator else 1 end as months_numerator,
            case described.range_per when 'month' then terms_of_time.months_denominator else 1 end as months_denominator,
            case when described.range_currency != described.currency then rated.rate_numerator else {{ wide_literal(1) }} end
                as rate_numerator,
            case when described.range_currency != described.currency then rated.rate_denominator else {{ wide_literal(1) }} end
                as rate_denominator
        from described
        left join terms_of_time on described.source_row = terms_of_time.source_row
        left join rated
            on described.range_currency = rated.from_currency
            and described.currency = rated.to_currency
            and described.priced_on = rated.rate_day
        where described.ssp_low is not null or described.ssp_high is not null
    ) as described

),

priced as (

    select
        scaled.*,
        {{ times_quantity('ssp_unit') }} as listed_ssp_minor,
        ranged.range_rate,
        ranged.ssp_low_minor,
        ranged.ssp_high_minor
    from scaled
    left join ranged on scaled.source_row = ranged.source_row

),

final as (

    select
        source_row,
        contract_line_id,
        contract_id,
        amendment_id,
        accounting_contract_id,
        line_number,
        product_id,
        currency,
        exponent,
        signed_date,
        allocation_group,
        case when is_unpriced then cast(0 as bigint) else amount_minor end as amount_minor,
        case when is_unpriced then cast(0 as bigint) else amount_minor + estimated_minor end as price_minor,
        priced_on,
        start_date,
        end_date,
        contract_end_date,
        promised_date,
        recognition_method,
        recognition_convention,
        is_discount,
        is_unpriced,
        quantity_millionths,
        ssp_unit,
        ssp_per,
        ssp_currency,
        rate_numerator,
        rate_denominator,
        -- the currency of a price that it stands on, or that its residual price is held against, without a rate that day
        case
            when is_discount or is_unpriced then null
            when is_residual and range_currency != currency and range_rate is null then range_currency
            when not is_residual and quantity_millionths is not null and ssp_unit != 0 and rate_numerator is null
                then ssp_currency
        end as unrated_currency,
        is_residual and not is_discount and not is_unpriced as is_residual,
        cast(case
            when is_discount then 0
            when is_residual and not is_unpriced then null
            when ssp_unit = 0 then 0
            when ssp_unit is null or quantity_millionths is null then amount_minor
            else listed_ssp_minor
        end as bigint) as ssp_minor,
        case
            when is_discount then 'discount'
            when is_residual and not is_unpriced then 'residual'
            when ssp_unit = 0 then ssp_unit_source
            when ssp_unit is null or quantity_millionths is null then 'stated'
            else ssp_unit_source
        end as ssp_source,
        ssp_low_minor,
        ssp_high_minor
    from priced

)

select * from final
