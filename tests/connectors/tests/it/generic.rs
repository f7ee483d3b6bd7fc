//! Any API by a definition: every style of paging, every way to write, every kind of login; and two definitions that are two
//! connectors of one code.

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_test_support::{
    Result,
    fakes::{
        Act,
        anyapi::{AnyApi, ELSEWHERE, ErrorBody, Manner},
    },
};
use serde_json::{Value, json};

pub(crate) fn case() -> Case {
    Case {
        actions: vec![
            ActionCase::of(
                "note",
                customer,
                |text| json!({ "text": text, "when": "2026-11-21", "importance": 2.5, "tags": ["klant"] }),
                &[("note", 1)],
            ),
            ActionCase::of("task", nowhere, |text| json!({ "title": text, "due": "2026-12-05" }), &[("task", 1)]),
            ActionCase::of("message", nowhere, |text| json!({ "text": text }), &[("message", 1)]),
            ActionCase::of("tag", nowhere, tag, &[("tag", 1)]),
            ActionCase::of("file", customer, |text| json!({ "title": text }), &[("file", 1)])
                .with(vec![File::pdf("verslag.pdf")]),
            ActionCase::of("document", nowhere, |text| json!({ "about": text }), &[("document", 1)])
                .with(vec![File::pdf("document.pdf")]),
            ActionCase::of(
                "subscription",
                nowhere,
                |text| json!({ "email": "els@acme.example", "list": text }),
                &[("subscription", 1)],
            ),
        ],
        rows: |_| Ok(error_table()),
        ..by::<HEADER_KEY>()
    }
}

const BEARER: usize = 0;
const HEADER_KEY: usize = 1;
const QUERY_KEY: usize = 2;
const BASIC: usize = 3;
const CLIENT_CREDENTIALS: usize = 4;
const NONE: usize = 5;

/// The same API by another login: every stream, and nothing is written.
fn by<const MANNER: usize>() -> Case {
    Case {
        connect: |scene| {
            let manner = manner::<MANNER>();
            scene.connect_by_fields(manner.word(), &json!(scene.fake::<AnyApi>()?.credential(manner)))
        },
        reconnect: |scene, connection| {
            let (fake, manner) = (scene.fake::<AnyApi>()?, manner::<MANNER>());
            fake.revoke(manner, false);
            scene.reconnect_by_fields(manner.word(), &json!(fake.credential(manner)), connection)
        },
        account: "Acme Boekingen",
        settings: |_| Ok(json!({ "partner_code": "P-7" })),
        streams: vec![
            StreamCase::of("bookings", bookings).asks_since("updated_since="),
            StreamCase::of("bookings_offset", bookings),
            StreamCase::of("bookings_cursor", bookings).asks_since("since="),
            StreamCase::of("bookings_search", bookings).asks_since("since_ms"),
            StreamCase::of("bookings_next", bookings).asks_since("since_day="),
            StreamCase::of("bookings_link", bookings).asks_since("revision="),
            StreamCase::of("bookings_all", bookings),
            StreamCase::of("rooms", rooms).still(),
        ],
        change,
        break_credential: |scene| {
            scene.fake::<AnyApi>()?.revoke(manner::<MANNER>(), true);
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<AnyApi>()?.secrets()),
        ..Case::of("generic", stage::<AnyApi>)
    }
}

fn manner<const MANNER: usize>() -> Manner {
    Manner::ALL[MANNER]
}

fn bookings(scene: &Scene<'_>) -> Result<Vec<Row>> {
    Ok(scene.fake::<AnyApi>()?.bookings().into_iter().map(Row::by_id).collect())
}

fn rooms(_: &Scene<'_>) -> Result<Vec<Row>> {
    let of = |location| AnyApi::rooms(location).into_iter().map(move |room| Row::of(location, "/id", room));
    Ok(["gent", "brugge"].into_iter().flat_map(of).collect())
}

/// Something other, something new, something gone.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<AnyApi>()?;
    let ids: Vec<String> =
        fake.bookings().iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).take(2).collect();
    if let [first, second] = ids.as_slice() {
        fake.touch(first);
        fake.remove(second);
    }
    fake.add();
    Ok(())
}

fn customer(_: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": "c-7" }))
}

fn nowhere(_: &Scene<'_>) -> Result<Value> {
    Ok(Value::Null)
}

/// Its address names it.
fn tag(text: &str) -> Value {
    let reference: String = text.chars().filter(char::is_ascii_alphanumeric).rev().take(40).collect();
    json!({ "reference": reference, "label": text })
}

