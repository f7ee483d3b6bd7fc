use super::*;

fn grant() -> Grant {
    let host = |origin: &str, paths: &[&str], methods: &[&str]| Host {
        origin: origin.to_owned(),
        ports: Vec::new(),
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        slots: Vec::new(),
        reason: String::new(),
    };
    Grant {
        hosts: vec![
            host("https://live.example.com", &["/api/v4/f/{firm_id}/"], &["GET"]),
            host("https://{shop}.example.net", &["/"], &["GET", "POST"]),
        ],
        placeholders: BTreeMap::from([
            ("firm_id".to_owned(), "12 3".to_owned()),
            ("shop".to_owned(), "acme".to_owned()),
        ]),
        ..Grant::default()
    }
}

fn refusal(grant: &Grant, method: &str, url: &str) -> Option<String> {
    find(grant, method, &Target::parse(url).expect("a target"), &[]).err()
}

#[test]
fn a_grant_covers_its_origin_paths_and_methods() {
    let grant = grant();
    assert_eq!(refusal(&grant, "GET", "https://live.example.com/api/v4/f/12%203/companies?x=1"), None);
    assert_eq!(refusal(&grant, "POST", "https://acme.example.net/a"), None);
}

#[test]
fn a_refusal_names_the_missing_line() {
    let grant = grant();
    let at = |method, url| refusal(&grant, method, url).expect("a refusal");
    assert!(at("GET", "https://evil.example/x").contains("[[host]]\norigin = \"https://evil.example\""));
    assert!(at("GET", "https://live.example.com/api/v4/f/4/x").contains("paths = [… \"/api/v4/f/4/x\"]"));
    assert!(at("POST", "https://live.example.com/api/v4/f/12%203/x").contains("methods = [… \"POST\"]"));
    assert!(at("GET", "https://live.example.com:8443/api/v4/f/12%203/x").contains("https://live.example.com:8443"));
    assert!(at("GET", "https://other.example.net/").contains("https://other.example.net"));
}

#[test]
fn a_person_cannot_widen_a_host_by_what_they_enter() {
    for shop in ["evil.example/", "a.b", "evil.example#", "", "a:80", "x@y", "evil.example%2f"] {
        let mut grant = grant();
        grant.placeholders.insert("shop".to_owned(), shop.to_owned());
        for url in ["https://evil.example/.example.net", "https://a.b.example.net/", "https://evil.example/"] {
            assert!(refusal(&grant, "GET", url).is_some(), "{shop} at {url}");
        }
    }
}

#[test]
fn a_prefix_ends_at_a_segment() {
    let none = BTreeMap::new();
    assert!(covers("/user", &none, "/user") && covers("/user", &none, "/user/repos") && covers("/", &none, "/x"));
    assert!(!covers("/user", &none, "/users") && !covers("/user/", &none, "/user"));
    assert!(!covers("/f/{id}/", &none, "/f/{id}/x"));
}
