//! The guard against requests to places that are not the operator's: which URLs may be saved, which addresses may be
//! connected to.
//!
//! Three fences, each of which holds alone: the URL is checked when it is saved and before each post; literal addresses
//! are checked there, because the HTTP client never asks a resolver for them; and names are resolved once by
//! [`GuardedResolver`], which refuses the name if *any* of its addresses is forbidden and hands on only the addresses it
//! checked, so a second answer of the name server (DNS rebinding) has no effect.
//!
//! Ranges opened by `--allow-endpoint-cidr` are exempt, and plain http is spoken to them alone.
//! Sources: limits.md 4 "Webhook SSRF"; IANA special-purpose address registries (RFC 6890); RFC 6052, 6761, 8215.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use ipnet::IpNet;
use ipnet::Ipv4Net;
use ipnet::Ipv6Net;
use url::Host;
use url::Url;

/// Longest URL, in bytes.
const URL_BYTES: usize = 2_048;

/// IPv4 ranges that are never an operator's public endpoint.
const FORBIDDEN_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
    v4(255, 255, 255, 255, 32),
];

/// IPv6 space that is given out for the public internet. All else is refused: unspecified and loopback, v4-compatible
/// (`::/96`), v4-mapped (`::ffff:0:0/96`, write the plain v4 address), local NAT64 (`64:ff9b:1::/48`), discard
/// (`100::/64`), segment routing (`5f00::/16`), unique local (`fc00::/7`), link local (`fe80::/10`), site local
/// (`fec0::/10`), multicast (`ff00::/8`), and whatever is not assigned yet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Parts of [`GLOBAL_V6`] that are not public: protocol assignments with Teredo, documentation (two), and 6to4, which
/// carries a v4 address inside and is no longer in use (RFC 7526).
const FORBIDDEN_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// NAT64: the last 32 bits are an IPv4 address and decide (RFC 6052).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Ports at or above 1024 that belong to other protocols. The first list is browsers' (Fetch standard, "port blocking"),
/// SIP among them; the second holds data stores and container control, which answer to lines of an HTTP request.
const FORBIDDEN_PORTS: [u16; 29] = [
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 1433, 2375,
    2376, 2379, 3306, 5432, 6379, 9042, 11211, 27017,
];

/// Endings of names that can only mean this machine or this network (RFC 6761, 6762, 8375, 7686; `internal`: ICANN 2024).
const LOCAL_ENDINGS: [&str; 7] = ["localhost", "local", "localdomain", "internal", "home.arpa", "onion", "intranet"];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

/// Ranges opened by flag. Addresses in them may be reached, also by plain http.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow(Arc<[IpNet]>);

impl Allow {
    /// Nothing is opened: what `serve` starts with.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// This machine alone: what `demo` starts with.
    #[must_use]
    pub fn loopback() -> Self {
        let v4 = IpNet::V4(v4(127, 0, 0, 0, 8));
        let v6 = IpNet::V6(v6([0, 0, 0, 0, 0, 0, 0, 1], 128));
        [v4, v6].into_iter().collect()
    }

    /// True when nothing is opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when a range holds the address.
    #[must_use]
    pub fn opens(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

impl FromIterator<IpNet> for Allow {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        Self(nets.into_iter().collect())
    }
}

/// An address that must not be connected to. Found in the error chain of a failed post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {0} is not reachable from here on purpose")]
pub struct AddressForbidden(pub IpAddr);

/// Why a URL is not taken, with the words shown to people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardRefusal {
    #[error("Enter a complete URL that begins with https://.")]
    Malformed,
    #[error("Use at most {URL_BYTES} characters.")]
    TooLong,
    #[error("Use https.")]
    NotHttps,
    #[error("Leave user name and password out of the URL; the signature proves who is calling.")]
    Credentials,
    #[error("Leave out the part after #.")]
    Fragment,
    #[error("Port {0} is not usable; use 443 or one from 1024 on that no other protocol owns.")]
    Port(u16),
    #[error("Use a host that is reachable from the internet.")]
    LocalName,
    #[error("Use a host that is reachable from the internet; {0} is not.")]
    Address(IpAddr),
    #[error("The host name is not known to the domain name system.")]
    Unresolved,
}

impl GuardRefusal {
    /// The code of API.md's error body.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotHttps => "endpoint_not_https",
            Self::LocalName | Self::Address(_) => "endpoint_address_forbidden",
            Self::Unresolved => "endpoint_host_unknown",
            Self::Malformed | Self::TooLong | Self::Credentials | Self::Fragment | Self::Port(_) => "endpoint_url_invalid",
        }
    }
}

impl From<AddressForbidden> for GuardRefusal {
    fn from(AddressForbidden(address): AddressForbidden) -> Self {
        Self::Address(address)
    }
}

/// Which addresses a connection may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// https: public addresses and opened ranges.
    PublicAndOpened,
    /// Plain http: opened ranges alone.
    OpenedOnly,
}

impl Reach {
    /// What the scheme of a URL may reach.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        if url.scheme() == "https" { Self::PublicAndOpened } else { Self::OpenedOnly }
    }
}

