-- Grain: set of dimensions × open period, and the opening (period_index of the last close).
-- Why: stock = frozen + posted, for every measure at once; held contracts and moved dimensions need no special case. What
-- belongs to no contract is in no position but the customer's deposits (accounting.md §6).

with openings as (

    select
        dimensions.dimension_id,
        frozen.measure,
        cast((select count(*) from {{ ref('periods') }} where is_closed) as integer) as period_index,
        frozen.amount_minor,
        frozen.tax_minor
    from {{ source('frozen', 'position_totals') }} as frozen
    inner join {{ ref('dimension_sets') }} as dimensions
        on frozen.contract_line_id = dimensions.contract_line_id
        {% for column in dimension_columns() if column != 'contract_line_id' -%}
        and frozen.{{ column }} = dimensions.{{ column }}
        {% endfor %}

)

select
    combined.dimension_id,
    combined.period_index,
    cast(sum(case when measure = 'contracted' then amount_minor else 0 end) as bigint) as contracted_minor,
    cast(sum(case when measure in ('billed', 'not_yet_counted') then amount_minor else 0 end) as bigint) as billed_minor,
    cast(sum(case when measure in ('billed', 'not_yet_counted') then tax_minor else 0 end) as bigint) as tax_minor,
    cast(sum(case when measure = 'recognized' then amount_minor else 0 end) as bigint) as recognized_minor,
    cast(sum(case when measure = 'paid' then amount_minor else 0 end) as bigint) as paid_minor,
    cast(sum(case when measure = 'deposited' then amount_minor else 0 end) as bigint) as deposited_minor,
    cast(sum(case when measure = 'bad_debt' then amount_minor + tax_minor else 0 end) as bigint) as bad_debt_minor
from (
    select dimension_id, measure, period_index, amount_minor, tax_minor from openings
    union all
    select dimension_id, measure, period_index, amount_minor, tax_minor from {{ ref('posted') }}
) as combined
inner join {{ ref('dimension_sets') }} as dimensions on combined.dimension_id = dimensions.dimension_id
where dimensions.contract_id != '(not linked)' or combined.measure = 'deposited'
group by combined.dimension_id, combined.period_index
