mod card;
mod client;
mod logins;
mod settings;
mod work;

use super::*;
use crate::manifest::parse::parse;

const MANIFEST: &str = r#"
id = "acme.books"
version = "0.1.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Reads the books."

[limits]
memory-mib = 64
run-minutes = 30

[[auth]]
id = "oauth"
kind = "oauth2"
label = "Log in"
issuer = "https://login.acme.example"

[auth.authorize]
url = "https://login.acme.example/authorize"
params = { prompt = "consent" }

[auth.token]
url = "https://login.acme.example/token"

[[auth.field]]
id = "key"
label = "Key"
type = "secret"

[[auth.scope]]
name = "read"
reason = "to read invoices"

[[auth.fact]]
id = "firm"
from = "callback:firm"
pattern = "[0-9]+"

[[auth.slot]]
id = "main"
standard = true
place = "header"
name = "Authorization"
value = "Bearer {access_token}"

[[host]]
origin = "https://api.acme.example"
paths = ["/v1/"]
methods = ["GET"]
slots = ["main"]
reason = "the API"

[[host]]
origin = "https://files.acme.example"
methods = ["GET", "PUT"]
reason = "uploads"

[[stream]]
name = "invoices"
title = "Invoices"
key = ["/id"]
schedule = "6h"
function = "accounting"
meaning = "all invoices"

[[action]]
name = "remark"
title = "Remark"
function = "notes"
meaning = "a remark on an invoice"
schema = '{"type": "object"}'
idempotency = "none"
"#;

const STREAM: &str = "\n[[stream]]\nname = \"people\"\ntitle = \"P\"\nkey = [\"/id\"]\nschedule = \"1d\"\nfunction = \"relations\"\nmeaning = \"p\"\n";
const ACTION: &str = "\n[[action]]\nname = \"pay\"\ntitle = \"P\"\nfunction = \"notes\"\nmeaning = \"p\"\nschema = '{\"type\": \"object\"}'\nidempotency = \"none\"\n";
const HOST: &str =
    "\n[[host]]\norigin = \"https://evil.example\"\nmethods = [\"POST\"]\nslots = [\"main\"]\nreason = \"x\"\n";
const LOGIN: &str = "\n[[auth]]\nid = \"key\"\nkind = \"fields\"\nlabel = \"Key\"\n";

fn asks(text: &str) -> Asks {
    parse(text, &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}")).asks()
}

fn changed(from: &str, to: &str) -> Asks {
    assert!(MANIFEST.contains(from), "{from:?} is not in the manifest");
    asks(&MANIFEST.replacen(from, to, 1))
}

#[test]
fn a_stream_that_more_logins_read_is_growth_and_one_that_fewer_read_is_not() {
    let by = |logins: &str| {
        let streams = MANIFEST.replacen("schedule = \"6h\"\n", &format!("schedule = \"6h\"\n{logins}"), 1);
        asks(&streams.replacen("[[host]]", &format!("{LOGIN}\n[[host]]"), 1))
    };
    let (all, one, both) = (by(""), by("auth = [\"oauth\"]\n"), by("auth = [\"oauth\", \"key\"]\n"));
    assert_eq!(both.beyond(&one), ["reads the stream invoices with another login: key"]);
    assert_eq!(all.beyond(&one), ["reads the stream invoices with every login"]);
    assert!(one.beyond(&both).is_empty() && one.beyond(&all).is_empty());
}

