#!/bin/sh
# A database of its own for Superset's metadata; PostgreSQL runs this when its volume is new.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SUPERSET_DB_PASSWORD" --username "$POSTGRES_USER" <<'SQL'
create role superset login password :'password';
create database superset owner superset;
SQL
