-- Catches: A published file that is no longer what its manifest says.
select * from {{ ref('tie_outs') }} where equation = 'E8' and not holds
