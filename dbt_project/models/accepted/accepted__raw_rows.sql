-- Grain: raw row in force, of any object of the enabled connectors.
-- Why: nothing is lost (E6). The fate of a row is the strongest of all records that stand on it. The fate of its money
-- is that of the records its object declares that it `becomes`; where it declares none, the row's own. A row whose
-- money should become something and became nothing is unmapped in money, also where a customer was made of it.
--
-- A record may stand on many rows (a header on its lines), and a row behind many records: rows and records that share
-- one are compared as a group (groups of an object that a further record ties together are one), and what they differ
-- stands on the group's first row:
--   rounding     less than a minor unit of its currency a row (where no currency is named, nothing may be rounded)
--   a fate       that part of the row's money is in records with that fate
--   unexplained  neither: the connector gives another amount than the row states, and E6 does not hold
-- Where a row names its currency and its used records have another one, that one is in record_currency.

{% set objects = lake_objects() %}
{% set ns = namespace(signs=[], entities=[]) %}
{% for object in objects %}
    {% for entity, sign in object.becomes.items() %}
        {% set ns.signs = ns.signs + [[object.system, object.object, entity, sign]] %}
    {% endfor %}
{% endfor %}

with raw_rows as (

    {%- for object in objects %}
    select
        '{{ object.system }}' as source_system,
        '{{ object.object }}' as source_object,
        _row_id as row_id,
        _currency as currency,
        coalesce(_amount, 0) as amount,
        {{ 'true' if object.becomes else 'false' }} as is_followed,
        {{ 'true' if object.has_currency else 'false' }} as has_currency
    from {{ source('lake', object.system ~ '__' ~ object.object) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

signs as (

    {%- for system, object, entity, sign in ns.signs %}
    select '{{ system }}' as source_system, '{{ object }}' as source_object, '{{ entity }}' as entity, {{ sign }} as sign
    union all
    {%- endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as source_object,
        cast(null as {{ dbt.type_string() }}) as entity,
        cast(null as integer) as sign
    where false

),

row_fates as (

    select *, {{ fate_strength('fate') }} as strength from {{ ref('accepted__row_fates') }}

),

staged as (
    {% for entity in staged_entities() %}
    {%- for model, system in staging_models(entity) %}
    select '{{ entity }}' as entity, {{ each_of('source_rows') }} as row_id from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- signs.entity: what the record says is what its object's money becomes
records as (

    select
        row_fates.row_id,
        row_fates.strength,
        signs.entity is not null as is_money,
        case
            when row_fates.strength = 1
                then cast(case when signs.sign < 0 then -row_fates.amount else row_fates.amount end as decimal(28, 9))
        end as used_amount,
        case
            when row_fates.strength > 1
                then cast(case when signs.sign < 0 then -row_fates.amount else row_fates.amount end as decimal(28, 9))
        end as other_amount,
        case
            when row_fates.strength = 1 and raw_rows.has_currency and row_fates.amount != 0
                and row_fates.currency != upper(raw_rows.currency) and known.currency is not null
                then row_fates.currency
        end as other_currency,
        signs.source_system,
        signs.source_object,
        signs.entity,
        case when not row_fates.is_alone then row_fates.record_key end as shared_key
    from row_fates
    inner join raw_rows on row_fates.row_id = raw_rows.row_id
    left join signs
        on raw_rows.source_system = signs.source_system
        and raw_rows.source_object = signs.source_object
        and row_fates.entity = signs.entity
    left join {{ ref('exchange__currencies') }} as known on upper(raw_rows.currency) = known.currency

),

-- the first row of each record; a window over all of them took half of this model's time
record_rows as (

    select
        row_id, strength, is_money, used_amount, other_amount, other_currency, source_system, source_object,
        row_id as record_row
    from records
    where shared_key is null or not is_money

    union all

    select
        row_id, strength, is_money, used_amount, other_amount, other_currency, source_system, source_object,
        min(row_id) over (partition by source_system, source_object, entity, shared_key) as record_row
    from records
    where shared_key is not null and is_money

),

by_row as (

    select
        row_id,
        min(strength) as strength,
        min(case when is_money then strength end) as money_strength,
        max(case when is_money then strength end) as weakest,
        min(case when is_money then record_row end) as nearest_row,
        min(case when is_money then other_currency end) as other_currency,
        cast(coalesce(sum(case when is_money and record_row = row_id then used_amount end), 0) as decimal(28, 9)) as used_amount,
        cast(coalesce(sum(case when is_money and record_row = row_id then other_amount end), 0) as decimal(28, 9)) as other_amount
    from record_rows
    group by row_id

),

-- a record of several rows whose nearest rows differ ties their groups together
ties as (

    select
        record_rows.source_system,
        record_rows.source_object,
        first_rows.nearest_row as one_row,
        other_rows.nearest_row as other_row
    from record_rows
    inner join by_row as first_rows on record_rows.record_row = first_rows.row_id
    inner join by_row as other_rows on record_rows.row_id = other_rows.row_id
    -- as a difference, because DuckDB takes a comparison of two tables for a join and pairs all their rows first
    where record_rows.is_money and record_rows.record_row != record_rows.row_id and first_rows.nearest_row - other_rows.nearest_row != 0

),

tied_rows as (

    select tied_row, min(tied_row) over (partition by source_system, source_object) as group_row
    from (
        select source_system, source_object, one_row as tied_row from ties
        union
        select source_system, source_object, other_row as tied_row from ties
    ) as tied

),

fated as (

    select
        raw_rows.*,
        by_row.strength,
        by_row.money_strength,
        by_row.weakest,
        by_row.nearest_row,
        by_row.used_amount,
        by_row.other_amount,
        by_row.other_currency as record_currency
    from raw_rows
    left join by_row on raw_rows.row_id = by_row.row_id

),

grouped as (

    select fated.*, coalesce(tied_rows.group_row, fated.nearest_row) as group_row
    from fated
    left join tied_rows on fated.nearest_row = tied_rows.tied_row
    where fated.money_strength = 1

),

-- most rows are a group of their own, and agree with their record: they need no sum
shared_groups as (

    select distinct group_row from grouped where group_row != row_id

),

compared as (

    select
        grouped.group_row,
        cast(sum(grouped.amount) as decimal(38, 9)) as raw_amount,
        cast(sum(grouped.used_amount) as decimal(38, 9)) as record_amount,
        cast(sum(grouped.other_amount) as decimal(38, 9)) as other_amount,
        count(*) as compared_rows,
        max(grouped.weakest) as weakest,
        min(case currencies.exponent when 0 then 1.000 when 2 then 0.010 else 0.001 end) as minor_unit
    from grouped
    left join shared_groups on grouped.group_row = shared_groups.group_row
    left join {{ ref('exchange__currencies') }} as currencies on grouped.currency = currencies.currency
    where shared_groups.group_row is not null or grouped.amount != grouped.used_amount
    group by grouped.group_row

),

differing as (

    select
        group_row,
        raw_amount,
        record_amount,
        cast(raw_amount - record_amount as decimal(38, 9)) as difference,
        case
            when abs(raw_amount - record_amount) < compared_rows * minor_unit then 'rounding'
            when weakest > 1 and abs(raw_amount - record_amount - other_amount) < compared_rows * minor_unit
                then {{ fate_of_strength('weakest') }}
            else 'unexplained'
        end as difference_fate
    from compared
    where raw_amount != record_amount

),

-- rows of a connector that no record stands on, or none that money becomes: a newer row of the same key took their place
superseded as (

    select fated.row_id, max(case when signs.entity is not null then 1 else 0 end) = 1 as is_money
    from fated
    inner join staged on fated.row_id = staged.row_id
    left join signs
        on fated.source_system = signs.source_system
        and fated.source_object = signs.source_object
        and staged.entity = signs.entity
    where fated.strength is null or fated.is_followed and fated.money_strength is null
    group by fated.row_id

),

decided as (

    select
        fated.*,
        coalesce(
            {{ fate_of_strength('fated.strength') }},
            case when superseded.row_id is not null then 'excluded' else 'unmapped' end
        ) as fate,
        coalesce(
            {{ fate_of_strength('fated.money_strength') }},
            case when superseded.is_money then 'excluded' else 'unmapped' end
        ) as followed_fate
    from fated
    left join superseded on fated.row_id = superseded.row_id

),

final as (

    select
        decided.source_system,
        decided.source_object,
        decided.row_id,
        decided.currency,
        decided.amount,
        decided.fate,
        decided.record_currency,
        case when decided.is_followed then decided.followed_fate else decided.fate end as money_fate,
        differing.raw_amount,
        differing.record_amount,
        coalesce(differing.difference, 0) as difference,
        differing.difference_fate
    from decided
    left join differing on decided.row_id = differing.group_row

)

select * from final
