//! Server functions of this room. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::duration_cell::decimal_millis;
#[cfg(feature = "ssr")]
use super::duration_days;
#[cfg(feature = "ssr")]
use super::duration_days::Closing;
#[cfg(feature = "ssr")]
use super::duration_days::totals_invalid;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
#[cfg(feature = "ssr")]
use crate::identity::Flash;
#[cfg(feature = "ssr")]
use crate::identity::OrgKind;
#[cfg(feature = "ssr")]
use crate::identity::Redirect;
#[cfg(feature = "ssr")]
use crate::identity::answer;
#[cfg(feature = "ssr")]
use crate::identity::server_ctx;
#[cfg(feature = "ssr")]
use crate::identity::server_parts;
#[cfg(feature = "ssr")]
use crate::identity::viewer;
#[cfg(feature = "ssr")]
use crate::tr;

/// Says that a day of durations is complete, with the operator's own totals.
#[server]
pub async fn close_day(
    #[server(default)] slug: String,
    #[server(default)] day: String,
    #[server(default)] rows: String,
    #[server(default)] seconds: String,
) -> Result<(), FormError> {
    let here = format!("/o/{slug}/durations");
    let fields = [("day", &day), ("rows", &rows), ("seconds", &seconds)];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Operator, &slug)?;
        let (parts, _) = server_parts()?;
        let v = viewer(&parts, &store.env);
        let lang = v.lang;
        let date = day.parse().map_err(|_| {
            let fix = tr!(in lang, "calls.duration.close.day_wrong");
            Problem::new(422, "day_invalid", fix.clone()).field("day", "day_invalid", Some(day.clone()), fix)
        })?;
        let number = rows.trim().parse::<i64>().ok().filter(|n| *n >= 0).ok_or_else(totals_invalid)?;
        let millis = decimal_millis(seconds.trim()).ok_or_else(totals_invalid)?;
        match duration_days::close(&store, &ctx, date, number, millis).await? {
            Closing::Closed(_) => {
                let flash = Flash::done(tr!(in lang, "calls.duration.close.done", day = v.day(date)));
                Ok(Redirect::with(here.clone(), flash.text(tr!(in lang, "calls.duration.close.done_text"))))
            }
            Closing::Differs(held) => {
                let (ours, theirs) = (duration_days::as_seconds(held.duration_ms), duration_days::as_seconds(millis));
                let text = tr!(in lang, "calls.duration.close.differ", day = v.day(date), rows = number, seconds = theirs,
                    our_rows = held.rows, our_seconds = ours);
                let mut problem = Problem::new(409, "totals_differ", text);
                for (field, said, own) in
                    [("rows", number.to_string(), held.rows.to_string()), ("seconds", theirs.to_string(), ours.to_string())]
                {
                    if said != own {
                        let fix = tr!(in lang, "calls.duration.close.ours", value = own);
                        problem = problem.field(field, "totals_differ", Some(said), fix);
                    }
                }
                Err(problem.into())
            }
        }
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, fields).await
}
