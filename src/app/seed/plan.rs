//! Who and what the demo holds. Numbers stand only in ranges that regulators keep free for fiction (Bundesnetzagentur, Ofcom,
//! ARCEP, NANPA 555-01XX), so no real person's number ever appears.

use crate::transfers::Class;

/// A customer of the demo.
pub struct TenantPlan {
    pub slug: &'static str,
    pub name: &'static str,
    pub country: &'static str,
    pub time_zone: &'static str,
    pub sip_domain: &'static str,
    /// Domain of its people's addresses.
    pub domain: &'static str,
    pub language: &'static str,
    /// Name of the person behind each role: admin, helpdesk 1, helpdesk 2, auditor.
    pub people: [&'static str; 4],
    /// Assignable people without a number, by the country they are in.
    pub spare: &'static [(&'static str, usize)],
}

pub const TENANTS: &[TenantPlan] = &[
    TenantPlan {
        slug: "contoso",
        name: "Contoso GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "contoso.sip.example",
        domain: "contoso.example",
        language: "de",
        people: ["Jonas Reuter", "Aylin Demir", "Tobias Krahl", "Elena Brandt"],
        spare: &[("DE", 280), ("GB", 40), ("US", 20)],
    },
    TenantPlan {
        slug: "harrow",
        name: "Harrow & Finch Ltd",
        country: "GB",
        time_zone: "Europe/London",
        sip_domain: "harrow.sip.example",
        domain: "harrow.example",
        language: "en",
        people: ["Priya Nair", "Tom Ashby", "Isla Grant", "Owen Hale"],
        spare: &[("GB", 120), ("US", 20)],
    },
    TenantPlan {
        slug: "saentis",
        name: "Säntis Werke AG",
        country: "CH",
        time_zone: "Europe/Zurich",
        sip_domain: "saentis.sip.example",
        domain: "saentis.example",
        language: "de",
        people: ["Reto Ammann", "Chantal Favre", "Urs Zgraggen", "Livia Caduff"],
        spare: &[("FR", 80), ("DE", 50), ("CH", 10)],
    },
];

/// Customers that are about to begin: they have people and no operator yet, so that a consent can be given, taken back and given
/// anew without anybody else noticing.
pub const NEWCOMERS: &[TenantPlan] = &[
    TenantPlan {
        slug: "calder",
        name: "Calder Mills Ltd",
        country: "GB",
        time_zone: "Europe/London",
        sip_domain: "calder.sip.example",
        domain: "calder.example",
        language: "en",
        people: ["Hannah Thorpe", "Joel Marsh", "Beth Ackroyd", "Simon Lister"],
        spare: &[("GB", 12)],
    },
    TenantPlan {
        slug: "ardmore",
        name: "Ardmore Foods Ltd",
        country: "GB",
        time_zone: "Europe/London",
        sip_domain: "ardmore.sip.example",
        domain: "ardmore.example",
        language: "en",
        people: ["Fiona Baird", "Craig Muir", "Aileen Ross", "Duncan Weir"],
        spare: &[("GB", 12)],
    },
];

/// Every customer.
pub fn all_tenants() -> impl Iterator<Item = &'static TenantPlan> {
    TENANTS.iter().chain(NEWCOMERS)
}

/// A carrier of the demo.
pub struct OperatorPlan {
    pub slug: &'static str,
    pub name: &'static str,
    pub time_zone: &'static str,
    pub countries: &'static [&'static str],
    pub services: &'static [&'static str],
    pub website: &'static str,
    /// Domain of its people's addresses.
    pub domain: &'static str,
    pub language: &'static str,
    /// Name of the person behind each role: admin, provisioner, support, viewer.
    pub people: [&'static str; 4],
    /// Takes its events by pull; it has no endpoint then.
    pub pulls: bool,
    /// How emergency addresses of its numbers come about.
    pub emergency_mode: &'static str,
}

