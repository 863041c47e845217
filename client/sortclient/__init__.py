"""The client: sorts a folder of photos by who is in them, with AWS or on this machine."""
