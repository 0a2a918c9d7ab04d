-- Catches: A contract whose lines do not share exactly its price.
select * from {{ ref('tie_outs') }} where equation = 'E4' and not holds
