-- Catches: Backlog and contract balances that tell two stories.
select * from {{ ref('tie_outs') }} where equation = 'E7' and not holds
