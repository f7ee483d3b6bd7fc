//! `patchbay audit list|verify`: who did what, and whether anybody has changed the telling of it.

use std::path::Path;

use clap::Subcommand;
use serde_json::Value;

use super::{
    answer::{cell, rows, segment},
    client::{Client, HostArgs},
    progress::Progress,
    table,
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print the API's own JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The lines of the audit log, the newest first.
    List {
        /// Whose, a tenant's id.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// About what: the id of a connection, a session, a release…
        #[arg(long, value_name = "ID")]
        subject: Option<String>,
        /// Only lines before this one.
        #[arg(long, value_name = "LINE")]
        before: Option<String>,
        /// How many lines.
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: u32,
    },
    /// Check the chain: no line was changed, removed or put in between. Exit code 1 when one was.
    Verify,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    let client = Client::of(host, config)?;
    let verify = matches!(action, Action::Verify);
    let answer = match &action {
        Action::List { tenant, subject, before, limit } => {
            let path = list_path(*limit, before.as_deref(), subject.as_deref());
            client.for_tenant(tenant.as_deref()).get(&path)?
        }
        Action::Verify => {
            let _progress = Progress::begin("checking every line");
            client.get("/v1/audit/verification")?
        }
    };
    if json {
        println!("{answer:#}");
    } else if verify {
        print!("{}", verdict(&answer));
    } else {
        print!("{}", list(&answer));
    }
    Ok(if verify && !whole(&answer) { Exit::Failed } else { Exit::Done })
}

fn list_path(limit: u32, before: Option<&str>, subject: Option<&str>) -> String {
    let mut path = format!("/v1/audit?limit={limit}");
    for (name, value) in [("before", before), ("subject", subject)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    path
}

fn list(answer: &Value) -> String {
    let columns = ["at", "who", "what", "to what", "more"];
    let line = |row: &Value| -> Vec<String> {
        let more = match row.get("detail") {
            // No more is not worth a column's width.
            Some(Value::Object(fields)) if fields.is_empty() => "-".to_owned(),
            more => cell(more),
        };
        let fields = ["at", "actor", "action", "subject"].map(|name| cell(row.get(name)));
        fields.into_iter().chain([more]).map(|text| text.replace('\n', " ")).collect()
    };
    let rows = rows(answer);
    if rows.is_empty() {
        return "no lines\n".to_owned();
    }
    let mut text = table::lay_out(&columns, &rows.iter().map(line).collect::<Vec<_>>());
    let next = answer.get("next").filter(|next| !next.is_null());
    if let Some(next) = next {
        text.push_str(&format!("older ones: --before {}\n", cell(Some(next))));
    }
    text
}

/// Whether nothing is broken. An answer that does not say so is none to trust.
fn whole(answer: &Value) -> bool {
    answer.get("broken") == Some(&Value::Null)
}

fn verdict(answer: &Value) -> String {
    let lines = cell(answer.get("lines"));
    match answer.get("broken") {
        Some(Value::Null) => format!("{lines} lines, none changed\nhead {}\n", cell(answer.get("head"))),
        Some(broken) => {
            let (id, why) = (cell(broken.get("id")), cell(broken.get("why")));
            format!("BROKEN at {id}: {why}\n{lines} lines were read; what stands before that one can be trusted\n")
        }
        None => "the host did not say whether the chain is whole\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chain_that_is_broken_says_where_and_ends_in_failure() {
        let broken = json!({"lines": 12, "head": "ab", "broken": {"id": "aud_7", "why": "its hash is another"}});
        assert!(!whole(&broken));
        assert!(verdict(&broken).starts_with("BROKEN at aud_7: its hash is another\n"), "{}", verdict(&broken));
        let fine = json!({"lines": 12, "head": "ab", "broken": null});
        assert!(whole(&fine));
        assert_eq!(verdict(&fine), "12 lines, none changed\nhead ab\n");
    }

    #[test]
    fn an_answer_that_says_nothing_of_the_chain_is_not_taken_for_a_whole_one() {
        assert!(!whole(&json!({"lines": 12})));
        assert!(!whole(&json!([])));
    }

    #[test]
    fn lines_are_a_table_and_lead_to_the_older_ones() {
        let row = json!({"id": "aud_1", "at": "2026-11-21T20:00:00Z", "actor": "key_1", "action": "connection.deleted",
            "subject": "con_1", "detail": {}});
        let text = list(&json!({"items": [row], "next": "aud_1"}));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "2026-11-21T20:00:00Z  key_1  connection.deleted  con_1    -");
        assert_eq!(lines[2], "older ones: --before aud_1");
        assert_eq!(list(&json!({"items": []})), "no lines\n");
    }

    #[test]
    fn what_is_asked_for_stands_in_the_address_and_cannot_leave_its_place() {
        assert_eq!(list_path(50, None, None), "/v1/audit?limit=50");
        assert_eq!(
            list_path(5, Some("aud_1"), Some("a&limit=9")),
            "/v1/audit?limit=5&before=aud_1&subject=a%26limit%3D9"
        );
    }
}
