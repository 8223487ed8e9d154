# Says where notices go. The answer holds the endpoint's id and, this once, its secret (whsec_…).
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  --header "Content-Type: application/json" \
  --header "Idempotency-Key: routing-$NAME" \
  --data "{\"url\": \"$HOOK\", \"description\": \"$NAME\", \"signature\": \"v1\", \"confirms\": true}" \
  "$BASE/api/v1/endpoints"
