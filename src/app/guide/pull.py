# Reads the feed instead of being called: each page is confirmed by asking for the next one.
# BASE=https://… CLIENT_ID=… CLIENT_SECRET=… python3 pull.py; with AFTER=… it begins there the first time, else at 0.
import base64
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

place = pathlib.Path("after.txt")  # The position up to which the work is done. In your database it is written with the work.
after = place.read_text() if place.exists() else os.environ.get("AFTER", "0")


def call(path, headers, data=None):
    """Calls until there is an answer: a lost connection, 5xx and 429 pass."""
    while True:
        pause = 5
        try:
            with urllib.request.urlopen(urllib.request.Request(os.environ["BASE"] + path, data, headers), timeout=40) as answer:
                return 200, answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                return error.code, error.read().decode()
            pause = int(error.headers.get("retry-after") or pause)
        except (OSError, http.client.HTTPException) as error:
            print(repr(error), file=sys.stderr)
        time.sleep(pause)


def token():
    pair = f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()
    headers = {"authorization": "Basic " + base64.b64encode(pair).decode()}
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    status, body = call("/oauth/token", headers, form)
    if status != 200:  # Revoked, or a wrong secret: trying again does not help.
        sys.exit(f"No token: {body}")
    return json.loads(body)["access_token"]


bearer = token()
while True:
    status, body = call(f"/api/v1/events?after={after}&wait=25", {"authorization": f"Bearer {bearer}"})
    if status == 401:  # The old one has ended.
        bearer = token()
    elif status == 200:
        page = json.loads(body)
        for event in page["data"]:
            print(event["seq"], event["type"], event.get("data", {}).get("e164", ""), flush=True)
        after = page["last_seq"]
        new = place.with_suffix(".new")
        new.write_text(str(after))
        new.replace(place)
    else:
        sys.exit(body)
