#!/usr/bin/env python3
"""A stand-in for a function: a runtime for `provided.al2023` without a build.

Appends each record of a batch to the file SEEN. Reports all records as failed while the file FAIL exists.
Responds to requests with the discovery document of the issuer ISSUER with its keys at KEYS.
"""

import json
import os
from urllib.request import Request, urlopen

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def handle_batch(records):
    failing = os.path.exists(os.environ["FAIL"])
    with open(os.environ["SEEN"], "a") as seen:
        for record in records:
            line = {"failed": failing, "record": record}
            seen.write(json.dumps(line) + "\n")
    ids = [record.get("messageId") or record["dynamodb"]["SequenceNumber"] for record in records]
    return {"batchItemFailures": [{"itemIdentifier": id} for id in ids if failing]}


def handle_request(path):
    issuer, keys = os.environ["ISSUER"], os.environ["KEYS"]
    discovery = {"issuer": issuer, "jwks_uri": keys}
    body = discovery if path.endswith("openid-configuration") else {"path": path}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


while True:
    with urlopen(f"{API}/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(invocation)
    print("invoked", flush=True)
    answer = handle_batch(event["Records"]) if "Records" in event else handle_request(event["rawPath"])
    urlopen(Request(f"{API}/{request_id}/response", data=json.dumps(answer).encode(), method="POST")).close()
