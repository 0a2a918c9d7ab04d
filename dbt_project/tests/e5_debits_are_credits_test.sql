-- Catches: A journal whose debits are not its credits, and a posting that does not move what the roll-forward says.
select * from {{ ref('tie_outs') }} where equation = 'E3' and not holds
