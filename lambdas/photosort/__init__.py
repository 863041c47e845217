"""All that runs in Lambda, and the contract (keys, comparison, work) that the client and the stack share with it."""
