//! GitHub: repositories by what changed since, issues and comments of each repository, a token that is taken back.

use std::sync::Arc;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, Row, Scene, Stage, StreamCase, Then, chaos, journey};
use patchbay_test_support::{Result, fakes::Act};
use serde_json::{Value, json};

/// Name of the token at the fake.
const OWNER: &str = "owner";

pub(crate) fn case() -> Case {
    Case {
        connect: |scene| scene.connect_by_fields("token", &token(scene)),
        account: "els",
        streams: vec![
            StreamCase::of("repositories", repositories).still(),
            StreamCase::of("issues", |scene| of_accounts(scene, "issue")).asks_since("since="),
            StreamCase::of("issue_comments", |scene| of_accounts(scene, "comment")).asks_since("since="),
        ],
        change: |scene| {
            scene.rig.fakes.github.provider.touch(None, 1, 1, 1);
            Ok(())
        },
        actions: vec![
            ActionCase::of("issue", target, issue, &[("issue", 1)]),
            ActionCase::of(
                "comment",
                |scene| Ok(json!({ "id": first(scene), "number": 1 })),
                |text| json!({ "body": text }),
                &[("comment", 1)],
            ),
        ],
        break_credential: |scene| {
            scene.rig.fakes.github.provider.revoke(OWNER, true);
            Ok(())
        },
        reconnect: |scene, connection| {
            scene.rig.fakes.github.provider.revoke(OWNER, false);
            scene.reconnect_by_fields("token", &token(scene), connection)
        },
        secrets: |scene| Ok(vec![scene.rig.fakes.github.provider.token(OWNER)]),
        rows: |_| Ok(rows()),
        ..Case::of("github", |fakes| {
            let stand = &fakes.github;
            Some(Stage { journal: Arc::clone(&stand.journal), script: Arc::clone(&stand.script) })
        })
    }
}

fn rows() -> Vec<ErrorRow> {
    let issues = ("GET", "/repos/");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "issues", issues, act, code);
    let limited = |header: (&str, &str)| Act::Answer {
        status: 403,
        headers: vec![(header.0.to_owned(), header.1.to_owned())],
        body: "{\"message\":\"You have exceeded a secondary rate limit.\"}".to_owned(),
    };
    let (create, comment) = (("POST", "/repos/voorbeeld/app/issues"), ("POST", "/repos/"));
    let issue = |name: &str, act: Act, code| ErrorRow::write(name, "issue", create, act, code);
    vec![
        read("400 malformed", Act::status(400), "PB1105").then(Then::Never),
        read("401 bad credentials", Act::status(401), "PB2002").breaks("PB2002"),
        read("403 not accessible", Act::status(403), "PB2012").then(Then::Never),
        read("403 with retry-after", limited(("retry-after", "60")), "PB3003")
            .ends("more_later", Some("PB3003"))
            .then(Then::Later),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        read("409 empty repository", Act::status(409), "PB3007").then(Then::Never),
        read("410 issues switched off", Act::status(410), "PB3006").then(Then::Never),
        read("422", Act::status(422), "PB1105").then(Then::Never),
        read("429", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 without a time", Act::status(429), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 for a second", Act::too_many("1"), "").times(1).survived(),
        read("500", Act::status(500), "PB3004"),
        read("503", Act::status(503), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        issue("403 at a write", Act::status(403), "PB2012").ends("failed", Some("PB2012")),
        issue("404 at a write", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        issue("410 at a write", Act::status(410), "PB3006").ends("failed", Some("PB3006")),
        issue("422 at a write", Act::status(422), "PB4001"),
        issue("429 at a write", Act::status(429), "PB3003").ends("planned", Some("PB3003")).then(Then::Later),
        issue("500 at a write", Act::status(500), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        issue("a lost answer", Act::LoseAnswer, "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        ErrorRow::write("a comment whose answer is HTML", "comment", comment, Act::html(), "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
    ]
}

fn token(scene: &Scene<'_>) -> Value {
    json!({ "token": scene.rig.fakes.github.provider.token(OWNER) })
}

/// Full name of the repository that `change` changes.
fn first(scene: &Scene<'_>) -> String {
    scene.rig.fakes.github.provider.repositories().into_iter().next().unwrap_or_default()
}

/// That repository.
pub(crate) fn target(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": first(scene) }))
}

pub(crate) fn issue(text: &str) -> Value {
    json!({ "title": text, "body": "From the meeting." })
}

/// What the token sees.
fn seen(scene: &Scene<'_>) -> Vec<Value> {
    let provider = &scene.rig.fakes.github.provider;
    let names = provider.repositories();
    let all = provider.records("repository").into_iter();
    all.filter(|one| names.iter().any(|name| one["full_name"] == json!(name))).collect()
}

pub(crate) fn repositories(scene: &Scene<'_>) -> Result<Vec<Row>> {
    Ok(seen(scene).into_iter().map(Row::by_id).collect())
}

/// Issues or comments, each with the id of its repository. Pull requests stand among the issues and are none.
pub(crate) fn of_accounts(scene: &Scene<'_>, kind: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for repository in seen(scene) {
        let place = format!("github.com/{}/", repository["full_name"].as_str().unwrap_or_default());
        let records = scene.rig.fakes.github.provider.records(kind).into_iter();
        let mine = records.filter(|record| {
            record["html_url"].as_str().is_some_and(|url| url.contains(&place)) && record.get("pull_request").is_none()
        });
        rows.extend(mine.map(|record| Row::of(&repository["id"].to_string(), "/id", record)));
    }
    Ok(rows)
}

#[test]
fn connected_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}
