-- How did backlog get from the end of one month to the end of the next?
-- opening + every movement = closing, and closing is rpt_bbb.backlog.
select
    period,
    entity_id,
    currency,
    coalesce(sum(amount) filter (where movement = 'opening'), 0) as opening,
    coalesce(sum(amount) filter (where movement = 'bookings'), 0) as bookings,
    coalesce(sum(amount) filter (where movement = 'amendments'), 0) as amendments,
    coalesce(sum(amount) filter (where movement = 'cancellations'), 0) as cancellations,
    coalesce(sum(amount) filter (where movement = 'revenue'), 0) as revenue,
    coalesce(sum(amount) filter (where movement = 'prior_period'), 0) as prior_period,
    coalesce(sum(amount) filter (where movement = 'closing'), 0) as closing
from marts.rpt_rollforward
where balance = 'backlog'
group by all
order by period desc, entity_id, currency;
