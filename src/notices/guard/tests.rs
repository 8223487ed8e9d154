//! Addresses that are refused, by every way they can be written.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use reqwest::dns::Resolve as _;

use super::*;

fn verdict(text: &str, allow: &Allow) -> &'static str {
    match parse_url(text).and_then(|url| check_url(&url, allow)) {
        Ok(()) => "fine",
        Err(refusal) => refusal.code(),
    }
}

fn fixed(addresses: &'static [&'static str]) -> Lookup {
    Arc::new(move |_| {
        let found = addresses.iter().map(|address| address.parse().unwrap()).collect();
        std::future::ready(Ok(found)).boxed()
    })
}

/// Spellings of places that are not an operator's. Each must be refused by `serve`, which opens nothing.
const FORBIDDEN: [&str; 96] = [
    // Loopback, and its decimal, octal, hexadecimal, short, mixed, dotted and wide spellings.
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7F.1/",
    "https://0177.0.0.1/",
    "https://0177.0x0.0.01/",
    "https://0x7f.0.0.0x1/",
    "https://127.0.0.0001/",
    "https://127.000.000.001/",
    "https://%31%32%37.0.0.1/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://127．0．0．1/",
    "https://①②⑦.⓪.⓪.①/",
    "https:127.0.0.1/",
    "https:/127.0.0.1/",
    "https:///127.0.0.1/",
    "https://127.0.0.1:8443/",
    "HTTPS://127.0.0.1/",
    // "This" network and its shortest spellings.
    "https://0/",
    "https://0.0.0.0/",
    "https://0x0/",
    "https://00000000/",
    "https://0.1.2.3/",
    // Private, shared, link local with the metadata service, protocol assignments.
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://012.0.0.1/",
    "https://167772161/",
    "https://100.64.0.1/",
    "https://100.127.255.254/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://172.16.0.1/",
    "https://172.31.255.254/",
    "https://192.168.0.1/",
    "https://192.168.257/",
    "https://192.0.0.8/",
    "https://192.88.99.1/",
    // Documentation, benchmarks, multicast, reserved, broadcast.
    "https://192.0.2.1/",
    "https://198.51.100.7/",
    "https://203.0.113.9/",
    "https://198.18.0.1/",
    "https://198.19.255.254/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://4294967295/",
    // IPv6: unspecified, loopback, v4-compatible, v4-mapped in each spelling, translated.
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "https://[::127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[::8.8.8.8]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::FFFF:7F00:0001]/",
    "https://[0:0:0:0:0:ffff:a00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::1]/",
    // IPv6: discard, protocol assignments with Teredo, documentation, 6to4, segment routing.
    "https://[100::1]/",
    "https://[2001::1]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:808:808::1]/",
    "https://[5f00::1]/",
    // IPv6: unique local, link local, site local, multicast, not assigned.
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[febf::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[4000::1]/",
    // Names of this machine and of this network.
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://a.b.localhost/",
    "https://ｌｏｃａｌｈｏｓｔ/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://intranet/",
];

#[test]
fn no_spelling_of_a_forbidden_place_passes() {
    for text in FORBIDDEN {
        assert_eq!(verdict(text, &Allow::none()), "endpoint_address_forbidden", "{text}");
    }
}

#[test]
fn texts_that_are_no_usable_url_are_refused() {
    let cases = [
        ("", "endpoint_url_invalid"),
        ("hooks.carrier.example", "endpoint_url_invalid"),
        ("//hooks.carrier.example/", "endpoint_url_invalid"),
        ("https://", "endpoint_url_invalid"),
        ("https://[fe80::1%25eth0]/", "endpoint_url_invalid"),
        ("https://[fe80::1%eth0]/", "endpoint_url_invalid"),
        ("https://[::1/", "endpoint_url_invalid"),
        ("https://256.1.1.1/", "endpoint_url_invalid"),
        ("https://1.2.3.4.5/", "endpoint_url_invalid"),
        ("https://0x7f.0.0.1.2/", "endpoint_url_invalid"),
        ("https://carrier.example/a b", "endpoint_url_invalid"),
        ("https://carrier.ex\tample/", "endpoint_url_invalid"),
        ("https://carrier.example\\@127.0.0.1/", "endpoint_url_invalid"),
        ("https://carrier..example/", "endpoint_url_invalid"),
        ("https://carrier.example../", "endpoint_url_invalid"),
        ("https://user@carrier.example/", "endpoint_url_invalid"),
        ("https://user:secret@carrier.example/", "endpoint_url_invalid"),
        ("https://carrier.example@127.0.0.1/", "endpoint_url_invalid"),
        ("https://carrier.example/#part", "endpoint_url_invalid"),
        ("https://carrier.example:0/", "endpoint_url_invalid"),
        ("https://carrier.example:22/", "endpoint_url_invalid"),
        ("https://carrier.example:80/", "endpoint_url_invalid"),
        ("https://carrier.example:1023/", "endpoint_url_invalid"),
        ("https://carrier.example:5060/", "endpoint_url_invalid"),
        ("https://carrier.example:6379/", "endpoint_url_invalid"),
        ("https://carrier.example:65536/", "endpoint_url_invalid"),
        ("http://carrier.example/", "endpoint_not_https"),
        ("http://8.8.8.8/", "endpoint_not_https"),
        ("http://127.0.0.1/", "endpoint_address_forbidden"),
        ("ftp://carrier.example/", "endpoint_not_https"),
        ("file:///etc/passwd", "endpoint_not_https"),
        ("gopher://carrier.example:6379/_", "endpoint_not_https"),
        ("javascript:alert(1)", "endpoint_not_https"),
    ];
    for (text, expected) in cases {
        assert_eq!(verdict(text, &Allow::none()), expected, "{text}");
    }
    let long = format!("https://carrier.example/{}", "a".repeat(URL_BYTES));
    assert_eq!(parse_url(&long), Err(GuardRefusal::TooLong));
}

#[test]
fn ordinary_endpoints_pass() {
    for text in [
        "https://hooks.carrier.example/concord",
        " https://hooks.carrier.example/concord\n",
        "https://hooks.carrier.example:443/",
        "https://hooks.carrier.example:8443/x?y=z",
        "https://hooks.carrier.example:65535/",
        "https://hooks.carrier.example./",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        "https://localhost.carrier.example/",
        "https://notlocalhost.example/",
        "https://8.8.8.8/",
        "https://9.255.255.255/",
        "https://11.0.0.0/",
        "https://172.15.255.255/",
        "https://172.32.0.0/",
        "https://100.63.255.255/",
        "https://100.128.0.0/",
        "https://198.17.255.255/",
        "https://198.20.0.0/",
        "https://223.255.255.255/",
        "https://[2606:4700::1111]/",
        "https://[2001:200::1]/",
        "https://[64:ff9b::8.8.8.8]/",
    ] {
        assert_eq!(verdict(text, &Allow::none()), "fine", "{text}");
    }
}

#[test]
fn demo_opens_this_machine_and_nothing_else() {
    let allow = Allow::loopback();
    for text in [
        "http://127.0.0.1:4010/hook",
        "http://127.9.9.9/",
        "http://[::1]:4010/hook",
        "http://localhost:4010/hook",
        "http://localhost./",
        "http://sink.localhost:4010/",
        "https://127.0.0.1:4010/",
        "https://hooks.carrier.example/",
    ] {
        assert_eq!(verdict(text, &allow), "fine", "{text}");
    }
    for text in [
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
    ] {
        assert_eq!(verdict(text, &allow), "endpoint_address_forbidden", "{text}");
    }
    assert_eq!(verdict("http://8.8.8.8/", &allow), "endpoint_not_https");
    assert_eq!(verdict("http://127.0.0.1:443/", &allow), "endpoint_url_invalid");
    assert_eq!(verdict("http://127.0.0.1:5432/", &allow), "endpoint_url_invalid");
}

#[tokio::test]
async fn one_forbidden_address_among_many_refuses_the_name() {
    let url = parse_url("https://hooks.carrier.example/").unwrap();
    let allow = Allow::none();
    let mixed = fixed(&["93.184.216.34", "2606:4700::1111", "10.0.0.7"]);
    assert_eq!(check_target(&url, &allow, &mixed).await, Err(GuardRefusal::Address("10.0.0.7".parse().unwrap())));
    assert_eq!(check_target(&url, &allow, &fixed(&["93.184.216.34", "2606:4700::1111"])).await, Ok(()));
    assert_eq!(check_target(&url, &allow, &fixed(&[])).await, Err(GuardRefusal::Unresolved));
    let broken: Lookup = Arc::new(|_| std::future::ready(Err(io::Error::other("no name server"))).boxed());
    assert_eq!(check_target(&url, &allow, &broken).await, Err(GuardRefusal::Unresolved));
}

#[tokio::test]
async fn plain_http_goes_to_opened_ranges_only() {
    let allow: Allow = ["10.1.0.0/16".parse().unwrap()].into_iter().collect();
    let url = parse_url("http://receiver.internal:8080/").unwrap();
    assert_eq!(check_url(&url, &allow), Ok(()), "the addresses decide");
    assert_eq!(check_target(&url, &allow, &fixed(&["10.1.2.3"])).await, Ok(()));
    assert_eq!(check_target(&url, &allow, &fixed(&["8.8.8.8"])).await, Err(GuardRefusal::NotHttps));
    let inner = "10.2.2.3".parse().unwrap();
    assert_eq!(check_target(&url, &allow, &fixed(&["10.2.2.3"])).await, Err(GuardRefusal::Address(inner)));
    let secure = parse_url("https://receiver.internal:8443/").unwrap();
    assert_eq!(check_target(&secure, &allow, &fixed(&["10.1.2.3", "8.8.8.8"])).await, Ok(()));
}

#[tokio::test]
async fn names_under_localhost_never_ask_a_name_server() {
    let lookup: Lookup = Arc::new(|_| panic!("asked"));
    let url = parse_url("http://a.localhost:8080/").unwrap();
    assert_eq!(check_target(&url, &Allow::loopback(), &lookup).await, Ok(()));
    let resolver = GuardedResolver { allow: Allow::none(), reach: Reach::PublicAndOpened, lookup };
    let error = resolver.resolve("LocalHost.".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn a_name_that_turns_inward_between_two_answers_is_not_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let address: IpAddr = if first { "93.184.216.34" } else { "169.254.169.254" }.parse().unwrap();
        std::future::ready(Ok(vec![address])).boxed()
    });
    let resolver = GuardedResolver { allow: Allow::none(), reach: Reach::PublicAndOpened, lookup };
    let first: Vec<_> = resolver.resolve("rebind.example".parse().unwrap()).await.unwrap().collect();
    assert_eq!(first, ["93.184.216.34:0".parse().unwrap()], "exactly the checked address, asked once");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let error = resolver.resolve("rebind.example".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("169.254.169.254"), "{error}");
}
