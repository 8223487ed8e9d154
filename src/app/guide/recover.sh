# The same without "dry_run": now it is sent again, under the same ids.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  --header "Content-Type: application/json" \
  --data "{\"since\": \"$SINCE\", \"only\": \"$ONLY\"}" \
  "$BASE/api/v1/endpoints/$ENDPOINT/recover"
