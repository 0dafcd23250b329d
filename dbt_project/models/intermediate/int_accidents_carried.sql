{{ carried_metrics(ref('int_accidents_unpivoted'), ['region_code', 'accident_id', 'window_number']) }}
