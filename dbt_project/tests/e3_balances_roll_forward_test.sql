-- Catches: A balance whose movements do not explain it.
select * from {{ ref('tie_outs') }} where equation = 'E3' and not holds
