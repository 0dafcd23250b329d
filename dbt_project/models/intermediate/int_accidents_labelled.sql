{{ figure_labels(ref('int_accidents_unpivoted'), ref('int_accidents_carried'), ['region_code', 'accident_id']) }}
