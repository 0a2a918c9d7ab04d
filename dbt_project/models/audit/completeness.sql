-- Grain: object of a source system × currency as delivered.
-- Why: E6, nothing lost: every raw row in force has a fate, in rows and in money (architecture.md 12). What is
-- extracted is counted in the lake, apart from what became of it.

{% set fates = ['used', 'excluded', 'quarantined', 'held', 'later', 'unmapped'] %}

with raw_rows as (

    {%- for object in lake_objects() %}
    select
        '{{ object.system }}' as source_system,
        '{{ object.object }}' as source_object,
        _row_id as row_id,
        {% if object.currency_column -%}
        nullif(trim({{ object.currency_column }}), '') as currency,
        {%- else -%}
        cast(null as {{ dbt.type_string() }}) as currency,
        {%- endif %}
        {% if object.money_column -%}
        {{ raw_money(object.money_column) }} as amount
        {%- else -%}
        cast(0 as decimal(18, 3)) as amount
        {%- endif %}
    from {{ source('lake', object.system ~ '__' ~ object.object) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

extracted as (

    select
        source_system,
        source_object,
        currency,
        cast(count(*) as bigint) as rows_extracted,
        sum(amount) as amount_extracted
    from raw_rows
    group by source_system, source_object, currency

),

-- a row may stand behind records of several entities; the strongest use decides
row_fates as (

    select
        row_id,
        min(case fate
            when 'used' then 1 when 'excluded' then 2 when 'quarantined' then 3 when 'held' then 4 else 5
        end) as strength
    from {{ ref('accepted__row_fates') }}
    group by row_id

),

-- rows of a connector that no record stands on: a newer row of the same key took their place
superseded as (

    select distinct staged.row_id
    from (
        {%- for entity in staged_entities() %}
        {%- for model, system in staging_models(entity) %}
        select {{ each_of('source_rows') }} as row_id from {{ ref(model) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as staged
    left join row_fates on staged.row_id = row_fates.row_id
    where row_fates.row_id is null

),

-- where an object bears the name of the entity it becomes, its records' money is known, and so is the rounding
record_amounts as (

    select entity, row_id, amount from {{ ref('accepted__row_fates') }} where amount is not null

),

decided as (

    select
        raw_rows.source_system,
        raw_rows.source_object,
        raw_rows.currency,
        raw_rows.amount as raw_amount,
        coalesce(record_amounts.amount, raw_amount) as record_amount,
        case
            when row_fates.strength = 1 then 'used'
            when row_fates.strength = 2 then 'excluded'
            when row_fates.strength = 3 then 'quarantined'
            when row_fates.strength = 4 then 'held'
            when row_fates.strength = 5 then 'later'
            when superseded.row_id is not null then 'excluded'
            else 'unmapped'
        end as fate
    from raw_rows
    left join row_fates on raw_rows.row_id = row_fates.row_id
    left join superseded on raw_rows.row_id = superseded.row_id
    left join record_amounts
        on raw_rows.row_id = record_amounts.row_id
        and raw_rows.source_object = record_amounts.entity

),

by_fate as (

    select
        source_system,
        source_object,
        currency,
        {%- for fate in fates %}
        cast(sum(case when fate = '{{ fate }}' then 1 else 0 end) as bigint) as rows_{{ fate }},
        {%- endfor %}
        {%- for fate in fates %}
        sum(case when fate = '{{ fate }}' then {{ 'record_amount' if fate == 'used' else 'raw_amount' }} else 0 end)
            as amount_{{ fate }},
        {%- endfor %}
        sum(case when fate = 'used' then raw_amount - record_amount else 0 end) as amount_rounding
    from decided
    group by source_system, source_object, currency

),

final as (

    select
        extracted.source_system,
        extracted.source_object,
        extracted.currency,
        extracted.rows_extracted,
        {%- for fate in fates %}
        by_fate.rows_{{ fate }},
        {%- endfor %}
        cast(extracted.amount_extracted as decimal(18, 3)) as amount_extracted,
        {%- for fate in fates %}
        cast(by_fate.amount_{{ fate }} as decimal(18, 3)) as amount_{{ fate }},
        {%- endfor %}
        cast(by_fate.amount_rounding as decimal(18, 3)) as amount_rounding
    from extracted
    left join by_fate
        on extracted.source_system = by_fate.source_system
        and extracted.source_object = by_fate.source_object
        and extracted.currency is not distinct from by_fate.currency

)

select * from final
