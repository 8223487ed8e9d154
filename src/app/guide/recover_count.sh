# Counts what would be sent again since SINCE, a time such as 2026-11-23T14:00:00Z. Nothing is sent yet.
# ONLY=all: also what you took and lost. ONLY=undelivered: what this endpoint never took.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  --header "Content-Type: application/json" \
  --data "{\"since\": \"$SINCE\", \"only\": \"$ONLY\", \"dry_run\": true}" \
  "$BASE/api/v1/endpoints/$ENDPOINT/recover"
