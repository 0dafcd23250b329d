#!/bin/sh
# Once per start, before the servers: metadata database, login, dbt manifest, Superset's key and logins.
set -eu
mkdir -p "$AIRFLOW_HOME/dbt"
umask 077
python -c 'import json, os; json.dump({"admin": os.environ["JJJ_AIRFLOW_PASSWORD"]}, open(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"], "w"))'
airflow db migrate
dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project --target-path "$AIRFLOW_HOME/dbt"
python -c 'from jingjinji import paths; from jingjinji.operate import superset_site; superset_site.prepare(paths.home())'
