-- How far is what is known now of each month from what was published for it?
-- `published` never changes. `known_now` puts late data and corrections where they belong; the difference was posted in
-- the months after it. Over all months both have the same total.
with published as (
    select period, entity_id, currency, sum(amount) as published
    from marts.fct_recognized_revenue
    group by all
),

known_now as (
    select original_period as period, entity_id, currency, sum(amount) as known_now
    from marts.fct_recognized_revenue
    group by all
)

select
    period,
    entity_id,
    currency,
    coalesce(published, 0) as published,
    coalesce(known_now, 0) as known_now,
    coalesce(known_now, 0) - coalesce(published, 0) as difference
from published
full join known_now using (period, entity_id, currency)
order by period desc, entity_id, currency;
