{# Money is an integer of minor units inside the engine and decimal(18,3) in published tables
   (accounting.md §1). This file holds the only division of the project; every rounding is half away
   from zero. `numerator` and `denominator` are integers, denominator > 0. #}

{# round(amount × numerator ÷ denominator), half away from zero, exact for any size.
   BIGINT where 2 × amount × numerator fits, the wide integer elsewhere: HUGEINT arithmetic was measured
   13 × slower. The division truncates towards zero, so the half is added with the sign of the product. #}
{% macro prorate(amount, numerator, denominator) -%}
    (case
        when ({{ amount }}) = 0 or ({{ numerator }}) = 0 then cast(0 as bigint)
        when ({{ numerator }}) = ({{ denominator }}) then ({{ amount }})
        when abs({{ amount }}) <= {{ integer_division('4000000000000000000', 'abs(' ~ numerator ~ ')') }}
            then {{ _round_half_away('cast(' ~ amount ~ ' as bigint) * cast(' ~ numerator ~ ' as bigint)',
                                     'cast(' ~ denominator ~ ' as bigint)') }}
        else cast({{ _round_half_away(
            'cast(' ~ amount ~ ' as ' ~ wide_integer() ~ ') * cast(' ~ numerator ~ ' as ' ~ wide_integer() ~ ')',
            'cast(' ~ denominator ~ ' as ' ~ wide_integer() ~ ')') }} as bigint)
    end)
{%- endmacro %}

{% macro _round_half_away(product, denominator) -%}
    {{ integer_division(
        '2 * (' ~ product ~ ') + case when (' ~ product ~ ') < 0 then - (' ~ denominator ~ ') else ' ~ denominator ~ ' end',
        '2 * (' ~ denominator ~ ')') }}
{%- endmacro %}

{# Decimal amount of a source -> integer minor units. The gate has refused amounts finer than the minor unit. #}
{% macro to_minor(amount, exponent) -%}
    {{ _scaled(amount, '(case ' ~ exponent ~ ' when 0 then 1 when 2 then 100 when 3 then 1000 end)') }}
{%- endmacro %}

{# decimal(18,3) × a factor up to 1000 as bigint. DuckDB keeps that product in 18 digits and raises from 10^12
   on, so larger amounts are widened; only those, because the wide product was measured 10 × slower. #}
{% macro _scaled(amount, factor, limit='1000000000000', wide='decimal(22, 3)') -%}
    (case
        when abs({{ amount }}) < {{ limit }} then cast(({{ amount }}) * {{ factor }} as bigint)
        else cast(cast({{ amount }} as {{ wide }}) * {{ factor }} as bigint)
    end)
{%- endmacro %}

{# A quantity, decimal(18,6), -> integer millionths, exactly; its product leaves the 18 digits at a million. #}
{% macro to_millionths(quantity) -%}
    {{ _scaled(quantity, '1000000', limit='1000000', wide='decimal(25, 6)') }}
{%- endmacro %}

{# Integer millionths -> decimal(18,6), exactly. #}
{% macro to_units(millionths) -%}cast({{ millionths }} * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)){%- endmacro %}

{# Integer minor units -> decimal(18,3), exactly: multiplication by a decimal constant, never a division. #}
{% macro to_amount(minor, exponent) -%}
    cast(cast(({{ minor }}) * (case {{ exponent }} when 0 then 1000 when 2 then 10 when 3 then 1 end) as bigint)
        * cast(0.001 as decimal(4, 3)) as decimal(18, 3))
{%- endmacro %}

{# Unit price (9 decimals) × quantity (millionths) × months of term × rate into the contract's currency, rounded once to
   the minor unit (accounting.md §3.3); null without a rate and where it overflows, which the gate refuses by name. The
   product stands in a try of its own: it occurs twice, and DuckDB computes what occurs twice outside the try around
   both. Beside the price stand exponent, months_numerator ÷ months_denominator and <rate>_numerator ÷
   <rate>_denominator. #}
{% macro times_quantity(unit_price, quantity='quantity_millionths', rate='rate') -%}
    case
        when {{ rate }}_numerator = {{ rate }}_denominator then {{ _times_quantity(unit_price, '1000000000', quantity) }}
        else {{ _times_quantity_in_thousandths(unit_price, quantity, rate) }}
    end
{%- endmacro %}

{# The same where months are a long fraction: most prices have three decimals, which leaves room for it. #}
{% macro times_quantity_in_part(unit_price, quantity) -%}
    case
        when rate_numerator = rate_denominator then {{ _times_quantity_in_thousandths(unit_price, quantity) }}
        else {{ _times_quantity_in_thousandths(unit_price, quantity, 'rate') }}
    end
{%- endmacro %}

{% macro _times_quantity_in_thousandths(unit_price, quantity, rate=none) -%}
    case
        when {{ unit_price }} * 1000 = cast({{ unit_price }} * 1000 as {{ wide_integer() }}) and {{ quantity }} % 1000 = 0
            then {{ _times_quantity(unit_price, '1000', integer_division(quantity, '1000'), '1000', rate) }}
        else {{ _times_quantity(unit_price, '1000000000', quantity, '1000000', rate) }}
    end
{%- endmacro %}

{# An integer that ends in eight zeros, without them. #}
{% macro without_eight_digits(number) -%}{{ integer_division(number, '100000000') }}{%- endmacro %}

{# A rate, decimal(28,12), -> integer 10⁻¹², exactly; null where it overflows. #}
{% macro to_trillionths(rate) -%}
    {{ try_or_null('cast(' ~ rate ~ ' * 1000000000000 as ' ~ wide_integer() ~ ')') }}
{%- endmacro %}

{# A rate as integer 10⁻¹², rounded half away from zero; null where it overflows. #}
{% macro rate_in_trillionths(numerator, denominator) -%}
    {{ try_or_null(prorate(numerator, wide_literal('1000000000000'), denominator)) }}
{%- endmacro %}

{# Mean of integers, rounded half away from zero. #}
{% macro mean(total, count) -%}{{ prorate(total, '1', count) }}{%- endmacro %}

{# At another rate than 1 the product is divided before it is multiplied by the rate, and what the divisions leave is
   rounded with the rest: q × n ÷ d + r × n ÷ (parts × d), all in one. #}
{% macro _times_quantity(unit_price, scale, quantity, quantity_scale='1000000', rate=none) -%}
    {%- set product = try_or_null(
        'cast(' ~ unit_price ~ ' * ' ~ scale ~ ' as ' ~ wide_integer() ~ ') * ' ~ quantity ~ ' * months_numerator'
        ~ ' * (case exponent when 0 then 1 when 2 then 100 when 3 then 1000 end)') -%}
    {%- set parts = "cast('1" ~ '0' * (scale | length + quantity_scale | length - 2) ~ "' as " ~ wide_integer() ~ ')' -%}
    {%- if not rate -%}
    {{ try_or_null('cast(' ~ _round_half_away(product, parts ~ ' * months_denominator') ~ ' as bigint)') }}
    {%- else -%}
    {%- set parts = '(' ~ parts ~ ' * months_denominator)' -%}
    {%- set converted = try_or_null(integer_division(product, parts) ~ ' * ' ~ rate ~ '_numerator') -%}
    {%- set rest = try_or_null(
        '(' ~ converted ~ ' % ' ~ rate ~ '_denominator) * ' ~ parts ~ ' + (' ~ product ~ ' % ' ~ parts ~ ') * ' ~ rate ~ '_numerator') -%}
    {{ try_or_null('cast(' ~ integer_division(converted, rate ~ '_denominator') ~ ' + '
        ~ _round_half_away(rest, try_or_null(parts ~ ' * ' ~ rate ~ '_denominator')) ~ ' as bigint)') }}
    {%- endif -%}
{%- endmacro %}

{# dividend ÷ divisor as decimal(18,6), rounded half away from zero; null where there is nothing to divide by, or so little
   that the ratio has no place in it (10^12). Both are integers of one unit. #}
{% macro ratio(dividend, divisor) -%}
    cast(case when abs(cast({{ dividend }} as {{ wide_integer() }}))
            >= {{ wide_literal('999999999999') }} * abs(cast({{ divisor }} as {{ wide_integer() }}))
            then null
        else {{ prorate('(' ~ dividend ~ ') * case when (' ~ divisor ~ ') < 0 then -1 else 1 end',
                        'cast(1000000 as bigint)', 'nullif(abs(' ~ divisor ~ '), 0)') }} * cast(0.000001 as decimal(7, 6))
    end as decimal(18, 6))
{%- endmacro %}

{# How many whole divisors are in a number: what is exact by construction, or a bound. #}
{% macro whole_quotient(number, divisor) -%}{{ integer_division(number, divisor) }}{%- endmacro %}

{# Integer thousandths -> decimal(24,6), exactly. #}
{% macro from_thousandths(thousandths) -%}
    cast(cast({{ thousandths }} as decimal(19, 0)) * cast(0.001 as decimal(4, 3)) as decimal(24, 6))
{%- endmacro %}

{# decimal(18,3) -> integer thousandths, exactly. #}
{% macro to_thousandths(amount) -%}{{ _scaled(amount, '1000') }}{%- endmacro %}
