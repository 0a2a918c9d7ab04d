-- Which rows of which files stand behind a revenue figure?
-- Here: the largest revenue of one contract in the last closed month. Put your own condition into `figure`.
with figure as (
    select facts.period, facts.entity_id, facts.currency, facts.contract_id
    from marts.fct_recognized_revenue as facts
    inner join audit.runs as run on facts.period = run.last_closed_period
    group by all
    order by abs(sum(facts.amount)) desc, facts.contract_id
    limit 1
)

select
    facts.period,
    facts.contract_id,
    facts.contract_line_id,
    facts.original_period,
    facts.currency,
    facts.amount,
    lineage.entity,
    lineage.record_key,
    lineage.source_file,
    lineage.source_row,
    lineage.file_sha256
from figure
inner join marts.fct_recognized_revenue as facts using (period, entity_id, currency, contract_id)
left join audit.lineage as lineage
    on facts.posting_id = lineage.fact_key and lineage.fact_table = 'fct_recognized_revenue'
order by facts.contract_line_id, facts.original_period, lineage.entity, lineage.record_key;
