-- Steps of a feed leave with the last of their calls: a cursor that points behind them is told so.
grant delete on call_batch_part to concord_job;
