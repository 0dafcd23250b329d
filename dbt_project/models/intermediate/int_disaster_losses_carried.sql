{{ carried_metrics(ref('int_disaster_losses_unpivoted'), ['region_code', 'event_id', 'unit_code']) }}
