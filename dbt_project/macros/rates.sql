{# The rate of a day (accounting.md §7): direct, else inverse, else cross over one common currency, the first by name.
   asked: relation with from_currency, to_currency, rate_day. Rows, where there is a rate: these and rate_numerator ÷
   rate_denominator, units of to_currency for one of from_currency, and the day it was published, of a cross rate the
   later one. #}
{% macro rates_on(asked) %}
    select from_currency, to_currency, rate_day, rate_numerator, rate_denominator, published_on
    from (
        select
            found.*,
            row_number() over (
                partition by from_currency, to_currency, rate_day order by common_currency, is_inverse, is_second_inverse
            ) as place
        from (
            select
                asked.from_currency,
                asked.to_currency,
                asked.rate_day,
                '' as common_currency,
                rates.is_inverse,
                false as is_second_inverse,
                rates.numerator as rate_numerator,
                rates.denominator as rate_denominator,
                rates.valid_from as published_on
            from {{ asked }} as asked
            inner join {{ ref('rates') }} as rates
                on asked.from_currency = rates.from_currency
                and asked.to_currency = rates.to_currency
                and asked.rate_day between rates.valid_from and rates.valid_to

            union all

            select
                asked.from_currency,
                asked.to_currency,
                asked.rate_day,
                rates.to_currency as common_currency,
                rates.is_inverse,
                onward.is_inverse as is_second_inverse,
                rates.numerator * onward.numerator as rate_numerator,
                rates.denominator * onward.denominator as rate_denominator,
                greatest(rates.valid_from, onward.valid_from) as published_on
            from {{ asked }} as asked
            inner join {{ ref('rates') }} as rates
                on asked.from_currency = rates.from_currency
                and asked.rate_day between rates.valid_from and rates.valid_to
            inner join {{ ref('rates') }} as onward
                on asked.to_currency = onward.to_currency
                and rates.to_currency = onward.from_currency
                and asked.rate_day between onward.valid_from and onward.valid_to
        ) as found
    ) as placed
    where place = 1
{% endmacro %}
