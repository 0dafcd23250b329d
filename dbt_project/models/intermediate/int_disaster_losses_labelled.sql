{{ figure_labels(ref('int_disaster_losses_unpivoted'), ref('int_disaster_losses_carried'), ['region_code', 'event_id', 'unit_code']) }}
