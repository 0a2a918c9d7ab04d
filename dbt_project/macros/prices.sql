{# The price list's row for a product that is valid on a day (accounting.md §3.3): the last one in the contract's currency,
   where it has none by then the last one in another, of two of one day the later currency by name.
     asked  relation with product_id, currency, priced_on and the columns `keys`, which name a row of it #}
{% macro listed_prices(asked, keys) %}
    select
        {{ keys | join(', ') }}, ssp_unit, coalesce(ssp_per, 'unit') as ssp_per, ssp_low, ssp_high, ssp_currency
    from (
        select
            {%- for key in keys %}
            asked.{{ key }},
            {%- endfor %}
            prices.ssp_unit,
            prices.ssp_per,
            prices.ssp_low,
            prices.ssp_high,
            prices.currency as ssp_currency,
            row_number() over (
                partition by {% for key in keys %}asked.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
                order by case when prices.currency = asked.currency then 0 else 1 end, prices.valid_from desc, prices.currency desc
            ) as recency
        from {{ asked }} as asked
        inner join {{ ref('exchange__ssp_prices') }} as prices
            on asked.product_id = prices.product_id
            and prices.valid_from <= asked.priced_on
        inner join {{ ref('exchange__currencies') }} as currencies on prices.currency = currencies.currency
    ) as dated
    where recency = 1
{% endmacro %}

{# The price of one unit of a line that is valid on a later day (accounting.md §5): the one an amendment gave, else the
   line's own, the price list's of that day, the first one (the list's of the signing, the product's); with the rate of
   that day into the contract's currency, null where there is none. Null unit: its stated amount stands for it.
     asked  relation with the columns `keys`, product_id, currency, priced_on, given_ssp_unit and, as first signed,
            ssp_source, ssp_unit, ssp_per and ssp_currency #}
{% macro prices_on(asked, keys) %}
    select
        {% for key in keys %}priced.{{ key }}, {% endfor %}priced.ssp_unit, priced.ssp_per, priced.ssp_currency,
        case when priced.is_own_currency then {{ wide_literal(1) }} else rates.rate_numerator end as rate_numerator,
        case when priced.is_own_currency then {{ wide_literal(1) }} else rates.rate_denominator end as rate_denominator
    from (
        {{ _unit_prices_on(asked, keys) }}
    ) as priced
    left join (
        {{ rates_on(
            '(select distinct ssp_currency as from_currency, currency as to_currency, priced_on as rate_day from ('
            ~ _unit_prices_on(asked, keys) ~ ') as unit_prices where not is_own_currency)'
        ) }}
    ) as rates
        on priced.ssp_currency = rates.from_currency
        and priced.currency = rates.to_currency
        and priced.priced_on = rates.rate_day
{% endmacro %}

{% macro _unit_prices_on(asked, keys) %}
    select
        unit_prices.*,
        ssp_currency is null or ssp_currency = currency as is_own_currency
    from (
        select
            {%- for key in keys %}
            asked.{{ key }},
            {%- endfor %}
            asked.currency,
            asked.priced_on,
            coalesce(asked.given_ssp_unit, listed.ssp_unit, asked.ssp_unit) as ssp_unit,
            -- a price that an amendment gives is per what the line's own is
            case when listed.ssp_unit is not null then listed.ssp_per else asked.ssp_per end as ssp_per,
            case
                when asked.given_ssp_unit is not null then asked.currency
                when listed.ssp_unit is not null then listed.ssp_currency
                else asked.ssp_currency
            end as ssp_currency
        from {{ asked }} as asked
        left join (
            {{ listed_prices('(select * from ' ~ asked ~ " as listing where ssp_source in ('price_list', 'product', 'stated'))", keys) }}
        ) as listed
            on {% for key in keys %}asked.{{ key }} = listed.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    ) as unit_prices
{% endmacro %}
