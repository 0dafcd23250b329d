"""What `flags` says while linting: an ordinary run."""

FULL_REFRESH = False
