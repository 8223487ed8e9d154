//! Counts of calls and the measures that follow from them. Pure.

use std::ops::AddAssign;

/// Under this many calls a ratio says nothing.
pub const TOO_FEW: i64 = 100;

/// The share of poor calls that should not be passed: what charts and badges compare with.
pub const POOR_TARGET: f64 = 0.03;

/// The kind of every mean opinion score here: listening quality, estimated by the E-model (ITU-T G.107), narrowband.
pub const MOS_KIND: &str = "lqe_g107_nb";

/// Whether so few calls that no ratio is shown.
#[must_use]
pub const fn too_few(n: i64) -> bool {
    n < TOO_FEW
}

/// What was counted over some calls that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Legs that ended: attempts.
    pub calls: i64,
    pub answered: i64,
    /// Effective by NER (ITU-T E.425).
    pub effective: i64,
    /// Talk of the answered ones, milliseconds.
    pub talk_ms: i64,
    pub good: i64,
    pub poor: i64,
    /// Stand in no ratio.
    pub unclassified: i64,
    /// Calls that rang.
    pub pdd_n: i64,
    /// Their time from the invitation to ringing, summed, milliseconds.
    pub pdd_ms_sum: i64,
    /// Streams with a computed score.
    pub mos_n: i64,
    /// The scores summed.
    pub mos_sum: f64,
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^53")]
fn ratio(part: i64, of: i64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl Counts {
    /// Calls that were classified: the n of [`Counts::poor_ratio`].
    #[must_use]
    pub const fn rated(&self) -> i64 {
        self.poor + self.good
    }

    /// Poor among the classified calls, 0..1. Source: CQD.
    #[must_use]
    pub fn poor_ratio(&self) -> Option<f64> {
        ratio(self.poor, self.rated())
    }

    /// Network effectiveness ratio, 0..1: what the network could deliver. Source: ITU-T E.425.
    #[must_use]
    pub fn ner(&self) -> Option<f64> {
        ratio(self.effective, self.calls)
    }

    /// Answer seizure ratio, 0..1. Source: ITU-T E.411.
    #[must_use]
    pub fn asr(&self) -> Option<f64> {
        ratio(self.answered, self.calls)
    }

    /// Average call duration of the answered calls, seconds.
    #[must_use]
    pub fn acd_s(&self) -> Option<f64> {
        ratio(self.talk_ms, self.answered).map(|ms| ms / 1000.0)
    }

    /// Mean post-dial delay: from the invitation to ringing, milliseconds.
    #[must_use]
    pub fn pdd_ms(&self) -> Option<f64> {
        ratio(self.pdd_ms_sum, self.pdd_n)
    }

    /// Mean of the computed scores ([`MOS_KIND`]) alone; reported ones of other kinds are never mixed in.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub fn mos_lqe(&self) -> Option<f64> {
        (self.mos_n > 0).then(|| self.mos_sum / self.mos_n as f64)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.effective += other.effective;
        self.talk_ms += other.talk_ms;
        self.good += other.good;
        self.poor += other.poor;
        self.unclassified += other.unclassified;
        self.pdd_n += other.pdd_n;
        self.pdd_ms_sum += other.pdd_ms_sum;
        self.mos_n += other.mos_n;
        self.mos_sum += other.mos_sum;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-12)
    }

    #[test]
    fn unclassified_calls_stand_in_no_ratio() {
        let counts = Counts { calls: 10, good: 6, poor: 2, unclassified: 2, ..Counts::default() };
        assert_eq!(counts.rated(), 8);
        assert!(close(counts.poor_ratio(), 0.25));
    }

    #[test]
    fn nothing_counted_gives_no_measure() {
        let none = Counts { unclassified: 7, ..Counts::default() };
        for measure in [none.poor_ratio(), none.ner(), none.asr(), none.acd_s(), none.pdd_ms(), none.mos_lqe()] {
            assert_eq!(measure, None);
        }
    }

    #[test]
    fn measures_have_their_own_denominators() {
        let counts = Counts {
            calls: 200,
            answered: 100,
            effective: 180,
            talk_ms: 12_345_000,
            pdd_n: 50,
            pdd_ms_sum: 60_000,
            mos_n: 4,
            mos_sum: 16.8,
            ..Counts::default()
        };
        assert!(close(counts.ner(), 0.9) && close(counts.asr(), 0.5));
        assert!(close(counts.acd_s(), 123.45) && close(counts.pdd_ms(), 1200.0) && close(counts.mos_lqe(), 4.2));
        assert!(too_few(99) && !too_few(100));
    }

    prop_compose! {
        fn counts()(answered in 0_i64..500, more in 0_i64..500, failed in 0_i64..500, good in 0_i64..500, poor in 0_i64..500) -> Counts {
            let effective = answered + more;
            Counts { calls: effective + failed, answered, effective, good, poor, ..Counts::default() }
        }
    }

    proptest! {
        #[test]
        fn ratios_lie_between_none_and_all(one in counts(), other in counts()) {
            let mut both = one;
            both += other;
            for ratio in [both.poor_ratio(), both.ner(), both.asr()].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&ratio));
            }
            prop_assert!(both.ner() >= both.asr());
            // A sum lies between its parts: never an average of averages.
            if let (Some(a), Some(b), Some(of_both)) = (one.asr(), other.asr(), both.asr()) {
                prop_assert!(a.min(b) - 1e-12 <= of_both && of_both <= a.max(b) + 1e-12);
            }
        }
    }
}
