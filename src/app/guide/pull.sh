# Reads what comes after position AFTER: 0 at first, then the last_seq of the answer before.
# WAIT: so many seconds, 25 at most, it waits when there is nothing yet.
# Asking without a filter confirms everything up to AFTER: store what you got first, then ask for the next.
curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TOKEN" \
  "$BASE/api/v1/events?after=$AFTER&wait=$WAIT"
