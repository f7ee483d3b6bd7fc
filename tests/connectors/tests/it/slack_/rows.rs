//! The error table of the sheet: a name in an answer with status 200, and what comes of it.

use std::time::Duration;

use patchbay_connector_tests::{ErrorRow, Scene, Then};
use patchbay_test_support::{
    Result,
    fakes::{Act, Rule, slack::Slack},
};
use serde_json::{Value, json};

const USERS: (&str, &str) = ("GET", "/api/users.list");
const HISTORY: (&str, &str) = ("GET", "/api/conversations.history");
const POST: (&str, &str) = ("POST", "/api/chat.postMessage");
const ROOM: (&str, &str) = ("GET", "/api/files.getUploadURLExternal");
const BYTES: (&str, &str) = ("POST", "/upload/v1/");
const COMPLETE: (&str, &str) = ("POST", "/api/files.completeUploadExternal");
/// A push that is not known to be done is looked for after its time to settle.
const SETTLED: Duration = Duration::from_secs(400);

const ENDED: [&str; 5] = ["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"];
const FORBIDDEN: [&str; 6] = [
    "missing_scope",
    "no_permission",
    "ekm_access_denied",
    "org_login_required",
    "enterprise_is_restricted",
    "not_allowed_token_type",
];
const TROUBLE: [&str; 5] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"];
const LIMITED: [&str; 2] = ["ratelimited", "rate_limited"];

/// An error as Slack says it.
fn error(name: &str) -> Act {
    answer(200, &[], &json!({ "ok": false, "error": name, "needed": "users:read", "provided": "team:read" }))
}

/// 429 with this wait.
fn throttled(seconds: &str) -> Act {
    answer(429, &[("retry-after", seconds)], &json!({ "ok": false, "error": "ratelimited" }))
}

fn answer(status: u16, more: &[(&str, &str)], body: &Value) -> Act {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let headers = [("content-type", "application/json")].into_iter().chain(more.iter().copied()).map(pair).collect();
    Act::Answer { status, headers, body: body.to_string() }
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<Slack>()?.expire_access();
    Ok(())
}

/// Reads, by the list of people.
pub(super) fn reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "users", USERS, act, code);
    let given_up = |name: &str, code| read(name, error(name), code).then(Then::Never);
    let later = |name: &str, act: Act| read(name, act, "PB3003").ends("more_later", Some("PB3003")).then(Then::Later);
    let mut rows: Vec<ErrorRow> = ENDED.iter().map(|name| read(name, error(name), "PB2002").breaks("PB2002")).collect();
    rows.push(read("token_expired, and a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived());
    rows.extend(FORBIDDEN.iter().map(|name| given_up(name, "PB2012")));
    rows.extend(["users_not_found", "channel_not_found"].map(|name| given_up(name, "PB3006")));
    rows.extend(["not_in_channel", "is_archived", "restricted_action"].map(|name| given_up(name, "PB3007")));
    rows.extend(["invalid_arguments", "invalid_json", "a_name_of_tomorrow"].map(|name| given_up(name, "PB1105")));
    rows.extend(LIMITED.map(|name| later(name, error(name))));
    rows.push(later("429 without a wait", Act::status(429)));
    rows.push(later("429 for a minute", throttled("60")));
    rows.push(read("429 for a second", throttled("1"), "").times(1).survived());
    rows.extend(TROUBLE.map(|name| read(name, error(name), "PB3004")));
    rows.extend([
        read("HTTP 500", Act::status(500), "PB3004"),
        read("HTTP 503", Act::status(503), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 60 }, "PB3005"),
        read("an ok that is missing", answer(200, &[], &json!({ "members": [] })), "PB3005"),
        read("trouble in the middle of the list", error("internal_error"), "PB3004").skipping(2),
    ]);
    rows
}

