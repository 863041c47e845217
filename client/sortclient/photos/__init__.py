"""Finding photos in a folder and preparing them for a comparer."""

# Raised with each change of what is taken for a photo, or of what can be decoded: a file that an earlier reader has
# rejected for good is looked at again.
READER = 2