/// Checks one address. Zone ids cannot be part of an address here.
///
/// # Errors
/// The address that is forbidden.
pub fn check_address(address: IpAddr, allow: &Allow, reach: Reach) -> Result<(), AddressForbidden> {
    if allow.opens(address) {
        return Ok(());
    }
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    if public && reach == Reach::PublicAndOpened { Ok(()) } else { Err(AddressForbidden(address)) }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !FORBIDDEN_V4.iter().any(|net| net.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    GLOBAL_V6.contains(&address) && !FORBIDDEN_V6.iter().any(|net| net.contains(&address))
}

/// Reads a URL as a person or client wrote it. White space around it is dropped; inside it is refused rather than
/// silently removed, as URL parsers otherwise do.
///
/// # Errors
/// Which rule the text breaks.
pub fn parse_url(text: &str) -> Result<Url, GuardRefusal> {
    let text = text.trim();
    if text.len() > URL_BYTES {
        return Err(GuardRefusal::TooLong);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(GuardRefusal::Malformed);
    }
    Url::parse(text).map_err(|_| GuardRefusal::Malformed)
}

/// Checks what can be told without asking a name server. Decimal, octal, hexadecimal and shortened spellings of an
/// address have become that address in `Url` already.
///
/// # Errors
/// Which rule the URL breaks.
pub fn check_url(url: &Url, allow: &Allow) -> Result<(), GuardRefusal> {
    let reach = Reach::of(url);
    if !matches!(url.scheme(), "https" | "http") {
        return Err(GuardRefusal::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(GuardRefusal::Credentials);
    }
    if url.fragment().is_some() {
        return Err(GuardRefusal::Fragment);
    }
    match url.host() {
        Some(Host::Ipv4(address)) => check_literal(address.into(), allow, reach)?,
        Some(Host::Ipv6(address)) => check_literal(address.into(), allow, reach)?,
        Some(Host::Domain(name)) => check_name(name, allow, reach)?,
        None => return Err(GuardRefusal::Malformed),
    }
    check_port(url)
}

fn check_literal(address: IpAddr, allow: &Allow, reach: Reach) -> Result<(), GuardRefusal> {
    check_address(address, allow, reach).map_err(|forbidden| {
        // A public address by plain http lacks the s, not the right address.
        let by_https = check_address(address, allow, Reach::PublicAndOpened);
        if by_https.is_ok() { GuardRefusal::NotHttps } else { forbidden.into() }
    })
}

fn check_name(name: &str, allow: &Allow, reach: Reach) -> Result<(), GuardRefusal> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(GuardRefusal::Malformed);
    }
    if is_localhost(name) && loopback(allow).next().is_some() {
        return Ok(());
    }
    // With ranges opened the addresses decide, when the name is resolved; without, a local name has none to offer.
    if is_local(name) && (allow.is_empty() || is_localhost(name)) {
        return Err(GuardRefusal::LocalName);
    }
    if reach == Reach::OpenedOnly && allow.is_empty() { Err(GuardRefusal::NotHttps) } else { Ok(()) }
}

fn check_port(url: &Url) -> Result<(), GuardRefusal> {
    let standard = if url.scheme() == "https" { 443 } else { 80 };
    match url.port() {
        None => Ok(()),
        Some(port) if port == standard => Ok(()),
        Some(port) if port >= 1024 && !FORBIDDEN_PORTS.contains(&port) => Ok(()),
        Some(port) => Err(GuardRefusal::Port(port)),
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn is_local(name: &str) -> bool {
    let ends = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || LOCAL_ENDINGS.into_iter().any(ends)
}

/// The addresses of `localhost` and names under it, as far as they are opened. Fixed, no name server is asked (RFC 6761).
fn loopback(allow: &Allow) -> impl Iterator<Item = IpAddr> {
    let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    both.into_iter().filter(|address| allow.opens(*address))
}

/// Asks for all addresses of a name. Passed in, so that tests need no network.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The machine's own resolver.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|name| {
        let addresses = async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        };
        addresses.boxed()
    })
}

/// Resolves a name once and checks every address: the checked addresses, or the first forbidden one. Never empty.
async fn resolve(name: &str, allow: &Allow, reach: Reach, lookup: &Lookup) -> io::Result<Vec<IpAddr>> {
    let bare = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let addresses: Vec<_> = if is_localhost(&bare) {
        let opened: Vec<_> = loopback(allow).collect();
        if opened.is_empty() { vec![Ipv4Addr::LOCALHOST.into()] } else { opened }
    } else {
        lookup(name.to_owned()).await?
    };
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    for address in &addresses {
        check_address(*address, allow, reach).map_err(io::Error::other)?;
    }
    Ok(addresses)
}

/// Checks a URL and the addresses its name has now: for the moment of saving. A delivery checks again.
///
/// # Errors
/// Which rule the URL or one of its addresses breaks.
pub async fn check_target(url: &Url, allow: &Allow, lookup: &Lookup) -> Result<(), GuardRefusal> {
    check_url(url, allow)?;
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(());
    };
    let reach = Reach::of(url);
    match resolve(name, allow, reach, lookup).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refusal_of(&error, allow, reach)),
    }
}

fn refusal_of(error: &io::Error, allow: &Allow, reach: Reach) -> GuardRefusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<AddressForbidden>());
    let Some(AddressForbidden(address)) = inner else {
        return GuardRefusal::Unresolved;
    };
    match check_literal(*address, allow, reach) {
        Err(refusal) => refusal,
        Ok(()) => GuardRefusal::Address(*address),
    }
}

/// The resolver that the HTTP client connects by. It answers with checked addresses or with [`AddressForbidden`].
#[derive(Clone)]
pub struct GuardedResolver {
    pub allow: Allow,
    pub reach: Reach,
    pub lookup: Lookup,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let Self { allow, reach, lookup } = self.clone();
        let addresses = async move {
            let found = resolve(name.as_str(), &allow, reach, &lookup).await?;
            // Port 0 stands for the port of the URL; a zone id cannot come through.
            let sockets = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as reqwest::dns::Addrs)
        };
        Box::pin(addresses)
    }
}

#[cfg(test)]
mod tests;
