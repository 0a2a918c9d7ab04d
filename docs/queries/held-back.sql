-- Which contracts are held back, by which rules, and how much money waits for them?
-- One row a contract and currency. `revenue` is what the month of the cut lacks; where it is null, revenue_gap says why.
select
    held.contract_id,
    contracts.customer_id,
    held.fate,
    held.rules,
    held.currency,
    held.contracted,
    held.billed,
    held.period,
    held.revenue,
    held.revenue_gap,
    history.first_seen_as_of as since
from audit.held_back as held
left join marts.dim_contract as contracts using (contract_id)
left join (
    select contract_id, min(first_seen_as_of) as first_seen_as_of
    from audit.quarantine_history
    where is_open
    group by contract_id
) as history using (contract_id)
order by held.currency, held.contracted desc;