pub const OPERATORS: &[OperatorPlan] = &[
    OperatorPlan {
        slug: "norvik",
        name: "Norvik Telekom",
        time_zone: "Europe/Berlin",
        countries: &["DE"],
        services: &["geographic", "mobile"],
        website: "https://norvik.example",
        domain: "norvik.example",
        language: "de",
        people: ["Sven Holmqvist", "Katrin Voss", "Milan Petrović", "Greta Lund"],
        pulls: false,
        emergency_mode: "tenant",
    },
    OperatorPlan {
        slug: "albion",
        name: "Albion Voice",
        time_zone: "Europe/London",
        countries: &["GB", "IE"],
        services: &["geographic", "toll_free"],
        website: "https://albion.example",
        domain: "albion.example",
        language: "en",
        people: ["Ruth Calder", "Callum Reid", "Nadia Rahman", "George Whitlock"],
        pulls: false,
        emergency_mode: "operator_default",
    },
    OperatorPlan {
        slug: "rhoneline",
        name: "Rhôneline",
        time_zone: "Europe/Paris",
        countries: &["FR", "CH"],
        services: &["geographic", "toll_free"],
        website: "https://rhoneline.example",
        domain: "rhoneline.example",
        language: "en",
        people: ["Camille Girard", "Bastien Roche", "Inès Moreau", "Luc Perrin"],
        pulls: false,
        emergency_mode: "operator_fixed",
    },
    OperatorPlan {
        slug: "tidewater",
        name: "Tidewater Carrier",
        time_zone: "America/New_York",
        countries: &["US"],
        services: &["geographic", "toll_free"],
        website: "https://tidewater.example",
        domain: "tidewater.example",
        language: "en",
        people: ["Dana Whitfield", "Marcus Bell", "Rosa Delgado", "Ethan Cole"],
        pulls: true,
        emergency_mode: "tenant",
    },
];

/// A carrier without numbers yet.
pub const NEW_OPERATORS: &[OperatorPlan] = &[OperatorPlan {
    slug: "skerry",
    name: "Skerry Telecom",
    time_zone: "Europe/London",
    countries: &["GB", "IE", "NL"],
    services: &["geographic", "national"],
    website: "https://skerry.example",
    domain: "skerry.example",
    language: "en",
    people: ["Moira Sinclair", "Lachlan Gray", "Eilidh Munro", "Rory Tait"],
    pulls: false,
    emergency_mode: "tenant",
}];

/// Every carrier.
pub fn all_operators() -> impl Iterator<Item = &'static OperatorPlan> {
    OPERATORS.iter().chain(NEW_OPERATORS)
}

/// A run of numbers of one tenant with one operator.
pub struct Block {
    pub tenant: &'static str,
    pub operator: &'static str,
    pub country: &'static str,
    pub city: &'static str,
    pub kind: &'static str,
    pub tag: &'static str,
    /// What stands in front of the counted digits.
    pub prefix: &'static str,
    /// How many digits are counted.
    pub digits: usize,
    pub first: usize,
    /// Numbers at scale 1.
    pub count: usize,
    /// Numbers there can be.
    pub room: usize,
    /// Days ago that the operator provisioned them.
    pub age_days: i64,
}

