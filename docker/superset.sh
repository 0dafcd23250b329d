#!/bin/sh
# Superset shows the current release: wait for the first one, bring the dashboards in line, serve.
set -eu
until [ -e "$JJJ_CURRENT_WAREHOUSE" ]; do
    echo "no release yet: waiting for build_warehouse"
    sleep 15
done
python deploy.py
exec gunicorn --bind 0.0.0.0:8088 --workers 2 --worker-class gthread --threads 8 --timeout 120 --no-control-socket wsgi:app
