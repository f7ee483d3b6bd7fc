//! Google Workspace: a login for calendars and one for the directory, boxes that may be left out, lists that are read by sync
//! tokens, and errors of one status that mean five things.

mod product;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_it::{Tenant, leads};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Login, Rule, google_workspace::GoogleWorkspace},
};
use serde_json::{Value, json};

const ID: &str = "patchbay.google-workspace";
const LIST: (&str, &str) = ("GET", "/calendar/v3/users/me/calendarList");
const USERS: (&str, &str) = ("GET", "/admin/directory/v1/users");
const EVENT: (&str, &str) = ("POST", "/calendar/v3/calendars/");
const PATCH: (&str, &str) = ("PATCH", "/calendar/v3/calendars/");
const TOKEN: &str = "/token";
const NOTE: &[(&str, usize)] = &[("note", 1)];
const CHANGED: &[&str] = &["calendar_id", "id", "summary", "status", "description", "etag"];

/// A plain user's calendars.
pub(crate) fn case() -> Case {
    Case {
        prepare,
        connect: |scene| connect(scene, "calendar", "els"),
        reconnect: |scene, connection| reconnect(scene, connection, "calendar", "els"),
        account: "els@voorbeeld.example",
        streams: vec![
            StreamCase::of("calendars", |scene| {
                let records = scene.fake::<GoogleWorkspace>()?.stored("calendar");
                let row = |record: Value| Row::by_id(some(&record, &["id", "summary", "accessRole", "etag"]));
                Ok(records.into_iter().map(row).collect())
            })
            .asks_since("syncToken="),
            StreamCase::of("events", events).asks_since("syncToken="),
        ],
        change,
        actions: vec![
            ActionCase::of(
                "event",
                |scene| Ok(json!({ "id": scene.fake::<GoogleWorkspace>()?.calendars()[0] })),
                |text| {
                    json!({ "title": text, "start": "2026-11-23T10:00:00+01:00", "time_zone": "Europe/Brussels",
                        "text": "Zie <bijlage>", "link": "https://hub.example/m/1", "attendees": ["jan@korenaar.example"] })
                },
                &[("event", 1)],
            )
            .changing(&[("change", 1)]),
            ActionCase::of("note", an_event, |text| json!({ "text": text, "link": "https://hub.example/m/1" }), NOTE),
            ActionCase::of(
                "report",
                an_event,
                |text| json!({ "title": "Verslag", "text": text, "date": "2026-11-21", "todos": [{ "title": "Offerte" }] }),
                NOTE,
            ),
            ActionCase::of("todo", an_event, |text| json!({ "title": text, "due": "2026-12-01" }), NOTE),
        ],
        break_credential: |scene| {
            scene.fake::<GoogleWorkspace>()?.revoke("els");
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<GoogleWorkspace>()?.secrets()),
        rows: |_| Ok([reads(), tokens(), writes()].into_iter().flatten().collect()),
        ..Case::of("google-workspace", stage::<GoogleWorkspace>)
    }
}

/// An administrator's directory.
pub(crate) fn of_administrator() -> Case {
    Case {
        connect: |scene| connect(scene, "directory", "an"),
        reconnect: |scene, connection| reconnect(scene, connection, "directory", "an"),
        account: "voorbeeld.example",
        streams: vec![
            StreamCase::of("users", |scene| whole(scene, "user", &["/id"])),
            StreamCase::of("groups", |scene| whole(scene, "group", &["/id"])),
            StreamCase::of("group_members", |scene| whole(scene, "member", &["/group_id", "/id"])),
            StreamCase::of("app_tokens", |scene| whole(scene, "token", &["/userKey", "/clientId"])),
        ],
        change: |scene| {
            let fake = scene.fake::<GoogleWorkspace>()?;
            let number = next();
            if number.is_multiple_of(2) {
                fake.dismiss();
            }
            fake.touch_directory(&format!("Anders {number}"));
            Ok(())
        },
        actions: Vec::new(),
        break_credential: |scene| {
            scene.fake::<GoogleWorkspace>()?.revoke("an");
            Ok(())
        },
        rows: |_| Ok(of_directory()),
        ..case()
    }
}