const fn block(
    parties: [&'static str; 3],
    place: [&'static str; 3],
    range: (&'static str, usize),
    counts: [usize; 3],
    age_days: i64,
) -> Block {
    Block {
        tenant: parties[0],
        operator: parties[1],
        country: parties[2],
        city: place[0],
        kind: place[1],
        tag: place[2],
        prefix: range.0,
        digits: range.1,
        first: counts[0],
        count: counts[1],
        room: counts[2],
        age_days,
    }
}

/// Tenant, operator, country; city, kind, tag; prefix and counted digits; first, count at scale 1, most; age in days.
/// The first block is held since before the last two clock changes.
pub const BLOCKS: &[Block] = &[
    block(["contoso", "norvik", "DE"], ["Berlin", "geographic", "berlin-hq"], ("+493023125", 3), [0, 500, 1_000], 372),
    block(["contoso", "norvik", "DE"], ["Hamburg", "geographic", "hamburg"], ("+494066969", 3), [0, 300, 1_000], 270),
    block(["contoso", "norvik", "DE"], ["Frankfurt", "geographic", "frankfurt"], ("+496990009", 3), [0, 150, 1_000], 210),
    block(["contoso", "norvik", "DE"], ["Munich", "geographic", "munich"], ("+498999998", 3), [0, 100, 1_000], 150),
    block(["contoso", "norvik", "DE"], ["", "mobile", "field"], ("+4917139200", 2), [0, 50, 100], 120),
    block(["contoso", "albion", "GB"], ["London", "geographic", "london"], ("+442079460", 3), [0, 80, 200], 371),
    block(["contoso", "tidewater", "US"], ["Washington", "geographic", "us-sales"], ("+120255501", 2), [0, 40, 100], 180),
    block(["harrow", "albion", "GB"], ["London", "geographic", "head-office"], ("+442079460", 3), [200, 300, 800], 372),
    block(["harrow", "albion", "GB"], ["Leeds", "geographic", "leeds"], ("+441134960", 3), [0, 100, 1_000], 300),
    block(["harrow", "albion", "GB"], ["Manchester", "geographic", "manchester"], ("+441614960", 3), [0, 50, 1_000], 200),
    block(["harrow", "albion", "GB"], ["", "toll_free", "order-line"], ("+448081570", 3), [0, 20, 1_000], 90),
    block(["harrow", "tidewater", "US"], ["New York", "geographic", "new-york"], ("+121255501", 2), [0, 40, 100], 160),
    block(["saentis", "rhoneline", "FR"], ["Paris", "geographic", "paris"], ("+3319900", 4), [0, 150, 10_000], 370),
    block(["saentis", "rhoneline", "FR"], ["Rennes", "geographic", "rennes"], ("+3326191", 4), [0, 50, 10_000], 220),
    block(["saentis", "norvik", "DE"], ["Cologne", "geographic", "cologne"], ("+492214710", 3), [0, 100, 900], 240),
];

/// The number that moved from one tenant to another: Contoso had it, Säntis has it now.
pub const MOVED: &str = "+492214710990";

/// What a customer consented to.
pub struct ConsentPlan {
    pub tenant: &'static str,
    pub operator: &'static str,
    pub countries: &'static [&'static str],
    pub classes: &'static [Class],
    /// Days ago; before the first number of the pair.
    pub age_days: i64,
}

const ALL: &[Class] = &[Class::Numbers, Class::Calls, Class::Quality, Class::Durations, Class::EmergencyLocation];
/// Säntis gives its operators no leave for durations.
const NO_DURATIONS: &[Class] = &[Class::Numbers, Class::Calls, Class::Quality, Class::EmergencyLocation];

const fn consent(tenant: &'static str, operator: &'static str, countries: &'static [&'static str], age_days: i64) -> ConsentPlan {
    ConsentPlan { tenant, operator, countries, classes: ALL, age_days }
}

pub const CONSENTS: &[ConsentPlan] = &[
    consent("contoso", "norvik", &["DE"], 376),
    consent("contoso", "albion", &["GB"], 374),
    consent("contoso", "tidewater", &["US"], 185),
    consent("harrow", "albion", &["GB"], 375),
    consent("harrow", "tidewater", &["US"], 165),
    ConsentPlan { classes: NO_DURATIONS, ..consent("saentis", "rhoneline", &["FR"], 373) },
    ConsentPlan { classes: NO_DURATIONS, ..consent("saentis", "norvik", &["DE"], 245) },
];

/// Street, house number and postal code of a site; invented, in the right town.
pub fn address(city: &str) -> [&'static str; 3] {
    match city {
        "Berlin" => ["Musterallee", "12", "10115"],
        "Hamburg" => ["Speichermuster", "4", "20457"],
        "Frankfurt" => ["Mainmuster", "88", "60311"],
        "Munich" => ["Isarmuster", "21", "80331"],
        "Cologne" => ["Rheinmuster", "7", "50667"],
        "London" => ["Sample Row", "30", "EC1A 1AA"],
        "Leeds" => ["Sample Mill", "2", "LS1 1AA"],
        "Manchester" => ["Sample Wharf", "15", "M1 1AA"],
        "Washington" => ["Example Avenue NW", "900", "20001"],
        "New York" => ["Example Street", "41", "10001"],
        "Paris" => ["Rue de l’Exemple", "17", "75002"],
        "Rennes" => ["Quai de l’Exemple", "3", "35000"],
        _ => ["Example Road", "1", "00000"],
    }
}

/// Departments people work in.
pub const DEPARTMENTS: &[&str] =
    &["Finance", "Dispatch", "Warehouse", "Customs", "Sales", "Legal", "Service", "Engineering", "Human resources"];
/// Resource accounts, with what they are.
pub const DESKS: &[&str] =
    &["Main line menu", "Dispatch queue", "Service queue", "Order line", "Reception", "Night desk", "Fault line", "Returns queue"];
