-- What was booked in each month, by kind of booking?
-- Sums to rpt_bbb.bookings. `reallocation` moves money between the lines of a contract and adds up to 0 over them.
select
    period,
    entity_id,
    currency,
    booking_type,
    count(distinct contract_id) as contracts,
    sum(amount) as amount
from marts.fct_bookings
group by all
order by period desc, entity_id, currency, booking_type;
