"""The AWS side of the client: the deployed stack found by its name, and the comparer that runs through it."""
