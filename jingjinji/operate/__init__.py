"""Running the warehouse: the chain, Airflow, Superset, the demo and the doctor."""
