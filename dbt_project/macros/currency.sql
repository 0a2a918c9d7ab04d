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

{# One expression a currency: STEP stands for what the names of its amounts end in. #}
{% macro in_each_currency(template) -%}
    {%- for step in ['', '_functional', '_reporting'] -%}
    {{ template | replace('STEP', step) }} as amount{{ step }}_minor{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
