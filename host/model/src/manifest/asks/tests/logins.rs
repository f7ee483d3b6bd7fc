//! Powers of logins: what is new is told, and approvals from before are read and grant nothing of it.

use super::asks;
use crate::manifest::{Asks, parse::parse};

const TOP: &str = "id = \"acme.books\"\nversion = \"0.1.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\ncategory = \"accounting\"\nsummary = \"Reads the books.\"\n";

/// A login with every power that a login can have.
const OAUTH: &str = r#"
[[auth]]
id = "oauth"
kind = "oauth2"
label = "Log in"

[auth.authorize]
url = "https://login.acme.example/authorize"
params = { user_scope = "chat" }

[auth.token]
url = "https://{region.login}/token"

[auth.exchange]
url = "https://{region.login}/exchange"
params = { short = "{access_token}" }

[auth.refresh]
url = "https://{region.login}/exchange"
params = { long = "{access_token}" }

[auth.revoke]
url = "https://{region.login}/revoke"

[auth.answer]
scope = "/scopes"
more = { second = "/second/token" }

[auth.region-by]
from = "callback:place"
otherwise = "eu"

[[auth.region]]
id = "eu"
label = "Europe"
values = { login = "login.eu.acme.example", api = "api.eu.acme.example" }

[[auth.slot]]
id = "main"
standard = true
place = "header"
name = "Authorization"
value = "Bearer {access_token}"
with = ["proof"]

[[auth.slot]]
id = "proof"
place = "signed"
name = "proof"
value = "{access_token}"
signature = { key = "{client_secret}", into = "query" }

[[auth.slot]]
id = "second"
place = "header"
name = "X-Second"
value = "{second}"

[[host]]
origin = "https://{region.api}"
methods = ["GET"]
slots = ["main", "proof", "second"]
reason = "the API"
"#;

/// A session at a customer's own address.
const SESSION: &str = r#"
[[auth]]
id = "session"
kind = "session"
label = "Own server"

[auth.login]
url = "{server}/login"
params = { password = "{password}" }

[auth.answer]
access-token = "/token"

[[auth.field]]
id = "server"
label = "Server"
type = "origin"

[[auth.field]]
id = "password"
label = "Password"
type = "secret"

[[auth.slot]]
id = "bearer"
standard = true
place = "header"
name = "Authorization"
value = "Bearer {access_token}"

[[host]]
origin = "{server}"
ports = [8069]
methods = ["GET"]
slots = ["bearer"]
reason = "What is entered as Server"
"#;

fn of(text: &str) -> Asks {
    asks(&format!("{TOP}{text}"))
}

const US: &str = "[[auth.region]]\nid = \"us\"\nlabel = \"A\"\nvalues = { login = \"login.us.acme.example\", api = \"api.us.acme.example\" }\n\n[[auth.slot]]";

