"""What `target` is while linting."""

database = "warehouse"
