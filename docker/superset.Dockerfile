# Superset needs SQLAlchemy 1.4 and so an image of its own; duckdb is the platform's version.
FROM python:3.11-slim
WORKDIR /opt/jingjinji
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements/superset.txt
COPY superset superset
COPY dbt_project dbt_project
COPY feeds feeds
RUN useradd --create-home --uid 50000 jingjinji && mkdir /var/jingjinji && chown jingjinji /var/jingjinji
USER jingjinji
