"""What dbt knows of the project while it runs; a linter knows of nothing."""

nodes: dict[str, object] = {}
