# Says where notices go. NAME: what you call it. KEY: a fresh one for each endpoint, as in KEY=$(uuidgen).
# The answer holds the endpoint's id, ENDPOINT below, and this once its secret (whsec_…).
# The same KEY gives the same answer for 24 h, a refusal too, but "secret" is then null.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  --header "Content-Type: application/json" \
  --header "Idempotency-Key: $KEY" \
  --data "{\"url\": \"$HOOK\", \"description\": \"$NAME\", \"signature\": \"v1\", \"confirms\": true}" \
  "$BASE/api/v1/endpoints"
