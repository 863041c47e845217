"""The demo: an album made of pictures that installed packages ship, with its known truth."""
