"""AWS's queues, event sources and quotas in simulated time, around the real handlers and real boto3 clients.

Hours pass in seconds, and what AWS leaves to chance (order, duplicates, delays) is drawn from a seed. The benchmark of
the quota and the chaos tests stand on it; nothing that is deployed or installed knows it.

    wire     answers a boto3 client in the place of AWS, checked against the service models
    sqs      standard queues: delays, visibility, redelivery, dead letters
"""
