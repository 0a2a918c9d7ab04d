{# Text of a source -> a value of a type, strictly: regex first, cast second (architecture.md 14). A cast alone
   takes '1e5' and '1_000', rounds '12.3456' and reads 'infinity' as a date. What is no value is null here;
   macros/exchange.sql keeps the text in parse_errors. The text comes trimmed, and null where it was empty. #}

{% macro parsed(text, data_type) -%}
    {%- if data_type == 'date' -%}
        {{ _parsed_date(text) }}
    {%- elif data_type == 'boolean' -%}
        {{ _parsed_boolean(text) }}
    {%- elif data_type == 'integer' -%}
        {{ _parsed_integer(text) }}
    {%- elif data_type.startswith('decimal(') -%}
        {%- set precision, scale = data_type[8:-1].split(',') -%}
        {{ _parsed_decimal(text, precision | int, scale | int) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error('No strict parsing is defined for the type ' ~ data_type) }}
    {%- endif -%}
{%- endmacro %}

{# YYYY-MM-DD, or a timestamp without a zone, of which the date is taken. A zone would need the entity's
   calendar to become a date, so such text is refused rather than cut. #}
{% macro _parsed_date(text) -%}
    case
        when {{ matches_whole(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?)?') }}
            then try_cast(substr({{ text }}, 1, 10) as date)
    end
{%- endmacro %}

{% macro _parsed_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', 'yes', '1') then true
        when lower({{ text }}) in ('false', 'no', '0') then false
    end
{%- endmacro %}

{# Whole numbers, also written as '30.0', which is how exports of nullable integers look. #}
{% macro _parsed_integer(text) -%}
    case
        when {{ matches_whole(text, '[-+]?0*[0-9]{1,9}([.]0+)?') }}
            then cast(try_cast({{ text }} as decimal(18, 3)) as integer)
    end
{%- endmacro %}

{# The pattern has no more digits before and after the point than the type holds (zeros beyond them say
   nothing and are allowed), so the cast neither rounds nor overflows. #}
{% macro _parsed_decimal(text, precision, scale) -%}
    {%- set whole = '0*[0-9]{1,' ~ (precision - scale) ~ '}' -%}
    {%- set fraction = '[.][0-9]{1,' ~ scale ~ '}0*' -%}
    case
        when {{ matches_whole(text, '[-+]?(' ~ whole ~ '(' ~ fraction ~ ')?|' ~ fraction ~ ')') }}
            then try_cast({{ text }} as decimal({{ precision }}, {{ scale }}))
    end
{%- endmacro %}

{# True where all of the text matches. #}
{% macro matches_whole(text, pattern) -%}{{ return(adapter.dispatch('matches_whole', 'tieout')(text, pattern)) }}{%- endmacro %}
{% macro default__matches_whole(text, pattern) -%}regexp_full_match({{ text }}, '{{ pattern }}'){%- endmacro %}
{% macro spark__matches_whole(text, pattern) -%}({{ text }} rlike '\\A(?:{{ pattern }})\\z'){%- endmacro %}

{# Smallest, all and joined members of lists of row ids: the identity of an exchange record. #}
{% macro smallest_of(list) -%}{{ return(adapter.dispatch('smallest_of', 'tieout')(list)) }}{%- endmacro %}
{% macro default__smallest_of(list) -%}list_min({{ list }}){%- endmacro %}
{% macro spark__smallest_of(list) -%}array_min({{ list }}){%- endmacro %}

{% macro all_of_lists(list, where='true') -%}
    {{ return(adapter.dispatch('all_of_lists', 'tieout')(list, where)) }}
{%- endmacro %}
{% macro default__all_of_lists(list, where) -%}
list_sort(list_distinct(flatten(list({{ list }}) filter (where {{ where }}))))
{%- endmacro %}
{% macro spark__all_of_lists(list, where) -%}
sort_array(array_distinct(flatten(collect_list({{ list }}) filter (where {{ where }}))))
{%- endmacro %}

{% macro array_of_row_ids() -%}{{ return(adapter.dispatch('array_of_row_ids', 'tieout')()) }}{%- endmacro %}
{% macro default__array_of_row_ids() -%}bigint[]{%- endmacro %}
{% macro spark__array_of_row_ids() -%}array<bigint>{%- endmacro %}

{# One row a member of a list. #}
{% macro each_of(list) -%}{{ return(adapter.dispatch('each_of', 'tieout')(list)) }}{%- endmacro %}
{% macro default__each_of(list) -%}unnest({{ list }}){%- endmacro %}
{% macro spark__each_of(list) -%}explode({{ list }}){%- endmacro %}
