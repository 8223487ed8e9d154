# A token lives ten minutes; ask for the next one when this one ends. Its access_token is TOKEN below.
curl --silent --show-error --fail-with-body \
  --user "$CLIENT_ID:$CLIENT_SECRET" \
  --data grant_type=client_credentials \
  "$BASE/oauth/token"
