-- Where an endpoint is in its feed is written by delivery alone; pages and actions only read it.
revoke insert, update, delete on endpoint_turn from concord_app;