/// What the token address says when an access token has ended.
pub(super) fn logins() -> Vec<ErrorRow> {
    let renewal = |name: &str, act: Act, code| {
        let mut row = ErrorRow::read(name, "users", USERS, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", "/api/oauth.v2.access", act).times(0)];
        row
    };
    vec![
        renewal("invalid_refresh_token: the consent is gone", error("invalid_refresh_token"), "PB2002")
            .breaks("PB2002"),
        renewal("bad_client_secret: the operator's mistake", error("bad_client_secret"), "PB2003"),
        renewal("ratelimited at the token address", error("ratelimited"), "PB2003"),
        renewal("429 at the token address", throttled("5"), "PB2003"),
        renewal("internal_error at the token address", error("internal_error"), "PB2003"),
        renewal("HTTP 500 at the token address", Act::status(500), "PB2003"),
    ]
}

/// Reads of messages, channel by channel.
pub(super) fn messages() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "messages", HISTORY, act, code);
    let passed = |name: &str| read(name, error(name), "").times(1).survived();
    vec![
        passed("channel_not_found"),
        passed("not_in_channel"),
        passed("no_permission"),
        passed("ekm_access_denied"),
        passed("org_login_required"),
        passed("a_name_of_tomorrow"),
        read("missing_scope", error("missing_scope"), "PB2012").then(Then::Never),
        read("invalid_ts_oldest", error("invalid_ts_oldest"), "PB1105").then(Then::Never),
        read("ratelimited, HTTP 429", throttled("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("fatal_error", error("fatal_error"), "PB3004"),
        read("fatal_error in the second channel", error("fatal_error"), "PB3004").skipping(3),
        read("HTML with 200", Act::html(), "PB3005"),
    ]
}

/// Messages to people.
pub(super) fn posts() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "message", POST, act, code);
    let failed = |name: &str, code| write(name, error(name), code).ends("failed", Some(code));
    let later = |name: &str, act: Act| write(name, act, "PB3003").ends("planned", Some("PB3003")).then(Then::Later);
    let mut rows: Vec<ErrorRow> = Vec::new();
    let ended =
        |name: &&str| write(name, error(name), "PB2002").times(0).ends("waiting", Some("PB2002")).breaks("PB2002");
    rows.extend(ENDED.iter().take(2).map(ended));
    rows.push(write("token_expired, and a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived());
    rows.extend(FORBIDDEN.map(|name| failed(name, "PB2012")));
    let missing = ["channel_not_found", "users_not_found", "thread_not_found", "message_not_found", "user_not_found"];
    rows.extend(missing.map(|name| failed(name, "PB3006")));
    rows.extend(["not_in_channel", "is_archived", "restricted_action"].map(|name| failed(name, "PB3007")));
    let wrong =
        ["msg_too_long", "no_text", "too_many_attachments", "invalid_arguments", "invalid_blocks", "invalid_json"];
    rows.extend(wrong.map(|name| write(name, error(name), "PB4001")));
    rows.extend(LIMITED.map(|name| later(name, error(name))));
    rows.push(later("HTTP 429", Act::status(429)));
    rows.extend(TROUBLE.map(|name| unknown(write(name, error(name), "PB4004"))));
    rows.extend([
        unknown(write("HTTP 500", Act::status(500), "PB4004")),
        unknown(write("HTML with 200", Act::html(), "PB4004")),
        unknown(write("an empty body with 200", Act::empty(), "PB4004")),
        unknown(write("a message whose answer is lost is found by its key", Act::LoseAnswer, "PB4004")),
        unknown(write("a message whose answer is cut", Act::Cut { bytes: 20 }, "PB4004")),
        unknown(write("a message that never arrived", Act::Drop, "PB4004")),
        unknown(ErrorRow::write("a note whose answer is lost", "note", POST, Act::LoseAnswer, "PB4004")),
        unknown(ErrorRow::write("a to-do that never arrived", "todo", POST, Act::Drop, "PB4004")),
    ]);
    rows
}

/// Files, step by step: nobody sees one before the third, so only there something can be in doubt.
pub(super) fn files() -> Vec<ErrorRow> {
    let write = |name: &str, on, act: Act, code| ErrorRow::write(name, "file", on, act, code);
    let of_report = |name: &str, on, act: Act, code| ErrorRow::write(name, "report", on, act, code);
    vec![
        write("no answer when room is asked for", ROOM, Act::LoseAnswer, "").survived(),
        write("no answer to the bytes", BYTES, Act::LoseAnswer, "").survived(),
        write("the bytes never arrive", BYTES, Act::Drop, "").survived(),
        write("the bytes are refused for a moment", BYTES, Act::status(503), "").survived(),
        write("room is refused: missing_scope", ROOM, error("missing_scope"), "PB2012").ends("failed", Some("PB2012")),
        write("room is refused: invalid_arguments", ROOM, error("invalid_arguments"), "PB4001"),
        write("room has to wait", ROOM, throttled("60"), "PB3003").ends("planned", Some("PB3003")).then(Then::Later),
        write("not_in_channel at the end", COMPLETE, error("not_in_channel"), "PB3007").ends("failed", Some("PB3007")),
        unknown(write("the end whose answer is lost", COMPLETE, Act::LoseAnswer, "PB4004")),
        unknown(write("the end that never arrived", COMPLETE, Act::Drop, "PB4004")),
        unknown(write("internal_error at the end", COMPLETE, error("internal_error"), "PB4004")),
        unknown(of_report("the message of a report whose answer is lost", POST, Act::LoseAnswer, "PB4004")),
        unknown(of_report("the files of a report whose answer is lost", COMPLETE, Act::LoseAnswer, "PB4004")),
        unknown(of_report("the files of a report that never arrived", COMPLETE, Act::Drop, "PB4004")),
    ]
}

/// Nobody knows whether it is there; it is looked for, and sent once more when it is not.
fn unknown(row: ErrorRow) -> ErrorRow {
    row.ends("unknown", Some("PB4004")).then(Then::Again).waiting(SETTLED)
}