#[test]
fn every_growth_of_a_login_is_told() {
    for (good, from, to, told) in [
        (OAUTH, "[[auth.slot]]", US, "adds the region us to oauth: api.us.acme.example, login.us.acme.example"),
        (
            OAUTH,
            "api.eu.acme",
            "api.evil",
            "changes api of the region eu of oauth from api.eu.acme.example to api.evil",
        ),
        (OAUTH, "callback:place", "callback:other", "chooses the region of oauth in another way: callback:other"),
        (OAUTH, "otherwise = \"eu\"", "equals = \"api\"", "chooses the region of oauth in another way"),
        (
            OAUTH,
            "{region.login}/exchange\"\nparams = { short",
            "evil.example/e\"\nparams = { short",
            "exchange address",
        ),
        (OAUTH, "short = \"{access_token}\"", "more = \"1\"", "other parameters to the exchange address"),
        (OAUTH, "{region.login}/revoke", "evil.example/revoke", "changes the revocation address of oauth"),
        (OAUTH, "[auth.revoke]\nurl = \"https://{region.login}/revoke\"\n", "", "no longer gives tokens back"),
        (
            OAUTH,
            "{region.login}/revoke\"",
            "{region.login}/revoke\"\nmethod = \"DELETE\"",
            "parameters to the revocation",
        ),
        (
            OAUTH,
            "label = \"Log in\"",
            "label = \"L\"\nrevoke-ends = \"grant\"",
            "all that a person ever granted: oauth",
        ),
        (
            OAUTH,
            "more = { second",
            "more = { third = \"/third\", second",
            "further token of the login: third from /third",
        ),
        (OAUTH, "/second/token", "/other/token", "takes the token second from /other/token"),
        (OAUTH, "scope = \"/scopes\"", "access-token = \"/data/token\"", "takes the access token from /data/token"),
        (OAUTH, "key = \"{client_secret}\"", "key = \"{second}\"", "signs slot proof in another way"),
        (OAUTH, "into = \"query\"", "into = \"header\"", "signs slot proof in another way"),
        (OAUTH, "with = [\"proof\"]", "with = [\"proof\", \"second\"]", "sends the credential second along with main"),
        (OAUTH, "label = \"Log in\"", "label = \"L\"\npkce = false", "no longer binds the login with PKCE: oauth"),
        (OAUTH, "user_scope = \"chat\"", "user_scope = \"chat,admin\"", "other parameters to the login page"),
        (SESSION, "{server}/login", "{server}/other", "changes the session's login address of session"),
        (
            SESSION,
            "ports = [8069]",
            "ports = [8069, 9000]",
            "another port of customers' own addresses: {server}, port 9000",
        ),
    ] {
        assert!(good.contains(from), "{from:?} is not in the manifest");
        let lines = of(&good.replacen(from, to, 1)).beyond(&of(good));
        assert!(lines.iter().any(|line| line.contains(told)), "{told:?} is not in {lines:#?}");
    }
}

#[test]
fn the_first_address_of_a_customers_own_is_told() {
    let fixed = SESSION.replace("{server}/login", "https://acme.example/login").replace("ports = [8069]\n", "");
    let fixed = fixed.replace("origin = \"{server}\"", "origin = \"https://acme.example\"");
    let fixed = fixed.replace("[[auth.field]]\nid = \"server\"\nlabel = \"Server\"\ntype = \"origin\"\n", "");
    let lines = of(SESSION).beyond(&of(&fixed));
    assert!(lines.contains(&"asks for addresses of customers' own: {server}".to_owned()), "{lines:#?}");
}

#[test]
fn the_same_or_less_of_a_login_is_no_growth() {
    for (good, from, to) in [
        (OAUTH, "with = [\"proof\"]", ""),
        (OAUTH, ", second", ""),
        (SESSION, "ports = [8069]\n", ""),
        (SESSION, "label = \"Own server\"", "label = \"Yours\"\nlife-seconds = 600"),
    ] {
        assert_eq!(of(&good.replacen(from, to, 1)).beyond(&of(good)), Vec::<String>::new(), "{to}");
    }
    let two = OAUTH.replacen("[[auth.slot]]", US, 1);
    assert_eq!(of(OAUTH).beyond(&of(&two)), Vec::<String>::new(), "a region less");
}

/// What an approval looked like before any of this could be asked.
const OLD: &str = r#"{"reach": [{"origin": "https://{region.api}", "path": "/", "method": "GET", "slot": "main"}],
  "logins": {"oauth": {"kind": "oauth2", "authorize": {"url": "https://login.acme.example/authorize", "params":
  {"user_scope": "chat"}, "place": "form", "client-auth": "body"}, "token": {"url": "https://{region.login}/token",
  "place": "form", "client-auth": "body"}, "refresh": null, "pkce": true, "issuer": null, "scopes": [], "fields": {},
  "facts": {}, "slots": {"main": {"place": "header", "name": "Authorization", "value": "Bearer {access_token}"}}}},
  "fetch": false, "push": false, "streams": {}, "actions": {}, "limits": {"memory-mib": 64, "run-minutes": 30}}"#;

