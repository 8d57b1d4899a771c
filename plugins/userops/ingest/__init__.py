"""From landing folder to raw tables: list, check, split, stage, judge, load."""