fn prepare(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<GoogleWorkspace>()?;
    let client = fake.client();
    fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
    // More than one page of everything, and an empty one in between.
    fake.short_pages(Some(5));
    Ok(())
}

/// Connects by one of the two ways to log in; the connection.
fn connect(scene: &Scene<'_>, auth: &str, who: &str) -> Result<String> {
    let login = scene.fake::<GoogleWorkspace>()?.login(who);
    let (session, page) = by(scene.tenant, auth, &login, &[])?;
    if page.status != 200 {
        return Err(Trouble::new(format!("the callback answered {}: {}", page.status, page.text)));
    }
    scene.tenant.made_by(&session)
}

fn reconnect(scene: &Scene<'_>, connection: &str, auth: &str, who: &str) -> Result<()> {
    let made = connect(scene, auth, who)?;
    if made == connection { Ok(()) } else { Err(Trouble::new(format!("{made} was made instead of {connection}"))) }
}

/// Logs in by one of the two ways, with these boxes left out; the session, and the page that the person sees in the end.
fn by(tenant: &Tenant, auth: &str, login: &Login, unticked: &[&str]) -> Result<(String, Page)> {
    let session = tenant.session(ID, &json!({ "verification": "off" }))?;
    let mut browser = Browser::default();
    let mut review = browser.review(&session.url, ID)?.url;
    review.query_pairs_mut().clear().append_pair("connector", ID).append_pair("auth", auth);
    let review = browser.open(review.as_str())?;
    let away = browser.authorise(&review, &[])?;
    let back = walk(&mut browser, &leads(&away)?, login, unticked)?;
    Ok((session.id, browser.return_to(&back)?))
}

/// Through the pages of the provider; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, unticked: &[&str]) -> Result<Page> {
    let page = browser.open(address)?;
    let provider = page.url.origin().ascii_serialization();
    let mut page = browser.settle_at(page, &[&provider])?;
    if page.form_named("login").is_ok() {
        let typed = [("user", login.user.as_str()), ("password", login.password.as_str())];
        let signed = browser.submit_named(&page, "login", &typed)?;
        page = browser.settle_at(signed, &[&provider])?;
    }
    let boxes: Vec<String> =
        unticked.iter().map(|scope| format!("box:https://www.googleapis.com/auth/{scope}")).collect();
    let mut chosen: Vec<(&str, &str)> = boxes.iter().map(|name| (name.as_str(), "")).collect();
    chosen.push(("decision", "allow"));
    browser.submit_named(&page, "consent", &chosen)
}

fn next() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// These members of a record.
fn some(record: &Value, members: &[&str]) -> Value {
    let of = |name: &&str| Some(((*name).to_owned(), record.get(*name)?.clone()));
    Value::Object(members.iter().filter_map(of).collect())
}

/// The events of all calendars that are accounts: a hidden one is none.
fn events(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let fake = scene.fake::<GoogleWorkspace>()?;
    let accounts = &fake.calendars()[..4];
    let mut rows = Vec::new();
    for record in fake.stored("event") {
        let calendar = record["calendar_id"].as_str().unwrap_or_default().to_owned();
        if accounts.contains(&calendar.as_str()) {
            let key = json!([calendar, record["id"]]).to_string();
            rows.push(Row { account: calendar, key, record: some(&record, CHANGED) });
        }
    }
    Ok(rows)
}

