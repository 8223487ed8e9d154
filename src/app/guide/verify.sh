# Sends the challenge; the receiver below answers it, with the secret. Then the endpoint is active.
curl --silent --show-error --fail-with-body \
  --request POST \
  --header "Authorization: Bearer $TOKEN" \
  "$BASE/api/v1/endpoints/$ENDPOINT/verify"
