"""The emulated AWS: the real cloud path, the same Lambda code included, on this machine and on loopback only.

    provisioning   what the stack makes, made on moto server
    cloud          moto server (S3, SQS, DynamoDB, CloudFormation, STS), its S3 events as AWS sends them
    alarms         what moto's CloudFormation lacks of our template
    rekognition    CompareFaces and DetectFaces in front of the face engine
    event_source   polls a queue as Lambda's event source does
    function       calls a handler in execution environments of its own
    pipeline       the functions at work, each at its queue
    main, child    the process that holds all this, and how the client starts and ends it

For hundreds of photos, not for libraries: moto keeps every object in memory, and its queue slows down with its length.
Requests need no valid signature, so nothing here says whether an IAM policy would allow them.
"""
