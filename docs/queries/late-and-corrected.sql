-- Which closed months were adjusted later, in which month, by how much, and why?
select
    'bookings' as measure,
    period as posted_in,
    original_period,
    cause,
    entity_id,
    currency,
    contract_id,
    sum(amount) as amount
from marts.fct_bookings
where is_prior_period
group by all
union all
select 'billings', period, original_period, cause, entity_id, currency, contract_id, sum(amount)
from marts.fct_billings
where is_prior_period
group by all
union all
select 'revenue', period, original_period, cause, entity_id, currency, contract_id, sum(amount)
from marts.fct_recognized_revenue
where is_prior_period
group by all
order by posted_in desc, original_period, measure, contract_id;
