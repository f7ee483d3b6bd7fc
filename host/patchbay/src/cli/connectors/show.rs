//! What the host says of connectors, as a person reads it.

use serde_json::Value;

use crate::cli::{
    answer::{cell, rows},
    table,
};

pub(super) fn list(answer: &Value) -> String {
    let columns = ["id", "name", "version", "state", "latest"];
    // What runs, and beside it what came last where that is another.
    let line = |row: &Value| {
        let of = |release: &str, field: &str| row.get(release).and_then(|release| release.get(field));
        let latest = ["version", "state"].map(|field| cell(of("latest", field))).join(" ");
        let newer = of("latest", "id") != of("active", "id");
        let fields = [row.get("id"), row.get("name"), of("active", "version"), of("active", "state")];
        fields.into_iter().map(cell).chain([if newer { latest } else { "-".to_owned() }]).collect()
    };
    let rows: Vec<Vec<String>> = rows(answer).iter().map(line).collect();
    if rows.is_empty() {
        return "no connectors\n".to_owned();
    }
    table::lay_out(&columns, &rows)
}

pub(super) fn outcome(answer: &Value) -> String {
    let field = |name: &str| cell(answer.get("release").and_then(|release| release.get(name)));
    let (connector, version, state) = (field("connector"), field("version"), field("state"));
    let mut text = format!("{connector} {version} {state}\n");
    let beyond = answer.get("asks_beyond").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !beyond.is_empty() {
        text.push_str("It waits for approval, because it asks for more than was approved:\n");
        for sentence in beyond {
            text.push_str(&format!("  - {}\n", cell(Some(sentence))));
        }
    } else if state == "ready" {
        // It asks for no more, and waits all the same: a policy holds it back, or it was tried and given up.
        text.push_str(&format!("It is not in use: {}\n", field("reason")));
    }
    if state == "ready" {
        text.push_str(&format!("What it may do:  patchbay connectors card {}\n", field("id")));
        text.push_str(&format!("To approve it:   patchbay connectors approve {connector} {version}\n"));
    }
    text
}

/// What the indexes list.
pub(super) fn found(answer: &Value) -> String {
    let columns = ["id", "version", "installed", "index", "signed by", "summary"];
    let fields = ["id", "version", "installed", "index", "signed_by", "summary"];
    let rows: Vec<Vec<String>> =
        rows(answer).iter().map(|row| fields.iter().map(|field| cell(row.get(field))).collect()).collect();
    if rows.is_empty() {
        return "no index lists such a connector\n".to_owned();
    }
    table::lay_out(&columns, &rows)
}

/// What is newer.
pub(super) fn updates(answer: &Value) -> String {
    let columns = ["id", "used", "newest", "index", "by itself", "why the newest waits"];
    let fields = ["connector", "from", "to", "index", "by_itself", "waits"];
    let rows: Vec<Vec<String>> =
        rows(answer).iter().map(|row| fields.iter().map(|field| cell(row.get(field))).collect()).collect();
    if rows.is_empty() {
        return "nothing newer is listed\n".to_owned();
    }
    table::lay_out(&columns, &rows)
}

/// Any answer as indented lines.
pub(super) fn describe(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let line = |name: &str, value: &Value| match value {
        Value::Object(_) | Value::Array(_) => format!("{indent}{name}\n{}", describe(value, depth + 1)),
        plain => format!("{indent}{name} {}\n", cell(Some(plain))),
    };
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| line(&format!("{name}:"), value)).collect(),
        Value::Array(items) => items.iter().map(|item| line("-", item)).collect(),
        plain => format!("{indent}{}\n", cell(Some(plain))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_a_table() {
        let release = |id: &str, version: &str, state: &str| json!({"id": id, "version": version, "state": state});
        let (active, ready) = (release("rel_1", "1.2.0", "active"), release("rel_2", "1.3.0", "ready"));
        let same = json!({"items": [{"id": "acme.books", "name": "Books", "active": active, "latest": active}]});
        let newer = json!({"items": [{"id": "acme.books", "name": "Books", "active": active, "latest": ready}]});
        let none = json!({"items": [{"id": "acme.books", "name": "Books", "active": null, "latest": ready}]});
        let last = |answer: &Value| list(answer).lines().last().map(str::to_owned);
        assert_eq!(last(&same).as_deref(), Some("acme.books  Books  1.2.0    active  -"));
        assert_eq!(last(&newer).as_deref(), Some("acme.books  Books  1.2.0    active  1.3.0 ready"));
        assert_eq!(last(&none).as_deref(), Some("acme.books  Books  -        -      1.3.0 ready"));
        assert_eq!(list(&json!({"items": []})), "no connectors\n");
    }

    #[test]
    fn an_installation_that_waits_says_for_what_and_how_it_is_approved() {
        let release = |state: &str, reason: Value| json!({"id": "rel_1", "connector": "acme.books", "version": "2.0.0", "state": state, "reason": reason});
        let approve = "To approve it:   patchbay connectors approve acme.books 2.0.0\n";
        let more = json!({"release": release("ready", json!("asks for more than was approved")),
            "asks_beyond": ["reach https://b.example"]});
        let text = outcome(&more);
        assert!(text.contains("\n  - reach https://b.example\n") && text.ends_with(approve), "{text}");
        let held =
            json!({"release": release("ready", json!("waits for an approval: (`manual`)\u{1b}")), "asks_beyond": []});
        let text = outcome(&held);
        assert!(
            text.contains("\nIt is not in use: waits for an approval: (`manual`)\u{fffd}\n") && text.ends_with(approve),
            "{text}"
        );
        let active = json!({"release": release("active", Value::Null), "asks_beyond": []});
        assert_eq!(outcome(&active), "acme.books 2.0.0 active\n");
    }

    #[test]
    fn an_answer_is_described_by_indentation() {
        let answer = json!({"id": "acme.books", "may": ["read invoices"]});
        assert_eq!(describe(&answer, 0), "id: acme.books\nmay:\n  - read invoices\n");
    }
}
