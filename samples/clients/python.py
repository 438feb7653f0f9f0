# Sends two events and counts conversations by day: python3 samples/clients/python.py (pip install requests)
import os
import time

import requests

URL = os.environ.get("REPORTS_URL", "http://127.0.0.1:3000")
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["KEY"]


def post(path, body, attempts=6):
    """Sends a request again while the service is busy or restarts: repeated events change nothing."""
    for attempt in range(attempts):
        try:
            answer = session.post(URL + path, json=body, timeout=60)
        except requests.ConnectionError:
            answer = None
        if answer is not None and answer.status_code not in (429, 503):
            if answer.status_code >= 400:
                raise SystemExit(answer.json()["detail"])
            return answer.json()
        time.sleep(float(answer.headers.get("Retry-After", 0)) if answer is not None else 2**attempt / 4)
    raise SystemExit("the service does not answer")


message = {"type": "message", "conversation_id": "sample-py", "conversation": {"bot_id": "shop", "bot_version": "LIVE"}}
sent = post("/v1/events", {"events": [
    {**message, "id": "1", "sender": "user", "sender_id": "ann", "time": "2024-01-08T09:15:00Z", "text": "Hello"},
    {**message, "id": "2", "sender": "bot", "time": "2024-01-08T09:15:02Z", "text": "How can I help?"},
]})
print(f"{sent['accepted']} new, {sent['duplicates']} known")

answer = post("/v1/query", {
    "dataset": "conversations",
    "start_time": "2024-01-08",
    "end_time": "2024-01-11",
    "bucket": "1d",
    "measures": ["conversations"],
})
for day, count in answer["rows"]:
    print(day, count)
