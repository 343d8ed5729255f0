"""Signs what comes in with botocore: a list of requests on stdin, with `authorization` on stdout."""

import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signed(request):
    time = datetime.datetime.fromtimestamp(request["time"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: time.replace(tzinfo=None)
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": request["target"],
    }
    asked = AWSRequest("POST", request["url"], headers, data="{}")
    credentials = Credentials(request["key"], request["secret"], request["token"])
    botocore.auth.SigV4Auth(credentials, request["service"], request["region"]).add_auth(asked)
    return {**request, "authorization": asked.headers["Authorization"]}


requests = json.load(sys.stdin)
json.dump([signed(request) for request in requests], sys.stdout, indent=1)
