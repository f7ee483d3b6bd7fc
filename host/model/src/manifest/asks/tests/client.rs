//! The operator's own client: who logs in with it, and which hosts get its secret.

use super::asks;
use crate::manifest::{Asks, parse::parse};

const TOP: &str = "id = \"acme.books\"\nversion = \"0.1.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\ncategory = \"accounting\"\nsummary = \"Reads the books.\"\n";

/// Client credentials that are entered, or the operator's without the fields.
const CREDENTIALS: &str = "[[auth]]\nid = \"c\"\nkind = \"oauth2-client-credentials\"\nlabel = \"C\"\n\n[auth.token]\nurl = \"https://{region.login}/token\"\n\n\
    [auth.region-by]\nfrom = \"field:place\"\n\n\
    [[auth.region]]\nid = \"eu\"\nlabel = \"E\"\nvalues = { login = \"login.eu.example\" }\n\n\
    [[auth.region]]\nid = \"us\"\nlabel = \"U\"\nvalues = { login = \"login.us.example\" }\n\n\
    [[auth.field]]\nid = \"place\"\nlabel = \"Place\"\ntype = \"select\"\noptions = [\"eu\", \"us\"]\n";
const ENTERED: &str = "\n[[auth.field]]\nid = \"client_id\"\nlabel = \"I\"\ntype = \"text\"\n\n[[auth.field]]\nid = \"client_secret\"\nlabel = \"S\"\ntype = \"secret\"\n";

/// Two ways to log in with the operator's client, at different hosts.
const TWO: &str = "[[auth]]\nid = \"one\"\nkind = \"oauth2\"\nlabel = \"One\"\n\n\
    [auth.authorize]\nurl = \"https://page.one.example/authorize\"\n\n\
    [auth.token]\nurl = \"https://login.one.example/token\"\n\n\
    [[auth]]\nid = \"two\"\nkind = \"oauth2\"\nlabel = \"Two\"\n\n\
    [auth.authorize]\nurl = \"https://page.two.example/authorize\"\n\n\
    [auth.token]\nurl = \"https://login.two.example:8443/token\"\n\n\
    [auth.refresh]\nurl = \"https://refresh.two.example/token\"\n\n\
    [auth.exchange]\nurl = \"https://exchange.two.example/token\"\n\n\
    [auth.revoke]\nurl = \"https://revoke.two.example/revoke\"\nclient-auth = \"none\"\n";

fn of(text: &str) -> Asks {
    asks(&format!("{TOP}{text}"))
}

fn sentences(text: &str) -> Vec<String> {
    let manifest = parse(&format!("{TOP}{text}"), &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}"));
    manifest.asks().sentences(&manifest)
}

#[test]
fn the_operators_client_in_place_of_an_entered_one_is_growth() {
    let (entered, operators) = (of(&format!("{CREDENTIALS}{ENTERED}")), of(CREDENTIALS));
    let lines = operators.beyond(&entered);
    assert_eq!(
        lines,
        [
            "logs in at login.eu.example, login.us.example with the operator's own client instead of what the person \
             enters: c",
            "sends the operator's client secret to a new host: login.eu.example",
            "sends the operator's client secret to a new host: login.us.example",
        ]
    );
    assert!(!entered.beyond(&operators).iter().any(|line| line.contains("operator")), "less is asked of the operator");
    assert_eq!(operators.beyond(&operators), Vec::<String>::new());
}

#[test]
fn every_host_that_gets_the_operators_client_secret_is_told() {
    let hosts = "exchange.two.example, login.one.example, login.two.example:8443, refresh.two.example";
    let told = format!("Sends the operator's client secret to {hosts}");
    assert!(sentences(TWO).contains(&told), "{:#?}", sentences(TWO));
    let told = "Sends the operator's client secret to login.eu.example, login.us.example".to_owned();
    assert!(sentences(CREDENTIALS).contains(&told), "{:#?}", sentences(CREDENTIALS));
    for text in [format!("{CREDENTIALS}{ENTERED}"), TWO.replace("token\"\n", "token\"\nclient-auth = \"none\"\n")] {
        let sentences = sentences(&text);
        assert!(!sentences.iter().any(|one| one.contains("client secret to")), "it is sent nowhere: {sentences:#?}");
    }
}

#[test]
fn another_host_that_gets_the_operators_client_secret_is_growth() {
    let granted = of(TWO);
    let one = of(TWO.split_once("[[auth]]\nid = \"two\"").expect("two logins").0);
    let new = "sends the operator's client secret to a new host:";
    let told = |lines: Vec<String>| {
        lines.into_iter().filter_map(|line| Some(line.strip_prefix(new)?.trim().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(
        told(granted.beyond(&one)),
        ["exchange.two.example", "login.two.example:8443", "refresh.two.example"],
        "a new way to log in shares the client"
    );
    for (from, to, host) in [
        ("https://login.one.example/token", "https://evil.example/token", "evil.example"),
        ("https://login.two.example:8443", "https://login.two.example", "login.two.example"),
        ("https://refresh.two.example", "https://evil.example", "evil.example"),
        ("https://exchange.two.example", "https://evil.example", "evil.example"),
        ("\nclient-auth = \"none\"", "", "revoke.two.example"),
    ] {
        assert!(TWO.contains(from), "{from}");
        assert_eq!(told(of(&TWO.replacen(from, to, 1)).beyond(&granted)), [host], "{to}");
    }
    // Where the other way to log in sends it already, the address is told, and no host is new.
    let moved = of(&TWO.replacen("https://refresh.two.example", "https://login.one.example", 1)).beyond(&granted);
    assert!(moved.iter().any(|line| line.starts_with("changes the refresh address")), "{moved:?}");
    assert_eq!(told(moved), Vec::<String>::new());
    let region =
        "\n[[auth.region]]\nid = \"ca\"\nlabel = \"C\"\nvalues = { login = \"login.ca.example\" }\n\n[[auth.field]]";
    let more = CREDENTIALS.replacen("\n[[auth.field]]", region, 1).replacen("\"us\"]", "\"us\", \"ca\"]", 1);
    assert_eq!(told(of(&more).beyond(&of(CREDENTIALS))), ["login.ca.example"]);
}
