-- Grain: object of a source system × currency as delivered.
-- Why: E6, nothing lost: every raw row in force has a fate, in rows and in money (architecture.md 12). What is
-- extracted is counted in the lake, apart from what became of it.

with extracted as (

    {%- for object in lake_objects() %}
    select
        '{{ object.system }}' as source_system,
        '{{ object.object }}' as source_object,
        _currency as currency,
        cast(count(*) as bigint) as rows_extracted,
        cast(sum(coalesce(_amount, 0)) as decimal(38, 9)) as amount_extracted
    from {{ source('lake', object.system ~ '__' ~ object.object) }}
    group by _currency
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

by_fate as (

    select
        source_system,
        source_object,
        currency,
        {%- for fate in fates() %}
        cast(sum(case when fate = '{{ fate }}' then 1 else 0 end) as bigint) as rows_{{ fate }},
        {%- endfor %}
        {%- for fate in fates() %}
        sum(
            case when money_fate = '{{ fate }}' then amount else 0 end
            {%- if loop.first %}
            - difference
            {%- else %}
            + case when difference_fate = '{{ fate }}' then difference else 0 end
            {%- endif %}
        ) as amount_{{ fate }},
        {%- endfor %}
        sum(case when difference_fate = 'rounding' then difference else 0 end) as amount_rounding
    from {{ ref('accepted__raw_rows') }}
    group by source_system, source_object, currency

),

final as (

    select
        extracted.source_system,
        extracted.source_object,
        extracted.currency,
        extracted.rows_extracted,
        {%- for fate in fates() %}
        by_fate.rows_{{ fate }},
        {%- endfor %}
        extracted.amount_extracted,
        {%- for fate in fates() %}
        cast(by_fate.amount_{{ fate }} as decimal(38, 9)) as amount_{{ fate }},
        {%- endfor %}
        cast(by_fate.amount_rounding as decimal(38, 9)) as amount_rounding
    from extracted
    left join by_fate
        on extracted.source_system = by_fate.source_system
        and extracted.source_object = by_fate.source_object
        and extracted.currency is not distinct from by_fate.currency

)

select * from final
