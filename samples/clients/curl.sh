#!/bin/sh
# Sends two events and counts conversations by day: KEY=... sh samples/clients/curl.sh
set -eu
url=${REPORTS_URL:-http://127.0.0.1:3000}

# --retry waits as Retry-After says; repeated events change nothing.
curl -sS --fail-with-body --retry 6 --retry-connrefused -u "$KEY" "$url/v1/events" -H 'Content-Type: application/x-ndjson' --data-binary @- <<'EVENTS'
{"id":"1","type":"message","time":"2024-01-08T09:15:00Z","conversation_id":"sample-curl","sender":"user","sender_id":"ann","text":"Hello","conversation":{"bot_id":"shop","bot_version":"LIVE"}}
{"id":"2","type":"message","time":"2024-01-08T09:15:02Z","conversation_id":"sample-curl","sender":"bot","text":"How can I help?"}
EVENTS
echo

curl -sS --fail-with-body --retry 6 -u "$KEY" "$url/v1/query?format=csv" -H 'Content-Type: application/json' -d '{
  "dataset": "conversations", "start_time": "2024-01-08", "end_time": "2024-01-11", "bucket": "1d",
  "measures": ["conversations"]}'
