-- Of the contracts that ended in a quarter, how many were renewed; and what did customers add, drop and cancel?
-- A contract ends on its last day, or the day before its cancellation. Rates are by number of contracts, money by currency
-- and quarter of posting. Usage is no expansion: it is booked as it is earned.
with ended as (
    select
        contracts.contract_id,
        contracts.entity_id,
        contracts.currency,
        coalesce(contracts.cancelled_date - 1, contracts.end_date) as last_day,
        exists (
            select 1 from marts.dim_contract as next where next.renewal_of = contracts.contract_id
        ) as is_renewed
    from marts.dim_contract as contracts
    cross join audit.runs as run
    where coalesce(contracts.cancelled_date - 1, contracts.end_date) <= run.as_of
),

renewals as (
    select
        entity_id,
        currency,
        year(last_day) || '-Q' || quarter(last_day) as quarter,
        count(*) as ended,
        count(*) filter (where is_renewed) as renewed
    from ended
    group by all
),

booked as (
    select
        facts.entity_id,
        facts.currency,
        year(periods.end_date) || '-Q' || quarter(periods.end_date) as quarter,
        coalesce(sum(facts.amount) filter (where facts.booking_type = 'new'), 0) as new_contracts,
        coalesce(sum(facts.amount) filter (where facts.booking_type = 'renewal'), 0) as renewals,
        coalesce(sum(facts.amount) filter (where facts.booking_type in ('expansion', 'extension')), 0) as expansions,
        coalesce(sum(facts.amount) filter (where facts.booking_type = 'contraction'), 0) as contractions,
        coalesce(sum(facts.amount) filter (where facts.booking_type = 'reprice'), 0) as repriced,
        coalesce(sum(facts.amount) filter (where facts.booking_type = 'cancellation'), 0) as cancellations
    from marts.fct_bookings as facts
    inner join marts.dim_period as periods using (period)
    group by all
)

select
    quarter,
    entity_id,
    currency,
    coalesce(renewals.ended, 0) as ended,
    coalesce(renewals.renewed, 0) as renewed,
    round(100.0 * renewals.renewed / renewals.ended, 1) as renewal_rate_percent,
    booked.new_contracts,
    booked.renewals,
    booked.expansions,
    booked.contractions,
    booked.repriced,
    booked.cancellations
from booked
full join renewals using (quarter, entity_id, currency)
order by quarter desc, entity_id, currency;
