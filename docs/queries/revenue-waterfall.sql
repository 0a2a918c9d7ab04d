-- In which quarter is (or will be) earned what was signed in each quarter?
-- Posted revenue sums to rpt_bbb.revenue; `scheduled` is what is still to be earned after the last day counted.
select
    entity_id,
    currency,
    left(booking_period, 4) || '-Q' || cast(ceil(cast(right(booking_period, 2) as integer) / 3) as integer) as booked_in,
    left(recognition_period, 4) || '-Q'
    || cast(ceil(cast(right(recognition_period, 2) as integer) / 3) as integer) as earned_in,
    coalesce(sum(amount) filter (where not is_scheduled), 0) as posted,
    coalesce(sum(amount) filter (where is_scheduled), 0) as scheduled
from marts.rpt_revenue_waterfall
group by all
order by entity_id, currency, booked_in, earned_in;
