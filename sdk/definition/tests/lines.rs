//! Each wrong line of a definition is told, with what to write instead.
#![cfg(test)]
#![cfg(feature = "toml")]

use patchbay_definition::{agree, config, json, of_json, parse, reference};
use serde_json::{Value, json};

const EVERYTHING: &str = include_str!("../../../plugins/generic/definition.toml");
const BOOKINGS: &str = include_str!("../../../plugins/generic/definitions/bookings/definition.toml");
const README: &str = include_str!("../../../plugins/generic/README.md");

/// The problem of a definition in which `from` is `to`; it has to be the only one, on the line of `to`.
fn told(from: &str, to: &str) -> String {
    assert_eq!(BOOKINGS.matches(from).count(), 1, "{from}");
    let text = BOOKINGS.replace(from, to);
    let problems = parse(&text).expect_err(to);
    let [problem] = problems.as_slice() else { panic!("{to}: {problems:?}") };
    let line = text.lines().position(|line| !to.is_empty() && line.contains(to.trim_end_matches('\n')));
    assert!(line.is_none_or(|line| line + 1 == problem.line), "{problem}");
    assert!(!problem.remedy.is_empty());
    problem.to_string()
}

#[test]
fn the_examples_are_right() {
    for text in [EVERYTHING, BOOKINGS] {
        parse(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
}

#[test]
fn a_wrong_line_is_told_with_its_number_and_what_to_write() {
    for (from, to, said) in [
        ("definition = 1", "definition = 2", "2 is not known — write 1"),
        ("base-url =", "base_url_ =", "base-url is missing"),
        ("path = \"/me\"", "path = \"me\"", "begin with a slash: \"/me\""),
        ("path = \"/me\"", "pfad = \"/me\"", "path is missing"),
        ("path = \"/bookings\"", "path = \"/bookings?all=1\"", "write parameters in query"),
        ("path = \"/bookings\"", "path = \"/a/../b\"", "can be read in two ways"),
        ("path = \"/bookings\"", "path = \"/{target.id}\"", "not known here"),
        ("path = \"/bookings\"", "path = \"/{id\"", "a brace that is not closed"),
        ("records = \"/data\"", "records = \"data.rows\"", "begin with a slash: \"/data/rows\""),
        ("records = \"/data\"", "records = 7", "a number stands where a text"),
        ("records = \"/data\"", "record = \"/data\"", "did you mean records?"),
        ("key = [\"/id\"]", "key = []", "a row has no key"),
        ("style = \"page\"", "style = \"pages\"", "did you mean page?"),
        ("style = \"page\"", "style = \"offset\"", "offset-param"),
        ("size = 100", "size = 100000", "write a whole number from 1 to 1000"),
        ("size = 100, ", "", "nothing says how many rows"),
        ("format = \"rfc3339\"", "format = \"text\"", "cannot be taken from a text"),
        ("start = \"2024-01-01T00:00:00Z\"", "start = \"2024-01-01\"", "write it like \"2024-01-01T00:00:00Z\""),
        ("start = \"2024-01-01T00:00:00Z\"", "start = 2024-01-01T00:00:00Z", "a date without quotes"),
        ("pointer = \"/deleted\", ", "", "needs pointer"),
        ("style = \"flag\", pointer = \"/deleted\", equals = true", "style = \"full-compare\"", "is not gone"),
        ("method = \"POST\"", "method = \"GET\"", "none of the words"),
        ("{ header = \"Idempotency-Key\" }", "{ header = \"Authorization\" }", "write an [[auth.slot]]"),
        ("{ header = \"Idempotency-Key\" }", "{ }", "nothing says where the key goes"),
        ("success = [200, 201]", "success = [200, 404]", "404 is no success"),
        ("already = [409]", "already = [200]", "200 is a success"),
        ("already = [409]", "repeatable = true", "a POST that is sent twice makes two"),
        ("name = \"create_note\"", "name = 7", "a number stands where a text"),
    ] {
        let problems = parse(&BOOKINGS.replace(from, to)).expect_err(to);
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|text| text.contains(said) || text.contains(&format!("— {said}"))), "{to}: {all:?}");
        let text = BOOKINGS.replace(from, to);
        let line = text.lines().position(|line| !to.is_empty() && line.contains(to)).map(|line| line + 1);
        let near = problems.iter().any(|problem| line.is_none_or(|line| problem.line.abs_diff(line) <= 2));
        assert!(near, "{to} on line {line:?}: {all:?}");
    }
}

#[test]
fn what_is_wrong_alone_is_told_alone_and_on_its_very_line() {
    assert_eq!(
        told("records = \"/data\"", "records = \"data\""),
        "definition.toml:17: stream[0].records: \"data\" is no JSON pointer — begin with a slash: \"/data\""
    );
    assert_eq!(
        told("style = \"page\"", "style = \"sheet\""),
        "definition.toml:19: stream[0].paging.style: \"sheet\" is none of the words that can stand here — write one of none, page, offset, cursor, body, next-url, link-header"
    );
}

#[test]
fn all_wrong_lines_are_told_at_once() {
    let text = BOOKINGS
        .replace("definition = 1", "definition = \"1\"")
        .replace("records = \"/data\"", "recrods = \"/data\"")
        .replace("method = \"POST\"", "method = \"SEND\"");
    let lines: Vec<usize> = parse(&text).expect_err("wrong").iter().map(|problem| problem.line).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.is_sorted());
}

