-- Grain: row of audit.tie_outs.
-- Why: E6, per source object rows and money extracted = used + excluded + quarantined + held + later + unmapped + rounding.
-- What a record's amount differs from its row by a minor unit or more is no rounding: it is missing in the sum, and
-- the first such rows of an object are named, because two of them may cancel out. Money stays in its currency. And no
-- record comes from nowhere: it stands on rows that are there, and where a system's money becomes its entity, on rows
-- of that money.

{% set named_rows = 20 %}

with unexplained as (

    select
        *,
        row_number() over (
            partition by source_system, source_object order by abs(difference) desc, row_id
        ) as place
    from {{ ref('accepted__raw_rows') }}
    where difference_fate = 'unexplained'

),

-- money out of nothing: a record must stand on rows that are there
baseless as (

    {%- for entity in staged_entities() %}
    select
        '{{ entity }}' as entity,
        cast(count(*) as bigint) as records
    from {{ ref('exchange__' ~ entity) }}
    where source_row is null
    union all
    {%- endfor %}
    select
        row_fates.entity,
        cast(count(distinct row_fates.record_key) as bigint) as records
    from {{ ref('accepted__row_fates') }} as row_fates
    left join {{ ref('accepted__raw_rows') }} as raw_rows on row_fates.row_id = raw_rows.row_id
    where raw_rows.row_id is null
    group by row_fates.entity

),

-- money in another currency than its row names
exchanged as (

    select
        *,
        row_number() over (partition by source_system, source_object order by abs(amount) desc, row_id) as place
    from {{ ref('accepted__raw_rows') }}
    where record_currency is not null and amount != 0

),

signs as (

    {%- for object in lake_objects() %}
    {%- for followed in object.becomes %}
    select '{{ object.system }}' as source_system, '{{ object.object }}' as source_object, '{{ followed }}' as entity
    union all
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as source_object,
        cast(null as {{ dbt.type_string() }}) as entity
    where false

),

-- used money of an entity that its system's money becomes
followed_money as (

    select
        raw_rows.source_system,
        row_fates.entity,
        row_fates.record_key,
        row_fates.amount,
        signs.entity is not null as is_followed
    from {{ ref('accepted__row_fates') }} as row_fates
    inner join {{ ref('accepted__raw_rows') }} as raw_rows on row_fates.row_id = raw_rows.row_id
    inner join (select distinct source_system, entity from signs) as followed
        on raw_rows.source_system = followed.source_system
        and row_fates.entity = followed.entity
    left join signs
        on raw_rows.source_system = signs.source_system
        and raw_rows.source_object = signs.source_object
        and row_fates.entity = signs.entity
    where row_fates.fate = 'used' and row_fates.amount != 0

),

-- all of it on rows of objects of which nothing is said; that is asked of records with such a row, which are few
unfollowed as (

    select
        money.source_system,
        money.entity,
        money.record_key,
        max(money.amount) as amount
    from followed_money as money
    inner join (select distinct source_system, entity, record_key from followed_money where not is_followed) as asked
        on money.source_system = asked.source_system
        and money.entity = asked.entity
        and money.record_key = asked.record_key
    group by money.source_system, money.entity, money.record_key
    having max(case when money.is_followed then 1 else 0 end) = 0

),

unfollowed_named as (

    select
        *,
        row_number() over (partition by source_system, entity order by abs(amount) desc, record_key) as place
    from unfollowed

),

compared as (

    select
        source_system || '.' || source_object || ' rows' as scope,
        coalesce(currency, 'no currency') as item,
        cast(rows_extracted as decimal(38, 9)) as expected,
        cast(
            rows_used + rows_excluded + rows_quarantined + rows_held + rows_later + rows_unmapped as decimal(38, 9)
        ) as actual
    from {{ ref('completeness') }}

    union all

    select
        source_system || '.' || source_object || ' money in ' || coalesce(currency, 'no currency') as scope,
        'all rows' as item,
        amount_extracted as expected,
        cast(
            amount_used + amount_excluded + amount_quarantined + amount_held + amount_later + amount_unmapped
            + amount_rounding as decimal(38, 9)
        ) as actual
    from {{ ref('completeness') }}

    union all

    select
        entity || ' records without a source row' as scope,
        'all records' as item,
        cast(0 as decimal(38, 9)) as expected,
        cast(sum(records) as decimal(38, 9)) as actual
    from baseless
    group by entity

    union all

    select
        unexplained.source_system || '.' || unexplained.source_object || ' money against its records' as scope,
        files.path || ' row ' || cast({{ row_of_file('unexplained.row_id') }} as {{ dbt.type_string() }}) as item,
        unexplained.raw_amount as expected,
        unexplained.record_amount as actual
    from unexplained
    {{ source_join('unexplained.row_id') }}
    where unexplained.place <= {{ named_rows }}

    union all

    select
        exchanged.source_system || '.' || exchanged.source_object || ' money in ' || exchanged.currency
        || ' that became ' || exchanged.record_currency as scope,
        files.path || ' row ' || cast({{ row_of_file('exchanged.row_id') }} as {{ dbt.type_string() }}) as item,
        exchanged.amount as expected,
        cast(0 as decimal(38, 9)) as actual
    from exchanged
    {{ source_join('exchanged.row_id') }}
    where exchanged.place <= {{ named_rows }}

    union all

    select
        source_system || ' ' || entity || ' on rows whose money does not become ' || entity as scope,
        record_key as item,
        cast(0 as decimal(38, 9)) as expected,
        cast(amount as decimal(38, 9)) as actual
    from unfollowed_named
    where place <= {{ named_rows }}

)

{{ tie_out('E6', 'compared', ['scope']) }}
