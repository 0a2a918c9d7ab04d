{# Translation (accounting.md §7): amount in the contract's currency → the entity's functional currency → the company's
   reporting currency, in minor units, each step rounded once. `dimensions`: alias of a row that says is_foreign (currency
   is not the functional one) and is_translated (that is not the reporting one); `rates`: alias of a row of currency_days
   or currency_periods. Null where a rate is asked for and none is delivered. #}

{% macro to_functional(minor, dimensions, rates) -%}
    case
        when not {{ dimensions }}.is_foreign then {{ minor }}
        else {{ prorate(minor, rates ~ '.functional_numerator', rates ~ '.functional_denominator') }}
    end
{%- endmacro %}

{% macro to_reporting(functional_minor, dimensions, rates) -%}
    case
        when not {{ dimensions }}.is_translated then {{ functional_minor }}
        else {{ prorate(functional_minor, rates ~ '.reporting_numerator', rates ~ '.reporting_denominator') }}
    end
{%- endmacro %}

{# A rate of 12 decimals as the fraction that minor units of one currency become those of another by. #}
{% macro rate_fraction(step, trillionths, from_exponent, to_exponent) -%}
    cast({{ trillionths }} * {{ _power_of_ten(to_exponent ~ ' - ' ~ from_exponent) }} as {{ wide_integer() }})
        as {{ step }}_numerator,
    cast({{ wide_literal('1000000000000') }} * {{ _power_of_ten(from_exponent ~ ' - ' ~ to_exponent) }} as {{ wide_integer() }})
        as {{ step }}_denominator
{%- endmacro %}

{% macro _power_of_ten(digits) -%}
    (case {{ digits }} when 1 then 10 when 2 then 100 when 3 then 1000 else 1 end)
{%- endmacro %}

{# Rates of a pair, currency → functional → reporting, out of those of its two legs, of each moment at which any rate is known.
   legs: relation with from_currency, to_currency, `moments` and rate_trillionths. Rows: currency_pair, the moments, and for
   each step its fraction; null where a rate is asked for and none is known. #}
{% macro rates_of_pairs(legs, moments) %}
    select
        pairs.currency_pair,
        {% for moment in moments -%}
        known.{{ moment }},
        {% endfor -%}
        {{ rate_fraction(
            'functional', _or_one('pairs.currency = pairs.functional_currency', 'inward.rate_trillionths'), 'pairs.exponent',
            'pairs.functional_exponent'
        ) }},
        {{ rate_fraction(
            'reporting', _or_one('pairs.functional_currency = pairs.reporting_currency', 'onward.rate_trillionths'),
            'pairs.functional_exponent', 'pairs.reporting_exponent'
        ) }}
    from {{ ref('currency_pairs') }} as pairs
    cross join (select distinct {{ moments | join(', ') }} from {{ legs }}) as known
    {% for leg, source, target in [
        ('inward', 'currency', 'functional_currency'), ('onward', 'functional_currency', 'reporting_currency'),
    ] -%}
    left join {{ legs }} as {{ leg }}
        on pairs.{{ source }} = {{ leg }}.from_currency
        and pairs.{{ target }} = {{ leg }}.to_currency
        {% for moment in moments -%}
        and known.{{ moment }} = {{ leg }}.{{ moment }}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro _or_one(is_same, trillionths) -%}
    (case when {{ is_same }} then {{ wide_literal('1000000000000') }} else {{ trillionths }} end)
{%- endmacro %}

{# A sum of translated amounts. What is not known of one of them is not known of their sum. #}
{% macro sum_known(amount) -%}
    case when count(*) = count({{ amount }}) then sum({{ amount }}) end
{%- endmacro %}

{# One expression a currency: STEP stands for what the names of its amounts end in. #}
{% macro in_each_currency(template) -%}
    {%- for step in ['', '_functional', '_reporting'] -%}
    {{ template | replace('STEP', step) }} as amount{{ step }}_minor{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