#[test]
fn an_approval_from_before_is_read_and_grants_nothing_new() {
    let old: Asks = serde_json::from_str(OLD).expect("an old approval");
    let lines = of(OAUTH).beyond(&old);
    for told in [
        "has a new exchange address of oauth",
        "has a new revocation address of oauth",
        "adds the region eu to oauth",
        "keeps a further token of the login: second",
        "sends the credential proof along with main",
        "puts the credential in a new slot: proof",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(told)), "{told:?} is not in {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.contains("login page")), "what was granted is not told: {lines:#?}");
    assert!(of(SESSION).beyond(&old).iter().any(|line| line.starts_with("asks for addresses of customers' own")));
}

#[test]
fn the_asks_of_every_login_are_stored_and_read_again() {
    for text in [OAUTH, SESSION] {
        let asks = of(text);
        let json = serde_json::to_string(&asks).expect("JSON");
        assert_eq!(serde_json::from_str::<Asks>(&json).expect("the same"), asks);
    }
}

#[test]
fn a_manifest_says_whether_it_asks_for_customers_own_addresses() {
    let manifest = |text: &str| parse(&format!("{TOP}{text}"), &|_| None).expect("a manifest");
    assert!(manifest(SESSION).asks_customer_origins());
    assert!(!manifest(OAUTH).asks_customer_origins());
}

#[test]
fn the_review_step_says_what_a_login_does() {
    for (text, sentences) in [
        (
            OAUTH,
            &[
                "Sends the person to https://login.acme.example/authorize to log in (Log in)",
                "Tells the login page user_scope=chat (Log in)",
                "Gets tokens from https://{region.login}/token",
                "Exchanges the tokens right after the login at https://{region.login}/exchange (Log in)",
                "Renews tokens at https://{region.login}/exchange, with the token that still works",
                "Gives tokens back at https://{region.login}/revoke when a connection is deleted (Log in)",
                "Uses one of these places, by what the login page says: eu (api.eu.acme.example, login.eu.acme.example) \
                 (Log in)",
                "Keeps a further token of the login, second from /second/token, kept secret (Log in)",
                "Signs requests with the client's secret, in the parameter proof (slot proof, Log in)",
                "Sends the credential proof whenever it sends main (Log in)",
            ][..],
        ),
        (
            SESSION,
            &[
                "Reaches the address of the customer's own that is entered as Server, where the operator allows that \
                 address (GET under /, port 443 or 8069), with the credential: What is entered as Server",
                "Sends what the person enters to {server}/login to open a session (Own server)",
                "Asks the person for Password, kept secret (Own server)",
            ][..],
        ),
    ] {
        let manifest = parse(&format!("{TOP}{text}"), &|_| None).expect("a manifest");
        let told = manifest.asks().sentences(&manifest);
        for sentence in sentences {
            assert!(told.iter().any(|one| one == sentence), "{sentence:?} is not in {told:#?}");
        }
    }
}

#[test]
fn the_review_step_says_whose_client_logs_in() {
    let client = "[[auth]]\nid = \"c\"\nkind = \"oauth2-client-credentials\"\nlabel = \"C\"\n\n[auth.token]\nurl = \"https://acme.example/token\"\n";
    let fields = "\n[[auth.field]]\nid = \"client_id\"\nlabel = \"I\"\ntype = \"text\"\n\n[[auth.field]]\nid = \"client_secret\"\nlabel = \"S\"\ntype = \"secret\"\n";
    for (text, told) in [
        (client.to_owned(), "Logs in as the operator's own client at https://acme.example/token, without a person (C)"),
        (
            format!("{client}{fields}"),
            "Sends the client id and secret that the person enters to https://acme.example/token for tokens (C)",
        ),
    ] {
        let manifest = parse(&format!("{TOP}{text}"), &|_| None).expect("a manifest");
        let sentences = manifest.asks().sentences(&manifest);
        assert!(sentences.iter().any(|one| one == told), "{told:?} is not in {sentences:#?}");
    }
}
