"""Jing-Jin-Ji emergency data warehouse: land, build, check, release, export."""