#[test]
fn broken_toml_is_told_by_its_line() {
    let problems = parse("definition = 1\nbase-url = \"https://a.example\n[ping\n").expect_err("wrong");
    assert!(problems.iter().any(|problem| problem.line == 2), "{problems:?}");
    assert!(parse(&"#".repeat(70_000)).is_err());
}

#[test]
fn what_the_component_is_given_is_judged_in_the_same_way() {
    let good = json(BOOKINGS).expect("right");
    assert!(of_json(&good).is_ok());
    let mut wrong = good;
    wrong["stream"][0]["paging"]["size"] = json!(0);
    wrong["secret"] = json!("x");
    let findings = of_json(&wrong).expect_err("wrong");
    let at: Vec<String> = findings.iter().map(|finding| finding.path.pointer()).collect();
    assert_eq!(at, ["/secret", "/stream/0/paging/size"]);
    assert!(of_json(&Value::Null).is_err());
    assert!(of_json(&json!({})).is_err());
}

/// The manifest beside the small example, as far as it matters here.
fn manifest() -> Value {
    json!({
        "auth": [{
            "id": "key",
            "field": [
                { "id": "subdomain", "type": "subdomain" },
                { "id": "api_key", "type": "secret" },
            ],
            "slot": [{ "id": "key", "place": "header", "name": "X-Api-Key" }],
        }],
        "host": [{ "origin": "https://{subdomain}.boekingen.example", "paths": ["/api/v1/"], "methods": ["GET", "POST"] }],
        "stream": [{ "name": "bookings", "key": ["/id"], "mode": "incremental" }],
        "action": [{
            "name": "create_note",
            "idempotency": "key",
            "schema": {
                "type": "object",
                "properties": { "customer_id": {}, "text": {}, "when": {} },
                "required": ["customer_id", "text"],
            },
        }],
    })
}

#[test]
fn a_definition_becomes_the_configuration_when_the_manifest_says_the_same() {
    let config = config(BOOKINGS, &manifest()).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(config["defaults"]["stream"][0]["name"], "bookings");
    assert_eq!(config["schema"]["additionalProperties"], false);
}

#[test]
fn what_manifest_and_definition_say_differently_is_told() {
    let definition = parse(BOOKINGS).expect("right");
    for (at, value, said) in [
        ("/config", json!({}), "leave [config] out"),
        ("/auth/0/field/0/type", json!("text"), "no field of type subdomain"),
        ("/auth/0/slot", json!([]), "no-credential"),
        ("/host/0/origin", json!("https://other.example"), "has no host"),
        ("/host/0/paths/0", json!("/api/v2/"), "add it to the paths"),
        ("/host/0/methods", json!(["GET"]), "add \"POST\" to its methods"),
        ("/stream/0/name", json!("reservations"), "is not defined"),
        ("/stream/0/key", json!(["/uid"]), "write the same in both"),
        ("/stream/0/mode", json!("full"), "leave mode out there"),
        ("/stream/0/per_account", json!(true), ""),
        ("/stream/0/per-account", json!(true), "names {account}"),
        ("/action/0/name", json!("note"), "is not defined"),
        ("/action/0/idempotency", json!("find"), "write idempotency = \"key\""),
        ("/action/0/update", json!(true), "leave update out"),
        ("/action/0/multi-step", json!(true), "leave multi-step out"),
        ("/action/0/schema/properties/text", Value::Null, ""),
        ("/action/0/schema/required", json!(["text"]), "the path cannot do without it"),
        ("/action/0/schema/properties", json!({ "customer_id": {}, "texts": {} }), "did you mean texts?"),
        ("/action/0/attachments", json!({ "max": 1 }), "nothing is done with them"),
        ("/picker", json!([{ "name": "customers" }]), "write from-stream"),
    ] {
        let mut manifest = manifest();
        let (parent, name) = at.rsplit_once('/').expect("a pointer");
        match manifest.pointer_mut(parent).expect("a parent") {
            Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
            other => other[name] = value,
        }
        let all: Vec<String> = agree(&definition, &manifest).iter().map(ToString::to_string).collect();
        if said.is_empty() {
            assert!(all.is_empty(), "{at}: {all:?}");
        } else {
            assert!(all.iter().any(|text| text.contains(said)), "{at}: {all:?}");
        }
    }
}

#[test]
fn a_secret_is_no_placeholder_and_a_name_of_two_things_is_refused() {
    let text = BOOKINGS.replace("include = \"customer\"", "include = \"{api_key}\"");
    let all = config(&text, &manifest()).expect_err("wrong");
    assert!(all.iter().any(|problem| problem.message.contains("is a secret") && problem.line == 16), "{all:?}");
    let mut both = manifest();
    both["settings"] = json!({ "properties": { "text": {} } });
    let all = config(BOOKINGS, &both).expect_err("wrong");
    assert!(all.iter().any(|problem| problem.remedy.contains("{/text}")), "{all:?}");
}

#[test]
fn the_reference_in_the_readme_is_the_one_that_holds() {
    let reference = reference();
    assert!(README.contains(reference.trim()), "replace the reference in plugins/generic/README.md by:\n{reference}");
}