#[test]
fn every_growth_of_power_is_told() {
    let granted = asks(MANIFEST);
    let field = "[[auth.field]]\nid = \"more\"\nlabel = \"M\"\ntype = \"text\"\n\n[[auth.scope]]";
    let fact = "[[auth.fact]]\nid = \"more\"\nfrom = \"answer:/more\"\npattern = \"[a-z]{1,9}\"\n\n[[auth.slot]]";
    let scope = "[[auth.scope]]\nname = \"write\"\nreason = \"x\"\n\n[[auth.fact]]";
    let refresh = "[auth.refresh]\nurl = \"https://other.acme.example/token\"\n\n[[auth.field]]";
    let slot = "[[auth.slot]]\nid = \"more\"\nplace = \"query\"\nname = \"k\"\nvalue = \"{key}\"\n\n[[host]]";
    for (from, to, told) in [
        (
            "\n[[host]]",
            &*format!("{HOST}\n[[host]]"),
            "new host: https://evil.example (POST, with the credential main)",
        ),
        ("paths = [\"/v1/\"]", "paths = [\"/\"]", "new path: https://api.acme.example/"),
        ("paths = [\"/v1/\"]", "paths = [\"/v1/\", \"/v10\"]", "new path: https://api.acme.example/v10"),
        ("paths = [\"/v1/\"]", "paths = [\"/v1\"]", "new path: https://api.acme.example/v1"),
        (
            "methods = [\"GET\"]",
            "methods = [\"GET\", \"DELETE\"]",
            "new method: DELETE on https://api.acme.example/v1/",
        ),
        (
            "methods = [\"GET\", \"PUT\"]",
            "methods = [\"GET\", \"PUT\"]\nslots = [\"main\"]",
            "credential main to a new place: GET https://files.acme.example/",
        ),
        ("[[auth.fact]]", scope, "new scope: write"),
        (
            "login.acme.example/authorize",
            "evil.example/authorize",
            "login page of oauth from https://login.acme.example",
        ),
        ("login.acme.example/token", "evil.example/token", "token address of oauth"),
        ("login.acme.example/token", "evil.example/token", "refresh address of oauth"),
        ("[[auth.field]]", refresh, "refresh address of oauth"),
        ("prompt = \"consent\"", "prompt = \"none\"", "other parameters to the login page"),
        ("issuer =", "pkce = false\nissuer =", "PKCE"),
        ("issuer = \"https://login.acme.example\"", "", "issuer"),
        ("[[auth.scope]]", field, "new field: more"),
        ("type = \"secret\"", "type = \"text\"", "was a secret: key"),
        ("[[auth.slot]]", fact, "new fact of the login: more from answer:/more"),
        ("pattern = \"[0-9]+\"", "pattern = \"[0-9a-z]{1,20}\"", "fact firm"),
        ("Bearer {access_token}", "{key}", "slot main"),
        ("\n[[host]]\norigin", &*format!("\n{slot}\norigin").replace("[[host]]\n\n", "[[host]]\n"), "new slot: more"),
        ("\n[[action]]", &*format!("{STREAM}\n[[action]]"), "new stream: people"),
        ("function = \"accounting\"", "function = \"tasks\"", "stream invoices to another switch: tasks"),
        ("\n[[action]]", &*format!("{ACTION}\n[[action]]"), "new action: pay"),
        ("memory-mib = 64", "memory-mib = 65", "65 MiB instead of 64 MiB"),
        ("run-minutes = 30", "run-minutes = 31", "31 minutes instead of 30 minutes"),
        ("\n[[stream]]", &*format!("{LOGIN}\n[[stream]]"), "new way to log in: key"),
    ] {
        // A slot that no host takes is no good manifest, so the new one goes to the API.
        let text = MANIFEST.replacen(from, to, 1);
        assert_ne!(text, MANIFEST, "{from:?} is not in the manifest");
        let text = if told.starts_with("new slot") {
            text.replacen("slots = [\"main\"]", "slots = [\"main\", \"more\"]", 1)
        } else {
            text
        };
        let lines = asks(&text).beyond(&granted);
        assert!(lines.iter().any(|line| line.contains(told)), "{told:?} is not in {lines:#?}");
    }
}

#[test]
fn the_same_or_less_is_no_growth() {
    let granted = asks(MANIFEST);
    assert_eq!(granted.beyond(&granted), Vec::<String>::new());
    for (from, to) in [
        ("version = \"0.1.0\"", "version = \"0.2.0\""),
        ("methods = [\"GET\", \"PUT\"]", "methods = [\"GET\"]"),
        ("paths = [\"/v1/\"]", "paths = [\"/v1/invoices\", \"/v1/people/\"]"),
        ("memory-mib = 64", "memory-mib = 32"),
        ("schedule = \"6h\"", "schedule = \"1d\""),
        ("[[auth.scope]]\nname = \"read\"\nreason = \"to read invoices\"\n", ""),
        (
            "\n[[host]]\norigin = \"https://files.acme.example\"\nmethods = [\"GET\", \"PUT\"]\nreason = \"uploads\"\n",
            "",
        ),
        ("meaning = \"all invoices\"", "meaning = \"all the invoices\""),
    ] {
        assert_eq!(changed(from, to).beyond(&granted), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn a_first_read_or_write_is_told() {
    let lines = asks(MANIFEST).beyond(&Asks::default());
    assert!(lines.iter().any(|line| line.starts_with("reads from the provider")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("writes to the provider")), "{lines:?}");
}

#[test]
fn asks_are_stored_and_read_again() {
    let asks = asks(MANIFEST);
    let json = serde_json::to_string(&asks).unwrap();
    assert_eq!(serde_json::from_str::<Asks>(&json).unwrap(), asks);
}

#[test]
fn the_review_step_reads_in_plain_words() {
    let manifest = parse(MANIFEST, &|_| None).unwrap();
    let sentences = manifest.asks().sentences(&manifest);
    for sentence in [
        "Reads Invoices: all invoices",
        "Writes Remark: a remark on an invoice",
        "Reaches https://api.acme.example (GET under /v1/), with the credential: the API",
        "Reaches https://files.acme.example (GET, PUT under /), never with the credential: uploads",
        "Asks the provider to allow read: to read invoices",
        "Asks the person for Key, kept secret (Log in)",
        "Uses up to 64 MiB of memory and 30 minutes for a run",
    ] {
        assert!(sentences.iter().any(|found| found == sentence), "{sentence:?} is not in {sentences:#?}");
    }
}
