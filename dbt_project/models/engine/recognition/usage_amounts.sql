-- Grain: usage event of a usage or drawdown line.
-- Why: usage beyond the allocated amount is contracted as it is earned, so it never sits in backlog (accounting.md §4);
-- both bookings and revenue read it here.

{{ usage_amounts(ref('line_allocations'), ref('accepted__fulfillments')) }}
