-- How did backlog get from the end of one month to the end of the next, and why?
-- opening + every cause = closing, and closing is rpt_bbb.backlog.
select
    period,
    entity_id,
    currency,
    coalesce(sum(amount) filter (where cause = 'opening'), 0) as opening,
    coalesce(sum(amount) filter (where cause = 'new'), 0) as new_business,
    coalesce(sum(amount) filter (where cause = 'renewal'), 0) as renewals,
    coalesce(sum(amount) filter (where cause in ('expansion', 'extension')), 0) as expansion,
    coalesce(sum(amount) filter (where cause in ('contraction', 'reprice')), 0) as contraction_and_reprice,
    coalesce(sum(amount) filter (where cause = 'cancellation'), 0) as cancellations,
    coalesce(sum(amount) filter (where cause in ('usage', 'reallocation')), 0) as usage_and_shifts,
    coalesce(sum(amount) filter (where cause = 'revenue'), 0) as revenue,
    coalesce(sum(amount) filter (where cause = 'prior_period'), 0) as prior_period,
    coalesce(sum(amount) filter (where cause = 'closing'), 0) as closing
from marts.rpt_backlog_bridge
group by all
order by period desc, entity_id, currency;
