-- How did deferred revenue move in each month?
-- One row a movement: opening + all others = closing, and closing is rpt_bbb.deferred_revenue. `reclassification` is what
-- changes sides: a contract that owed service and is now owed money stands in contract_asset.
select period, entity_id, currency, movement, amount
from marts.rpt_rollforward
where balance = 'deferred_revenue'
order by
    period desc,
    entity_id,
    currency,
    case movement when 'opening' then 1 when 'closing' then 3 else 2 end,
    movement;
