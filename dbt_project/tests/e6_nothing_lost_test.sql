-- Catches: A source row or its money without a fate.
select * from {{ ref('tie_outs') }} where equation = 'E6' and not holds
