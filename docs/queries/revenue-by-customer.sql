-- What did each customer earn us in a month, apart from what belongs to months before it?
-- Sums to rpt_bbb.revenue: `current_month` + `prior_months` is what the month's report says.
select
    facts.period,
    facts.entity_id,
    facts.currency,
    facts.customer_id,
    customers.customer_name,
    customers.segment,
    coalesce(sum(facts.amount) filter (where not facts.is_prior_period), 0) as current_month,
    coalesce(sum(facts.amount) filter (where facts.is_prior_period), 0) as prior_months,
    sum(facts.amount) as revenue
from marts.fct_recognized_revenue as facts
left join marts.dim_customer as customers using (customer_id)
group by all
order by facts.period desc, facts.entity_id, facts.currency, revenue desc;
