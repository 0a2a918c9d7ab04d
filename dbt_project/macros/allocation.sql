{# Allocation of a transaction price (accounting.md §3.2–3.4). Used twice on purpose: before the gate on all
   lines, so that a group that can't be priced is refused by name, and after it on the accepted ones. #}

{# Relation of engine.contract_line_terms rows -> one row an allocation group:
     pool_minor          Σ stated amounts and what is estimated beside them, discounts included
     other_ssp_minor     Σ SSP of the lines that are neither residual nor without a fixed amount
     residual_ssp_minor  what is left of the pool for the residual line, not below 0
     stated_minor        Σ stated amounts of the lines that are no discounts: the basis where Σ SSP is 0 #}
{% macro allocation_groups(relation) %}
    select
        accounting_contract_id,
        allocation_group,
        cast(sum(price_minor) as bigint) as pool_minor,
        cast(sum(case when is_residual or is_unpriced then 0 else ssp_minor end) as bigint) as other_ssp_minor,
        cast(greatest(sum(price_minor) - sum(case when is_residual or is_unpriced then 0 else ssp_minor end), 0) as bigint)
            as residual_ssp_minor,
        cast(sum(case when is_discount then 0 else amount_minor end) as bigint) as stated_minor,
        cast(sum(case when is_residual then 1 else 0 end) as bigint) as residual_lines,
        cast(sum(case when is_discount or is_unpriced then 0 else 1 end) as bigint) as priced_lines,
        count(*) as group_lines
    from {{ relation }}
    group by accounting_contract_id, allocation_group
{% endmacro %}

{# A line's part of a price, of which through_line is the weight of the lines up to it and weight its own: cumulatively
   rounded; a negative whole flips both signs (accounting.md §3.2). #}
{% macro part_of_price(price, weight, through_line, whole) -%}
    {{ prorate(
        price, '(case when ' ~ whole ~ ' < 0 then -' ~ through_line ~ ' else ' ~ through_line ~ ' end)', 'abs(' ~ whole ~ ')'
    ) }}
    - {{ prorate(
        price,
        '(case when ' ~ whole ~ ' < 0 then ' ~ weight ~ ' - ' ~ through_line ~ ' else ' ~ through_line ~ ' - ' ~ weight ~ ' end)',
        'abs(' ~ whole ~ ')'
    ) }}
{%- endmacro %}
