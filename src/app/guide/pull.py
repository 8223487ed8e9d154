# Reads the feed instead of being called: from a stored position on, each page confirmed by asking for the next one.
# BASE=https://… CLIENT_ID=… CLIENT_SECRET=… AFTER=0 python3 pull.py
import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

base = os.environ["BASE"]
after = int(os.environ.get("AFTER", "0"))  # Stored with the work: the position up to which it is done.


def token():
    pair = f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()
    headers = {"authorization": "Basic " + base64.b64encode(pair).decode()}
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{base}/oauth/token", form, headers)) as answer:
        return json.load(answer)["access_token"]


bearer = token()
while True:
    request = urllib.request.Request(f"{base}/api/v1/events?after={after}&wait=25", headers={"authorization": f"Bearer {bearer}"})
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
            page = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 401:  # The token has ended.
            bearer = token()
        elif error.code in (429, 503):
            time.sleep(int(error.headers.get("retry-after", "5")))
        else:
            raise
        continue
    for event in page["data"]:
        print(event["seq"], event["type"], event.get("data", {}).get("e164", ""), flush=True)
    after = page["last_seq"]
