-- Catches: Revenue that is neither past, scheduled nor listed as unscheduled has been lost or invented.
select * from {{ ref('tie_outs') }} where equation = 'E1' and not holds
