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

by_row as (

    select row_id, min(strength) as strength from row_fates group by row_id

),

money_records as (

    select
        raw_rows.row_id,
        row_fates.strength,
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
        row_fates.entity,
        case when not row_fates.is_alone then row_fates.record_key end as shared_key
    from row_fates
    inner join raw_rows on row_fates.row_id = raw_rows.row_id
    inner join signs
        on raw_rows.source_system = signs.source_system
        and raw_rows.source_object = signs.source_object
        and row_fates.entity = signs.entity
    left join {{ ref('exchange__currencies') }} as known on upper(raw_rows.currency) = known.currency

),

-- the first row of each record; a window over all of them took half of this model's time
record_rows as (

    select
        row_id, strength, used_amount, other_amount, other_currency, source_system, source_object,
        row_id as record_row
    from money_records
    where shared_key is null

    union all

    select
        row_id, strength, used_amount, other_amount, other_currency, source_system, source_object,
        min(row_id) over (partition by source_system, source_object, entity, shared_key) as record_row
    from money_records
    where shared_key is not null

),

money_by_row as (

    select
        row_id,
        min(strength) as strength,
        max(strength) as weakest,
        min(record_row) as nearest_row,
        min(other_currency) as other_currency,
        cast(coalesce(sum(case when record_row = row_id then used_amount end), 0) as decimal(28, 9)) as used_amount,
        cast(coalesce(sum(case when record_row = row_id then other_amount end), 0) as decimal(28, 9)) as other_amount
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
    inner join money_by_row as first_rows on record_rows.record_row = first_rows.row_id
    inner join money_by_row as other_rows on record_rows.row_id = other_rows.row_id
    -- as a difference, because DuckDB takes a comparison of two tables for a join and pairs all their rows first
    where record_rows.record_row != record_rows.row_id and first_rows.nearest_row - other_rows.nearest_row != 0

),

tied_rows as (

    select tied_row, min(tied_row) over (partition by source_system, source_object) as group_row
    from (
        select source_system, source_object, one_row as tied_row from ties
        union
        select source_system, source_object, other_row as tied_row from ties
    ) as tied

),

grouped as (

    select money_by_row.*, coalesce(tied_rows.group_row, money_by_row.nearest_row) as group_row
    from money_by_row
    left join tied_rows on money_by_row.nearest_row = tied_rows.tied_row

),

compared as (

    select
        money_by_row.group_row,
        cast(sum(raw_rows.amount) as decimal(38, 9)) as raw_amount,
        cast(sum(money_by_row.used_amount) as decimal(38, 9)) as record_amount,
        cast(sum(money_by_row.other_amount) as decimal(38, 9)) as other_amount,
        count(*) as compared_rows,
        max(money_by_row.weakest) as weakest,
        min(case currencies.exponent when 0 then 1.000 when 2 then 0.010 else 0.001 end) as minor_unit
    from grouped as money_by_row
    inner join raw_rows on money_by_row.row_id = raw_rows.row_id
    left join {{ ref('exchange__currencies') }} as currencies on raw_rows.currency = currencies.currency
    where money_by_row.strength = 1
    group by money_by_row.group_row

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

-- rows of a connector that no record stands on: a newer row of the same key took their place
superseded as (

    select distinct staged.row_id
    from staged
    left join by_row on staged.row_id = by_row.row_id
    where by_row.row_id is null

),

money_superseded as (

    select distinct staged.row_id
    from staged
    inner join raw_rows on staged.row_id = raw_rows.row_id
    inner join signs
        on raw_rows.source_system = signs.source_system
        and raw_rows.source_object = signs.source_object
        and staged.entity = signs.entity
    left join money_by_row on staged.row_id = money_by_row.row_id
    where money_by_row.row_id is null

),

decided as (

    select
        raw_rows.*,
        coalesce(
            {{ fate_of_strength('by_row.strength') }},
            case when superseded.row_id is not null then 'excluded' else 'unmapped' end
        ) as fate,
        coalesce(
            {{ fate_of_strength('money_by_row.strength') }},
            case when money_superseded.row_id is not null then 'excluded' else 'unmapped' end
        ) as followed_fate,
        money_by_row.other_currency as record_currency
    from raw_rows
    left join by_row on raw_rows.row_id = by_row.row_id
    left join superseded on raw_rows.row_id = superseded.row_id
    left join money_by_row on raw_rows.row_id = money_by_row.row_id
    left join money_superseded on raw_rows.row_id = money_superseded.row_id

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
