"""Finding photos in a folder and preparing them for a comparer."""
