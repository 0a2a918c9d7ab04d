-- Grain: payment, refund, lost dispute or applied credit × contract; what was billed and settled before a cut-over.
-- Why: money received for a contract without tax, less what was given back (accounting.md §6); a dispute that is open has
-- taken nothing yet. A credit brings what it takes from the customer's deposits: the contract's own were received before.

select contract_id, event_date, case when event_type = 'payment' then net_minor else -net_minor end as net_minor
from {{ ref('payment_events') }}
where event_type in ('payment', 'refund', 'dispute_lost') and contract_id != '(not linked)'

union all

select contract_id, moved_on as event_date, received_net_minor as net_minor
from {{ ref('deposits') }}
where contract_id != '(not linked)'

union all

select contract_id, as_of_date as event_date, amount_minor as net_minor
from {{ ref('opening_billings') }}
