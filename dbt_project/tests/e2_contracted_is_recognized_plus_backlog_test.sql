-- Catches: A line whose backlog is not what is contracted less what is recognized.
select * from {{ ref('tie_outs') }} where equation = 'E2' and not holds