/// Section 9 of the sheet, and the ways to say *not now* of section 8.
fn error_table() -> Vec<ErrorRow> {
    let list = ("GET", "/api/v1/bookings");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "bookings", list, act, code);
    let never = |name: &str, status, code| read(name, ErrorBody::Own.act(status), code).then(Then::Never);
    let note = |name: &str, act: Act, code| ErrorRow::write(name, "note", ("POST", "/api/v1/customers/"), act, code);
    let message =
        |name: &str, act: Act, code| ErrorRow::write(name, "message", ("POST", "/api/v1/messages"), act, code);
    let answer = |status: u16, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Act::Answer { status, headers, body: "{}".to_owned() }
    };
    let throttled =
        |name: &str, act: Act| read(name, act, "PB3003").ends("more_later", Some("PB3003")).then(Then::Later);
    vec![
        never("400", 400, "PB1105"),
        never("405", 405, "PB1105"),
        read("422 with fields", ErrorBody::Fields.act(422), "PB1105").then(Then::Never),
        ErrorRow::read("401", "bookings", ("GET", "/"), ErrorBody::Own.act(401), "PB2002").breaks("PB2002"),
        read("402 in problem details", ErrorBody::Problem.act(402), "PB2012").then(Then::Never),
        never("403", 403, "PB2012"),
        never("404 of a whole stream", 404, "PB3006"),
        never("409", 409, "PB3007"),
        never("412", 412, "PB3007"),
        read("500", ErrorBody::Own.act(500), "PB3004"),
        read("502 as a page of HTML", ErrorBody::Html.act(502), "PB3004"),
        read("504 with an empty body", ErrorBody::Empty.act(504), "PB3004"),
        read("520", ErrorBody::Html.act(520), "PB3004"),
        read("408", ErrorBody::Own.act(408), "PB3004"),
        read("425", ErrorBody::Own.act(425), "PB3004"),
        read("500 once", ErrorBody::Own.act(500), "PB3004").times(1),
        read("HTML with 200", Act::html(), "PB3004"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        ErrorRow::read(
            "cut JSON on a later page",
            "bookings_offset",
            ("GET", "/api/v1/offset/"),
            Act::Cut { bytes: 40 },
            "PB3005",
        )
        .skipping(1),
        read("a connection that closes", Act::Drop, "PB3004"),
        read("a redirect to another host", answer(302, &[("location", ELSEWHERE)]), "PB3012").then(Then::Never),
        read("an answer that nobody takes", Act::empty(), "PB3005").by(
            |scene| {
                scene.fake::<AnyApi>()?.oversize(1_000);
                Ok(())
            },
            |scene| {
                scene.fake::<AnyApi>()?.oversize(0);
                Ok(())
            },
        ),
        throttled("429 with a wait", Act::too_many("60")),
        throttled("503 with a wait", answer(503, &[("retry-after", "60")])),
        throttled("403 with nothing left", answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")])),
        read("429 with a short wait", Act::too_many("1"), "").times(1).survived(),
        note("400 at a note", ErrorBody::Own.act(400), "PB4001"),
        note("422 at a note", ErrorBody::Fields.act(422), "PB4001"),
        note("404 at a note", ErrorBody::Own.act(404), "PB3006").ends("failed", Some("PB3006")),
        note("409 at a note", ErrorBody::Own.act(409), "PB3007").ends("failed", Some("PB3007")),
        note("500 at a note: the same key again", ErrorBody::Own.act(500), "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
        note("a note whose answer is lost: the same key again", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
        ErrorRow::write(
            "a tag whose answer is lost: twice is once",
            "tag",
            ("PUT", "/api/v1/tags/"),
            Act::LoseAnswer,
            "PB4004",
        )
        .ends("unknown", Some("PB4004"))
        .then(Then::Again),
        message("400 at a message", ErrorBody::Own.act(400), "PB4001"),
        message("a message whose answer is lost: a person looks", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Never)
            .leaving(&[("message", 1)]),
    ]
}

#[test]
fn connected_by_a_key_read_in_every_way_written_in_every_way_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}

#[test]
fn a_bearer_token_is_accepted_broken_and_repaired() -> Result<()> {
    journey(&by::<BEARER>())
}

#[test]
fn a_key_in_the_query_comes_back_in_no_address() -> Result<()> {
    journey(&by::<QUERY_KEY>())
}

#[test]
fn user_and_password_are_accepted_broken_and_repaired() -> Result<()> {
    journey(&by::<BASIC>())
}

#[test]
fn an_own_client_gets_its_tokens_and_loses_them() -> Result<()> {
    journey(&by::<CLIENT_CREDENTIALS>())
}

#[test]
fn without_a_login_nothing_is_sent_that_could_be_one() -> Result<()> {
    journey(&by::<NONE>())
}
