//! The E-model (ITU-T G.107, narrowband): from packet loss to R, from R to MOS. Pure.
//!
//! It says how a stream sounded (listening quality, MOS-LQE of ITU-T P.800.1), so delay, which is not heard, is left out; what
//! is left of R = Ro - Is - Id - Ie,eff + A is 93.2 - Ie,eff. Values of wideband codecs would stand on another scale (G.107.1):
//! there are none.

/// What computed values are called; never averaged with reported ones.
pub const MOS_KIND: &str = "lqe_g107_nb";

/// R with every default of G.107 and no impairment.
const R_BEST: f64 = 93.2;

/// MOS of an R (G.107, annex B), clamped at 1 where the polynomial dips below it (under R = 6.5).
#[must_use]
pub fn mos(r: f64) -> f64 {
    if r <= 6.5 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

/// R of a stream from its packet loss (0 to 1), losses at random. `None` for codecs that are not narrowband or not listed in
/// G.113, appendix I; a stream that names no codec is taken for G.711, what is spoken towards the telephone network.
#[must_use]
pub fn r_of(codec: Option<&str>, loss_ratio: Option<f64>) -> Option<f64> {
    let (ie, bpl) = impairment(codec)?;
    let loss_percent = loss_ratio? * 100.0;
    Some(R_BEST - (ie + (95.0 - ie) * loss_percent / (loss_percent + bpl)))
}

/// Equipment impairment and packet loss robustness (G.113, appendix I, with loss concealment).
fn impairment(codec: Option<&str>) -> Option<(f64, f64)> {
    let Some(codec) = codec else {
        return Some((0.0, 25.1));
    };
    let name = codec.split('/').next().unwrap_or_default().trim().to_ascii_uppercase();
    match name.as_str() {
        "PCMU" | "PCMA" | "G711" | "G.711" | "G711U" | "G711A" | "ULAW" | "ALAW" => Some((0.0, 25.1)),
        "G729" | "G.729" | "G729A" | "G.729A" => Some((11.0, 19.0)),
        "G723" | "G.723" | "G723.1" | "G.723.1" => Some((15.0, 16.1)),
        "GSM-EFR" | "GSMEFR" => Some((5.0, 10.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.005
    }

    #[test]
    fn known_values() {
        assert!(near(mos(93.2), 4.41), "{}", mos(93.2));
        assert!(near(mos(80.0), 4.02) && near(mos(70.0), 3.60) && near(mos(60.0), 3.10) && near(mos(50.0), 2.58));
        for low in [-20.0, 0.0, 3.0, 6.4] {
            assert!(near(mos(low), 1.0), "{low}");
        }
        assert!(near(mos(100.0), 4.5) && near(mos(120.0), 4.5));
        assert!(near(r_of(Some("PCMA"), Some(0.0)).expect("listed"), 93.2));
        assert!(near(r_of(Some("pcmu/8000"), Some(0.01)).expect("listed"), 93.2 - 95.0 / 26.1));
        assert!(near(r_of(Some("G729"), Some(0.0)).expect("listed"), 82.2));
        assert_eq!(r_of(Some("OPUS"), Some(0.0)), None);
        assert_eq!(r_of(Some("G722"), Some(0.0)), None);
        assert_eq!(r_of(Some("PCMA"), None), None);
    }

    proptest! {
        #[test]
        fn mos_stays_on_its_scale_and_rises(r in -50.0..150.0_f64, more in 0.0..50.0_f64) {
            prop_assert!((1.0..=4.5).contains(&mos(r)));
            prop_assert!(mos(r + more) >= mos(r) - 1e-9);
        }

        #[test]
        fn more_loss_is_never_better(loss in 0.0..1.0_f64, more in 0.0..1.0_f64) {
            let (less, worse) = (r_of(None, Some(loss)), r_of(None, Some((loss + more).min(1.0))));
            prop_assert!(worse <= less);
        }
    }
}
