"""AWS's queues, event sources and quotas in simulated time, around the real handlers and real boto3 clients.

Hours pass in seconds, and what AWS leaves to chance (order, duplicates, delays) is drawn from a seed. The benchmark of
the quota and the chaos tests stand on it; nothing that is deployed or installed knows it.

    wire          answers a boto3 client in the place of AWS, checked against the service models
    sqs           standard queues: delays, visibility, redelivery, dead letters
    agenda        simulated time for real threads, which take turns: a run is the same every time
    event_source  batches of a queue for execution environments, as Lambda makes them
    quota         how a quota of calls a second is enforced
    stores        one album's S3, DynamoDB and Rekognition, at AWS's latencies
    pipeline      compare_photos' handler in all of this
    context       what Lambda tells a handler
"""
