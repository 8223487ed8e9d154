# Reads what comes after position $AFTER and waits up to $WAIT seconds (25 at most) when there is nothing yet.
# Asking without a filter confirms everything up to $AFTER: store what you got first, then ask for the next.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  "$BASE/api/v1/events?after=$AFTER&wait=$WAIT"