/// All records of a kind, whole.
fn whole(scene: &Scene<'_>, kind: &str, key: &[&str]) -> Result<Vec<Row>> {
    let row = |record: Value| {
        if let [pointer] = key {
            return Row::of("", pointer, record);
        }
        let parts: Vec<Value> = key.iter().filter_map(|pointer| record.pointer(pointer).cloned()).collect();
        Row { account: String::new(), key: Value::from(parts).to_string(), record }
    };
    Ok(scene.fake::<GoogleWorkspace>()?.stored(kind).into_iter().map(row).collect())
}

/// In two calendars an event comes, one is renamed and one goes; a calendar is renamed, one comes and another one goes.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<GoogleWorkspace>()?;
    let number = next();
    let [main, team, ..] = fake.calendars();
    for calendar in [main, team] {
        fake.add_event(calendar, &format!("7k2mnieuw{number}"), "Nieuw", 30);
        fake.rename_event(calendar, &format!("7k2m01{}", calendar.len()), &format!("Anders {number}"));
        fake.remove_event(calendar, &format!("7k2mnieuw{}", number.saturating_sub(2)));
    }
    fake.rename_calendar(team, &format!("Team {number}"));
    fake.add_calendar(&format!("c_nieuw{number}@group.calendar.google.com"), "Nieuw", true);
    fake.remove_calendar(&format!("c_nieuw{}@group.calendar.google.com", number.saturating_sub(1)));
    Ok(())
}

/// An event of the main calendar that nothing else changes.
fn an_event(scene: &Scene<'_>) -> Result<Value> {
    let main = scene.fake::<GoogleWorkspace>()?.calendars()[0];
    Ok(json!({ "id": format!("{main}/7k2m05{}", main.len()) }))
}

/// An error as Google words it.
fn said(status: u16, reason: &str) -> Act {
    let domain = if reason.ends_with("Exceeded") { "usageLimits" } else { "global" };
    let body = json!({ "error": { "code": status, "message": "x", "errors": [{ "domain": domain, "reason": reason, "message": "x" }] } });
    answer(status, &[("content-type", "application/json")], &body.to_string())
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Act::Answer { status, headers, body: body.to_owned() }
}

/// The error table of the sheet, over a list.
fn reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "calendars", LIST, act, code);
    let given_up = |name: &str, act: Act, code| read(name, act, code).then(Then::Never);
    let waits = |name: &str, act: Act| read(name, act, "").ends("more_later", Some("PB3003")).then(Then::Later);
    vec![
        read("401 authError, a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived(),
        read("401 authError, a refresh does not help", said(401, "authError"), "PB2002").breaks("PB2002"),
        given_up("400 badRequest", said(400, "badRequest"), "PB1105"),
        given_up(
            "403 insufficientPermissions: a box that was not ticked",
            said(403, "insufficientPermissions"),
            "PB2012",
        ),
        given_up("403 forbidden", said(403, "forbidden"), "PB2012"),
        given_up("403 without a reason", Act::status(403), "PB2012"),
        given_up("403 accessNotConfigured: the operator", said(403, "accessNotConfigured"), "PB1105"),
        waits("403 userRateLimitExceeded", said(403, "userRateLimitExceeded")),
        waits("403 rateLimitExceeded", said(403, "rateLimitExceeded")),
        waits("403 quotaExceeded", said(403, "quotaExceeded")),
        waits("403 calendarUsageLimitsExceeded", said(403, "calendarUsageLimitsExceeded")),
        waits("429 rateLimitExceeded", said(429, "rateLimitExceeded")),
        read("429 for a second", Act::too_many("1"), "").times(1).survived(),
        waits("429 for a minute", Act::too_many("60")),
        given_up("404 notFound", said(404, "notFound"), "PB3006"),
        // 410 begins afresh at once, faster than a row can look: see `product`.
        read("500 backendError", said(500, "backendError"), "PB3004"),
        read("503 backendError", said(503, "backendError"), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 60 }, "PB3005"),
        read("a connection that closes", Act::Drop, "PB3004"),
    ]
}

