# Airflow with Celery, dbt, Great Expectations and the package itself, from the same lock files as `make setup`.
FROM python:3.11-slim
WORKDIR /opt/jingjinji
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements/platform.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements/server.txt
COPY . .
RUN uv pip install --system --no-cache --no-deps --no-build-isolation -e . \
    && useradd --create-home --uid 50000 jingjinji && mkdir /var/jingjinji && chown jingjinji /var/jingjinji
USER jingjinji
