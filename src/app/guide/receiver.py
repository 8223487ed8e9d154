# Takes notices: checks the signature, does the work of each once, answers quickly.
# pip install standardwebhooks; CONCORD_SECRET=whsec_… PORT=8080 python3 receiver.py
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["CONCORD_SECRET"])
# Both in your database, written in the transaction that does the work.
done = set()  # The ids of events.
highest = {}  # The highest number_seq of each number.


def take(event):
    if event["id"] in done:  # Sent before: the answer was lost, or somebody sent it again.
        return
    number_seq = event.get("number_seq")
    e164 = event["data"]["e164"] if number_seq else None
    if e164 and number_seq < highest.get(e164, 0):  # Sent again, and its number has changed since.
        return
    if event["type"] in ("number.assigned", "number.updated", "number.snapshot"):  # All three tell how the number stands.
        sip_uri = event["data"]["sip_uri"]
        print(f"route {e164} to {sip_uri}" if sip_uri else f"stop routing {e164}", flush=True)
    elif event["type"] in ("number.unassigned", "number.released"):
        print(f"stop routing {e164}", flush=True)
    else:  # event.withheld, and what you have no use for or do not know: taken, nothing to do.
        print(event["type"], event.get("seq") or "", flush=True)
    if e164:
        highest[e164] = number_seq
    done.add(event["id"])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            body = self.rfile.read(int(self.headers["content-length"]))  # As it came, never parsed and written again.
            event = webhook.verify(body, dict(self.headers))
            if event["type"] == "endpoint.verification":
                return self.answer(200, {"challenge": event["data"]["challenge"]})
            take(event)
            self.answer(204)
        except WebhookVerificationError:
            self.answer(401)
        except Exception as error:
            self.log_error("%s", error)
            self.answer(500)  # It comes again, and with it what follows on the same number.

    def answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        pass


# Behind the proxy that ends TLS.
ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver).serve_forever()
