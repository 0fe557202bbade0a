"""Studies and results on disk: reads and writes tables and rasters, and computes nothing."""
