"""Measured comparisons: uploading next to other tools, and a library sorted from start to finish."""
