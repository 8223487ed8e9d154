//! People and resource accounts that can have a number: invented names, in the language of the tenant.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use fake::Fake;
use fake::faker::name::raw::FirstName;
use fake::faker::name::raw::LastName;
use fake::locales::DE_DE;
use fake::locales::EN;
use fake::locales::FR_FR;
use fake::rand::SeedableRng;
use fake::rand::rngs::StdRng;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use super::Making;
use super::derived;
use super::plan::DEPARTMENTS;
use super::plan::DESKS;
use super::plan::TenantPlan;
use crate::numbers::StockTarget;

/// Makes the targets of one tenant, one after the other.
pub struct People {
    plan: &'static TenantPlan,
    tenant: Uuid,
    base: DateTime<Utc>,
    names: StdRng,
    rng: ChaCha20Rng,
    /// All that were made.
    pub made: Vec<StockTarget>,
}

impl People {
    /// Nobody yet.
    pub fn new(making: &Making<'_>, plan: &'static TenantPlan) -> Self {
        let part = format!("people {}", plan.slug);
        Self {
            plan,
            tenant: making.tenant(plan.slug).0,
            base: making.base,
            names: StdRng::from_seed(derived(making.seed, &part)),
            rng: making.env_at(0, &part).rng(),
            made: Vec::new(),
        }
    }

    /// Somebody new, licensed, at home in this country.
    pub fn person(&mut self, country: &str) -> StockTarget {
        let (first, last) = self.name(country);
        let serial = self.made.len() + 1;
        let department = DEPARTMENTS[self.rng.gen_range(0..DEPARTMENTS.len())];
        let upn = format!("{}.{}.{serial}@{}", plain(&first), plain(&last), self.plan.domain);
        self.make("user", format!("{first} {last}"), Some(upn), country, Some(department.to_owned()))
    }

    /// A new auto attendant, queue or the like.
    pub fn desk(&mut self, place: &str, country: &str) -> StockTarget {
        let name = DESKS[self.rng.gen_range(0..DESKS.len())];
        let upn = format!("{}.{}@{}", plain(name), self.made.len() + 1, self.plan.domain);
        let name = if place.is_empty() { name.to_owned() } else { format!("{name}, {place}") };
        self.make("resource_account", name, Some(upn), country, None)
    }

    /// A new conference bridge.
    pub fn bridge(&mut self, place: &str, country: &str) -> StockTarget {
        let serial = self.made.iter().filter(|target| target.kind == "conference_bridge").count() + 1;
        let place = if place.is_empty() { self.plan.name } else { place };
        self.make("conference_bridge", format!("Bridge {place} {serial}"), None, country, None)
    }

    /// People who wait for a number; a few without a licence, a few who left.
    pub fn spare(&mut self, count: usize, country: &str) {
        for index in 0..count {
            self.person(country);
            let rare = index % 40;
            let left_at = self.base - TimeDelta::days(self.rng.gen_range(3..90));
            if let Some(target) = self.made.last_mut() {
                target.licensed = rare != 39;
                target.left_at = (rare == 38).then_some(left_at);
            }
        }
        for _ in 0..count / 10 {
            self.desk("", country);
        }
    }

    fn make(
        &mut self,
        kind: &'static str,
        name: String,
        upn: Option<String>,
        country: &str,
        department: Option<String>,
    ) -> StockTarget {
        let target = StockTarget {
            tenant_id: self.tenant,
            id: format!("{}-{:05}", self.plan.slug, self.made.len() + 1),
            kind,
            display_name: name,
            upn,
            usage_location: Some(country.to_owned()),
            licensed: true,
            department,
            left_at: None,
            changed_at: self.base - TimeDelta::days(self.rng.gen_range(1..400)),
        };
        self.made.push(target.clone());
        target
    }

    fn name(&mut self, country: &str) -> (String, String) {
        let rng = &mut self.names;
        match country {
            "DE" | "CH" => (FirstName(DE_DE).fake_with_rng(rng), LastName(DE_DE).fake_with_rng(rng)),
            "FR" => (FirstName(FR_FR).fake_with_rng(rng), LastName(FR_FR).fake_with_rng(rng)),
            _ => (FirstName(EN).fake_with_rng(rng), LastName(EN).fake_with_rng(rng)),
        }
    }
}

/// A name as it stands in an address: small letters without marks.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|sign| {
            match sign {
                'ä' => Some("ae"),
                'ö' => Some("oe"),
                'ü' => Some("ue"),
                'ß' => Some("ss"),
                'à' | 'â' | 'á' => Some("a"),
                'é' | 'è' | 'ê' | 'ë' => Some("e"),
                'î' | 'ï' | 'í' => Some("i"),
                'ô' | 'ó' => Some("o"),
                'û' | 'ù' | 'ú' => Some("u"),
                'ç' => Some("c"),
                ' ' | '-' => Some("-"),
                _ => None,
            }
            .map(str::to_owned)
            .or_else(|| sign.is_ascii_alphanumeric().then(|| sign.to_string()))
        })
        .collect()
}
