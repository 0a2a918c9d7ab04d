-- Of what is still to be delivered, how much is invoiced already, and how much of the contract is not invoiced yet?
-- billed_backlog + unbilled_backlog = rpt_bbb.backlog. `not_yet_billed` = contracted − billed is something else: it also
-- has what is earned and not invoiced.
select
    facts.period,
    facts.entity_id,
    facts.currency,
    sum(facts.contracted) as contracted,
    sum(facts.billed) as billed,
    sum(facts.recognized) as recognized,
    sum(facts.backlog) as backlog,
    sum(facts.billed_backlog) as billed_backlog,
    sum(facts.unbilled_backlog) as unbilled_backlog,
    sum(facts.contracted - facts.billed) as not_yet_billed
from marts.fct_backlog as facts
group by all
order by facts.period desc, facts.entity_id, facts.currency;
