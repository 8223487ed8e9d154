# Counts what the endpoint has not taken since a time. Without "dry_run" it is sent again, under the same ids.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  --header "Content-Type: application/json" \
  --data "{\"since\": \"$SINCE\", \"only\": \"undelivered\", \"dry_run\": true}" \
  "$BASE/api/v1/endpoints/$ENDPOINT/recover"
