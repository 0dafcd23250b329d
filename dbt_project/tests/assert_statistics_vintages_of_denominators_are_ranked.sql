-- Warns only: a new vintage is no fault of the sender and must not stop a release. Until it has a line in
-- ref_indicator_vintages.csv, no indicator is computed on it.
{{ config(severity='warn') }}

select distinct
    statistics.statistic_code,
    statistics.vintage
from {{ ref('fct_statistics') }} as statistics
inner join {{ ref('dim_indicators') }} as indicators on statistics.statistic_code = indicators.denominator_statistic
left join {{ ref('ref_indicator_vintages') }} as vintages
    on statistics.statistic_code = vintages.statistic_code and statistics.vintage = vintages.vintage
where vintages.vintage is null
