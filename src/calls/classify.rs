//! Whether a stream or a call was good or poor, and whether a call attempt was effective. Pure.

use utoipa::ToSchema;

/// A stream counts from this many packets on.
const PACKETS: i64 = 500;
const RTT_MS: f64 = 500.0;
const LOSS_RATIO: f64 = 0.1;
const JITTER_MS: f64 = 30.0;

/// What a stream or a call sounded like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    Good,
    Poor,
    /// A metric is missing: left out of every ratio.
    Unclassified,
}

impl Quality {
    /// The word in tables and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Poor => "poor",
            Self::Unclassified => "unclassified",
        }
    }
}

/// The rule of Microsoft's Call Quality Dashboard for audio streams: with more than 500 packets and an average round trip over
/// 500 ms, an average loss over 0.1 or an average jitter over 30 ms a stream is poor, else good; without one of the four metrics
/// it is unclassified.
#[must_use]
pub fn classify(packets: Option<i64>, rtt_ms: Option<f64>, loss_ratio: Option<f64>, jitter_ms: Option<f64>) -> Quality {
    let (Some(packets), Some(rtt), Some(loss), Some(jitter)) = (packets, rtt_ms, loss_ratio, jitter_ms) else {
        return Quality::Unclassified;
    };
    if packets > PACKETS && (rtt > RTT_MS || loss > LOSS_RATIO || jitter > JITTER_MS) { Quality::Poor } else { Quality::Good }
}

/// A call is poor if any stream is, good if one is good and none is poor.
#[must_use]
pub fn classify_call(streams: impl IntoIterator<Item = Quality>) -> Quality {
    streams.into_iter().fold(Quality::Unclassified, |so_far, stream| match (so_far, stream) {
        (Quality::Poor, _) | (_, Quality::Poor) => Quality::Poor,
        (Quality::Good, _) | (_, Quality::Good) => Quality::Good,
        (Quality::Unclassified, Quality::Unclassified) => Quality::Unclassified,
    })
}

/// Whether an attempt was effective for the network effectiveness ratio (ITU-T E.425): answered, or not answered through nobody's
/// fault but the person's: busy (486, 600), no answer or given up after ringing (408, 480, 487), refused (603, 607, 608).
///
/// In SQL: `answered_at is not null or sip_code in (486, 600, 603, 607, 608) or (ringing_at is not null and sip_code in (408, 480, 487))`
/// (`counts_as_effective` of the database; the room quality proves that both say the same).
#[must_use]
pub fn effective(sip_code: Option<i16>, answered: bool, rang: bool) -> bool {
    answered
        || match sip_code {
            Some(486 | 600 | 603 | 607 | 608) => true,
            Some(408 | 480 | 487) => rang,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_thresholds_are_exceeded_not_met() {
        let judged = |p, rtt, loss, jitter| classify(Some(p), Some(rtt), Some(loss), Some(jitter));
        assert_eq!(judged(501, 500.0, 0.1, 30.0), Quality::Good);
        assert_eq!(judged(501, 500.1, 0.0, 0.0), Quality::Poor);
        assert_eq!(judged(501, 0.0, 0.100_01, 0.0), Quality::Poor);
        assert_eq!(judged(501, 0.0, 0.0, 30.01), Quality::Poor);
        assert_eq!(judged(500, 900.0, 0.5, 90.0), Quality::Good, "too few packets to be poor");
        assert_eq!(classify(None, Some(900.0), Some(0.5), Some(90.0)), Quality::Unclassified);
        assert_eq!(classify(Some(900), Some(900.0), Some(0.5), None), Quality::Unclassified);
    }

    proptest! {
        #[test]
        fn a_missing_metric_is_unclassified_and_worse_is_never_better(
            packets in 0_i64..2_000, rtt in 0.0..1_000.0, loss in 0.0..1.0, jitter in 0.0..100.0, more in 0.0..500.0, missing in 0_u8..4
        ) {
            let all = (Some(packets), Some(rtt), Some(loss), Some(jitter));
            let hidden = match missing {
                0 => (None, all.1, all.2, all.3),
                1 => (all.0, None, all.2, all.3),
                2 => (all.0, all.1, None, all.3),
                _ => (all.0, all.1, all.2, None),
            };
            prop_assert_eq!(classify(hidden.0, hidden.1, hidden.2, hidden.3), Quality::Unclassified);
            if classify(all.0, all.1, all.2, all.3) == Quality::Poor {
                prop_assert_eq!(classify(all.0, Some(rtt + more), all.2, Some(jitter + more)), Quality::Poor);
            }
        }

        #[test]
        fn the_order_of_streams_does_not_matter(streams in proptest::collection::vec(0_u8..3, 0..6)) {
            let of = |n: &u8| [Quality::Good, Quality::Poor, Quality::Unclassified][usize::from(*n)];
            let call = classify_call(streams.iter().map(of));
            prop_assert_eq!(call, classify_call(streams.iter().rev().map(of)));
            let has = |quality| streams.iter().map(of).any(|stream| stream == quality);
            prop_assert_eq!(call == Quality::Poor, has(Quality::Poor));
            prop_assert_eq!(call == Quality::Good, has(Quality::Good) && !has(Quality::Poor));
        }
    }

    #[test]
    fn what_nobody_could_be_reached_by_is_not_effective() {
        assert!(!effective(Some(404), false, true) && !effective(Some(484), false, true) && !effective(Some(487), false, false));
    }
}
