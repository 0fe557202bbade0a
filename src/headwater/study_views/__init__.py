"""What the pages of a study show: results that stand, put together for a reader. Nothing here knows of requests."""
