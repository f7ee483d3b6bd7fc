use super::*;

fn host(origin: &str, ports: &[u16]) -> Host {
    Host {
        origin: origin.to_owned(),
        ports: ports.to_vec(),
        paths: vec!["/".to_owned()],
        methods: vec!["GET".to_owned()],
        slots: Vec::new(),
        reason: String::new(),
    }
}

fn at(origin: &str, name: &str, value: &str) -> Option<String> {
    let placeholders = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    of(&host(origin, &[]), &placeholders).map(|origin| origin.to_string())
}

#[test]
fn a_regions_value_is_a_host_or_labels_of_one() {
    for (origin, value, expected) in [
        ("https://{region.api}", "api.eu.example.com", "https://api.eu.example.com"),
        ("https://{region.api}:8443", "api.eu.example.com", "https://api.eu.example.com:8443"),
        ("https://www.{region.api}", "apis.example.eu", "https://www.apis.example.eu"),
        ("https://{region.api}.example.com", "eu1", "https://eu1.example.com"),
        ("https://{region.api}.example.com", "eu1.dc", "https://eu1.dc.example.com"),
        ("https://api.{region.api}.example.com", "eu-1", "https://api.eu-1.example.com"),
    ] {
        assert_eq!(at(origin, "region.api", value).as_deref(), Some(expected), "{origin} with {value}");
    }
}

#[test]
fn a_regions_value_with_anything_else_makes_no_origin() {
    for value in [
        "",
        ".",
        "a..b",
        ".a.example",
        "a.example.",
        "API.example.com",
        "a.example/",
        "a.example/x",
        "a.example:8443",
        "u@a.example",
        "a.example#",
        "a.example?",
        "a.example\\",
        "a_b.example",
        "a.example ",
        "a.exa mple",
        "-a.example",
        "a-.example",
        "bücher.example",
        "ａ.example",
        "a。example",
        "a%2eexample",
        "{a}.example",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "[::1]",
        "::1",
        "\u{0}a.example",
        "a.example\r\nhost: b",
    ] {
        assert_eq!(at("https://{region.api}", "region.api", value), None, "{value:?}");
    }
    assert_eq!(at("https://{region.api}", "region.other", "a.example"), None, "a value that is not there");
    assert_eq!(at("https://{region.api}", "region.api", &"a.".repeat(130)), None);
}

/// Only the release's table may fill more than a label.
#[test]
fn a_field_is_one_label_even_where_a_region_might_be_a_host() {
    assert_eq!(at("https://{shop}.example.net", "shop", "acme").as_deref(), Some("https://acme.example.net"));
    for value in ["a.b", "evil.example", "a/", "a@b", "a:1", ""] {
        assert_eq!(at("https://{shop}.example.net", "shop", value), None, "{value}");
        assert_eq!(at("https://{shop}", "shop", value), None, "{value}");
        assert_eq!(at("https://{regional.shop}", "regional.shop", value), None, "{value}");
    }
}

#[test]
fn an_address_of_a_customers_own_is_an_origin_in_its_one_spelling() {
    for value in
        ["https://odoo.example.com", "https://odoo.example.com:8069", "https://xn--bcher-kva.example", "https://erp"]
    {
        assert_eq!(at("{base}", "base", value).as_deref(), Some(value));
    }
    for value in [
        "",
        "odoo.example.com",
        "http://odoo.example.com",
        "HTTPS://odoo.example.com",
        "https://Odoo.example.com",
        "https://odoo.example.com/",
        "https://odoo.example.com/web",
        "https://odoo.example.com?x",
        "https://odoo.example.com#x",
        "https://odoo.example.com\\",
        "https://odoo.example.com:443",
        "https://odoo.example.com:08069",
        "https://odoo.example.com:0",
        "https://odoo.example.com:65536",
        "https://odoo.example.com:",
        "https://odoo.example.com.",
        "https://user@odoo.example.com",
        "https://user:pw@odoo.example.com",
        "https://evil.example\\@odoo.example.com",
        "https://127.0.0.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://[::1]",
        "https://bücher.example",
        "https://odoo。example",
        "https://ＯＤＯＯ.example",
        "https://odoo%2eexample.com",
        "https://odoo.example.com\t",
        " https://odoo.example.com",
        "https://odoo.example.com\r\nhost: x",
        "https://{shop}.example.com",
        "https://",
    ] {
        assert_eq!(at("{base}", "base", value), None, "{value:?}");
    }
    // Only alone it is an origin: beside anything else a value is a label, or part of a host.
    for origin in ["{base}/", "https://{base}", "{base}{base}", "x{base}", "{region.base}"] {
        assert_eq!(at(origin, "base", "https://odoo.example.com"), None, "{origin}");
        assert_eq!(at(origin, "region.base", "https://odoo.example.com"), None, "{origin}");
    }
}

#[test]
fn the_operator_has_the_last_word_on_addresses_of_customers_own() {
    let origin = |text: &str| Origin::parse(text).expect("an origin");
    let listed = CustomerOrigins::Listed(vec!["https://Odoo.example.com/".to_owned(), "no address".to_owned()]);
    let said = |grants: &CustomerOrigins, of: &str, text: &str| {
        let grant = Grant { customer_origins: grants.clone(), ..Grant::default() };
        granted(&host(of, &[8069]), &origin(text), &grant, &[8443]).err()
    };
    for text in ["https://odoo.example.com", "https://odoo.example.com:8069", "https://elsewhere.example:8443"] {
        assert_eq!(said(&CustomerOrigins::AnyPublic, "{base}", text), None, "{text}");
        let refusal = said(&CustomerOrigins::None, "{base}", text).expect("a refusal");
        let taught = "the operator grants this connector no addresses of customers' own; see the connector's grant";
        assert!(refusal.contains(taught) && refusal.contains(text), "{refusal}");
        assert_eq!(said(&CustomerOrigins::None, "https://odoo.example.com", text), None, "the manifest's own");
    }
    assert_eq!(said(&listed, "{base}", "https://odoo.example.com"), None, "compared as origins");
    for text in ["https://elsewhere.example", "https://odoo.example.com:8069", "https://x.odoo.example.com"] {
        let refusal = said(&listed, "{base}", text).expect("a refusal");
        assert!(refusal.contains(text) && refusal.contains("connector's grant"), "{refusal}");
    }
    let refusal = said(&CustomerOrigins::AnyPublic, "{base}", "https://odoo.example.com:9000").expect("a refusal");
    assert!(refusal.contains("origin = \"{base}\":\nports = [… 9000]"), "{refusal}");
    assert!(refusal.contains("egress.allowed_ports = [… 9000]"), "{refusal}");
}

#[test]
fn what_a_person_entered_is_told_from_what_a_region_says() {
    for (origin, entered) in [
        ("https://api.example.com", false),
        ("https://{region.api}", false),
        ("https://{region.a}.{region.b}.example", false),
        ("https://{shop}.example.com", true),
        ("https://{shop}.{region.api}", true),
        ("https://{region}.example.com", true),
        ("{base}", true),
    ] {
        assert_eq!(is_entered(&host(origin, &[])), entered, "{origin}");
    }
}
