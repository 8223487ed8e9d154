//! Numbers of the outside world: only ranges that regulators keep free for fiction, and none of the demo's own stock.

use std::collections::HashSet;

use rand::Rng;

/// Ranges by country: what stands in front of the counted digits, and how many are counted.
const RANGES: &[(&str, &str, u32)] = &[
    ("DE", "+493023125", 3),
    ("DE", "+496990009", 3),
    ("DE", "+494066969", 3),
    ("DE", "+492214710", 3),
    ("DE", "+498999998", 3),
    ("GB", "+442079460", 3),
    ("GB", "+441134960", 3),
    ("GB", "+441614960", 3),
    ("US", "+131255501", 2),
    ("US", "+141555501", 2),
    ("US", "+161755501", 2),
    ("US", "+130555501", 2),
    ("US", "+120655501", 2),
    ("US", "+140455501", 2),
    ("FR", "+3319900", 4),
    ("FR", "+3326191", 4),
    ("AU", "+6125550", 4),
    ("IE", "+353120910", 2),
    ("SE", "+468465004", 2),
];

/// Where the other side of a call is, in per cent, by where the tenant's number is.
const MIX: &[(&str, &[(&str, u32)])] = &[
    ("DE", &[("DE", 78), ("GB", 7), ("FR", 5), ("US", 4), ("SE", 2), ("IE", 2), ("AU", 2)]),
    ("GB", &[("GB", 80), ("US", 6), ("IE", 5), ("DE", 4), ("FR", 3), ("AU", 2)]),
    ("US", &[("US", 86), ("GB", 5), ("DE", 4), ("FR", 2), ("AU", 3)]),
    ("FR", &[("FR", 76), ("DE", 10), ("GB", 6), ("US", 4), ("IE", 2), ("SE", 2)]),
];

/// Draws numbers of the outside world.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    own: HashSet<String>,
}

impl Outside {
    /// The world but for these numbers.
    pub fn new(own: impl IntoIterator<Item = String>) -> Self {
        Self { own: own.into_iter().collect() }
    }

    /// Somebody who talks with a number of this country; few of them often, many rarely.
    pub fn pick(&self, rng: &mut impl Rng, home: &str) -> String {
        let mix = MIX.iter().find(|(country, _)| *country == home).map_or(MIX[0].1, |(_, mix)| *mix);
        let mut roll = rng.gen_range(0..mix.iter().map(|(_, share)| share).sum());
        let mut country = mix[0].0;
        for (name, share) in mix {
            if roll < *share {
                country = name;
                break;
            }
            roll -= share;
        }
        let ranges: Vec<_> = RANGES.iter().filter(|range| range.0 == country).collect();
        loop {
            let (_, prefix, digits) = ranges[rng.gen_range(0..ranges.len())];
            let size = 10_u32.pow(*digits);
            // The smaller of two draws is more often small; the stride spreads the favourites over the range.
            let index = rng.gen_range(0..size).min(rng.gen_range(0..size));
            let width = usize::try_from(*digits).unwrap_or(4);
            let number = format!("{prefix}{:0width$}", (index * 37 + 11) % size);
            if !self.own.contains(&number) {
                return number;
            }
        }
    }
}
