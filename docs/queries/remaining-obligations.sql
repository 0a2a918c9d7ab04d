-- What is left to deliver that customers cannot walk away from, and by when?
-- RPO is backlog less what termination for convenience lets go; rpo_12m is cRPO.
select period, entity_id, currency, backlog, rpo, rpo_12m, rpo_24m, rpo_36m, rpo_beyond, rpo_exempt
from marts.rpt_rpo
order by period desc, entity_id, currency;
