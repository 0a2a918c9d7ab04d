-- Grain: open period × entity × role × revenue category that something is posted to.
-- Why: the account of a role on the day of posting (accounting.md §8): the mapping that is valid then and says most, of the
-- revenue category before the entity before the role alone. What no row maps has no account, and the close stops.

with mappings as (

    select
        mappings.*,
        accounts.account_name,
        coalesce(mappings.valid_from, cast('1900-01-01' as date)) as from_day
    from {{ ref('exchange__account_mapping') }} as mappings
    inner join {{ ref('exchange__gl_accounts') }} as accounts on mappings.account_id = accounts.account_id
    where not mappings.has_conflict and mappings.parse_errors is null

),

asked as (

    select distinct
        postings.period_index,
        postings.entity_id,
        postings.account_role,
        coalesce(postings.revenue_category, '') as revenue_category,
        periods.cut_end as posting_date
    from {{ ref('journal_postings') }} as postings
    inner join {{ ref('periods') }} as periods on postings.period_index = periods.period_index

),

matched as (

    select
        asked.period_index,
        asked.entity_id,
        asked.account_role,
        asked.revenue_category,
        mappings.account_id,
        mappings.account_name,
        row_number() over (
            partition by asked.period_index, asked.entity_id, asked.account_role, asked.revenue_category
            order by
                case when mappings.revenue_category is not null then 0 else 1 end,
                case when mappings.entity_id is not null then 0 else 1 end,
                mappings.from_day desc,
                mappings.account_id
        ) as place
    from asked
    left join mappings
        on asked.account_role = mappings.role
        and asked.posting_date >= mappings.from_day
        and (mappings.revenue_category is null or mappings.revenue_category = asked.revenue_category)
        and (mappings.entity_id is null or mappings.entity_id = asked.entity_id)

)

select period_index, entity_id, account_role, revenue_category, account_id, account_name
from matched
where place = 1
