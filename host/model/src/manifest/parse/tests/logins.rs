//! Every way to log in that real providers have, in TOML; what is wrong with each is told.

use super::super::*;
use crate::manifest::Manifest;

/// What a manifest begins with, so that a test writes only logins and hosts.
pub(super) const TOP: &str = "id = \"acme.books\"\nversion = \"0.1.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\ncategory = \"accounting\"\nsummary = \"Reads the books.\"\n";

macro_rules! logins {
    ($($constant:ident = $file:literal),* $(,)?) => {
        $(pub(super) const $constant: &str = include_str!(concat!("logins/", $file, ".toml"));)*
        /// All of them, by the name of the file.
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $constant)),*];
    };
}

logins! {
    ADDRESS = "client-in-address",
    CLAIM = "claim-of-access-token",
    ORIGIN = "customer-origin",
    ENTERED = "entered-client",
    WORDS = "errors-by-word",
    FIRM = "fact-in-token-address",
    NESTED = "nested-tokens",
    OPERATORS = "operators-client",
    REALM = "realm-by-callback",
    CALLBACK = "region-by-callback",
    FIELD = "region-by-field",
    RENEWED = "renewed-by-access-token",
    SESSION = "session",
    UNTICKED = "unticked-scopes",
}

pub(super) fn read(logins: &str) -> Result<Manifest, Vec<Problem>> {
    parse(&format!("{TOP}{logins}"), &|_| None)
}

#[test]
fn every_login_that_a_provider_has_can_be_written() {
    for (name, logins) in ALL {
        if let Err(problems) = read(logins) {
            panic!("{name}: {}", problems.iter().map(|one| format!("\n{one}")).collect::<String>());
        }
    }
}

#[test]
fn a_login_is_the_same_after_it_was_written_out_and_read_again() {
    for (name, logins) in ALL {
        let manifest = read(logins).expect(name);
        let text = toml::to_string(&manifest).expect(name);
        assert_eq!(parse(&text, &|_| None).expect(name), manifest, "{name} as TOML");
        let json = serde_json::to_string(&manifest).expect(name);
        assert_eq!(serde_json::from_str::<Manifest>(&json).expect(name), manifest, "{name} as JSON");
        assert_eq!(crate::manifest::validate(&manifest), [], "{name}");
    }
}

#[test]
fn a_stream_belongs_to_the_logins_that_it_names_and_to_all_when_it_names_none() {
    let stream = |auth: &str| {
        format!(
            "{UNTICKED}\n[[stream]]\nname = \"users\"\ntitle = \"Users\"\nkey = [\"/id\"]\nschedule = \"1d\"\n\
             function = \"code\"\nmeaning = \"Who works there.\"\n{auth}"
        )
    };
    let id = read(UNTICKED).expect("a login").auths.remove(0).id;
    let users = |auth: &str| read(&stream(auth)).expect(auth).streams.remove(0);
    let named = users(&format!("auth = [\"{id}\"]\n"));
    assert!(named.read_by(&id) && !named.read_by("another"));
    assert!(users("").read_by("another"));
    let problems = read(&stream("auth = [\"nobody\"]\n")).expect_err("no such login");
    assert!(
        problems.iter().any(|one| one.key == "stream[0].auth[0]" && one.message.contains("nobody")),
        "{problems:#?}"
    );
}

#[test]
fn what_chooses_a_region_may_be_any_word_that_is_never_an_address() {
    let server = CALLBACK
        .replacen("from = \"callback:location\"", "from = \"callback:accounts-server\"\nequals = \"server\"", 1)
        .replace("values = { accounts = \"", "values = { server = \"https://SERVER\", accounts = \"")
        .replacen("SERVER", "accounts.zoho.com", 1)
        .replacen("SERVER", "accounts.zoho.eu", 1)
        .replacen("SERVER", "accounts.zoho.com.au", 1);
    let manifest = read(&server).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(manifest.auths[0].regions[1].values["server"], "https://accounts.zoho.eu");
    let used = server.replacen("https://{region.accounts}/oauth/v2/token\"", "https://{region.server}/token\"", 1);
    let problems = read(&used).expect_err("an address made of what only chooses");
    assert!(problems.iter().any(|one| one.key == "auth[0].token.url"), "{problems:?}");
}

/// Otherwise the test above would say nothing of a key that none of them has.
#[test]
fn every_key_of_a_login_is_in_one_of_them() {
    let mut written = std::collections::BTreeSet::new();
    for (name, logins) in ALL {
        let json = serde_json::to_value(read(logins).expect(name)).expect(name);
        for auth in json["auth"].as_array().expect(name) {
            written.extend(auth.as_object().expect(name).keys().cloned());
        }
    }
    for key in [
        "answer",
        "authorize",
        "dead",
        "exchange",
        "expired",
        "fact",
        "field",
        "grace-seconds",
        "id",
        "idle-days",
        "issuer",
        "kind",
        "label",
        "life-seconds",
        "login",
        "misconfigured",
        "pkce",
        "refresh",
        "region",
        "region-by",
        "renew-days-ahead",
        "revoke",
        "revoke-ends",
        "rotation",
        "scope",
        "scope-separator",
        "slot",
        "throttled",
        "token",
    ] {
        assert!(written.remove(key), "{key}");
    }
    assert!(written.is_empty(), "new keys, which no login here has and the reference may not name: {written:?}");
}

#[test]
fn no_login_that_is_cut_off_or_damaged_makes_the_reader_panic() {
    for (_, logins) in ALL {
        for at in (0..logins.len()).step_by(13) {
            let _ = read(&logins[..at]);
            for put in ["{", "region.", "{region.x}", "//", "@"] {
                let _ = read(&format!("{}{put}{}", &logins[..at], &logins[at..]));
            }
        }
    }
}

#[test]
fn every_example_of_the_manifest_reference_can_be_read() {
    let reference = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/README.md"));
    let examples: Vec<&str> =
        reference.split("\n```toml example\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert!(examples.len() >= 7, "{} examples", examples.len());
    assert_eq!(examples.len(), reference.matches("```toml").count(), "every block of TOML is an example");
    for (nth, example) in examples.iter().enumerate() {
        if let Err(problems) = read(example) {
            let told: String = problems.iter().map(|one| format!("\n{one}")).collect();
            panic!("example {} of plugins/README.md (its line is 6 less): {told}", nth + 1);
        }
    }
}

/// What can be written in `[[auth]]` and `[[host]]`, by the keys of every login there is and of the reference.
#[test]
fn the_manifest_reference_names_every_key_of_a_login() {
    let reference = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/README.md"));
    for (name, logins) in ALL {
        let keys = logins.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.trim());
        let tables = logins.lines().filter_map(|line| line.strip_prefix("[auth."));
        for key in keys.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')) {
            let told = reference.contains(&format!("`{key}`"));
            assert!(told || key.contains('_'), "{name}: {key} is not in plugins/README.md");
        }
        for table in tables {
            let table = table.trim_end_matches(']').split('.').next().unwrap_or_default();
            assert!(reference.contains(&format!("`[auth.{table}]`")), "{name}: [auth.{table}]");
        }
    }
}

#[test]
fn the_connectors_beside_the_reference_can_be_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).expect("the connectors") {
        let connector = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(connector.join("connector.toml")) else { continue };
        if let Err(problems) = parse(&text, &|file| std::fs::read_to_string(connector.join(file)).ok()) {
            let told: String = problems.iter().map(|one| format!("\n{one}")).collect();
            panic!("{}: {told}", connector.display());
        }
        found += 1;
    }
    assert!(found >= 2, "{found} connectors");
}