/// What the token address says when it is asked to renew.
fn tokens() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| {
        let mut row = ErrorRow::read(name, "calendars", LIST, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", TOKEN, act).times(0)];
        row
    };
    let error = |status: u16, body: Value| answer(status, &[("content-type", "application/json")], &body.to_string());
    let dead = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
    let policy = json!({ "error": "invalid_grant", "error_subtype": "invalid_rapt" });
    vec![
        read("invalid_grant at a refresh", error(400, dead), "PB2002").breaks("PB2002"),
        read("invalid_grant because of a policy", error(400, policy), "PB2002").breaks("PB2002"),
        read("500 at a refresh: the connection is not broken", Act::status(500), "PB2003"),
    ]
}

/// The error table over writes.
fn writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "note", PATCH, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let later = |row: ErrorRow| row.ends("planned", Some("PB3003")).then(Then::Later);
    let unknown =
        |row: ErrorRow| row.ends("unknown", Some("PB4004")).then(Then::Again).waiting(Duration::from_secs(600));
    let event = |name: &str, act: Act| ErrorRow::write(name, "event", EVENT, act, "PB4004");
    vec![
        write("400 invalid at a write", said(400, "invalid"), "PB4001"),
        failed("403 forbidden at a write", said(403, "forbidden"), "PB2012"),
        failed("403 forbiddenForNonOrganizer", said(403, "forbiddenForNonOrganizer"), "PB2012"),
        later(write("403 rateLimitExceeded at a write", said(403, "rateLimitExceeded"), "PB3003")),
        later(write("429 at a write", said(429, "rateLimitExceeded"), "PB3003")),
        failed("404 notFound at a write", said(404, "notFound"), "PB3006"),
        failed("410 deleted at a write", said(410, "deleted"), "PB3006"),
        write("412: somebody was quicker, once", said(412, "conditionNotMet"), "").survived(),
        failed("412: somebody is always quicker", said(412, "conditionNotMet"), "PB3007").times(0),
        unknown(write("500 backendError at a write", said(500, "backendError"), "PB4004")),
        unknown(write("HTML with 200 at a write", Act::html(), "PB4004")),
        unknown(write("a note whose answer is lost", Act::LoseAnswer, "PB4004")),
        unknown(write("a note that never arrived", Act::Drop, "PB4004")),
        ErrorRow::write("400 timeRangeEmpty", "event", EVENT, said(400, "timeRangeEmpty"), "PB4001"),
        unknown(event("an event whose answer is lost: its own id", Act::LoseAnswer)),
        unknown(event("an event that never arrived", Act::Drop)),
        unknown(event("500 when an event is made", said(500, "backendError"))),
    ]
}

/// The directory: whoever may not see it is told who may.
fn of_directory() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "users", USERS, act, code);
    vec![
        read("403 forbidden: no administrator any more", Act::empty(), "PB2012")
            .by(|scene| demote(scene, true), |scene| demote(scene, false))
            .then(Then::Never),
        read("403 insufficientPermissions", said(403, "insufficientPermissions"), "PB2012").then(Then::Never),
        read("403 quotaExceeded", said(403, "quotaExceeded"), "").ends("more_later", Some("PB3003")).then(Then::Later),
        read("404 notFound", said(404, "notFound"), "PB3006").then(Then::Never),
        read("503 backendError", said(503, "backendError"), "PB3004"),
        read("cut JSON", Act::Cut { bytes: 60 }, "PB3005"),
    ]
}

fn demote(scene: &Scene<'_>, on: bool) -> Result<()> {
    scene.fake::<GoogleWorkspace>()?.demote(on);
    Ok(())
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<GoogleWorkspace>()?.expire_access();
    Ok(())
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn the_whole_journey_of_an_administrator() -> Result<()> {
    journey(&of_administrator())
}

#[test]
fn each_row_of_the_error_table() -> Result<()> {
    chaos(&case())
}

#[test]
fn each_row_of_the_error_table_of_the_directory() -> Result<()> {
    chaos(&of_administrator())
}
