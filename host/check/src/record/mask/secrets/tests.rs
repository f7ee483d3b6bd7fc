//! No secret of an address or a header is in a recording, and what stood on it still replays.

use patchbay_fixture::{Asked, Credential, Effect, Exchange, Fixture, Item, Said, Tape};
use serde_json::json;

use super::*;

const TOKEN: &str = "8f3c91a7d2";
const SIGNATURE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn exchange(url: &str, body: Value) -> Exchange {
    Exchange {
        request: Expected { method: "GET".to_owned(), url: url.to_owned(), ..Expected::default() },
        answer: Answer { body: Some(body), ..Answer::default() },
    }
}

fn mask() -> Mask {
    Mask::of([7; 32], String::new(), false)
}

fn masked(exchanges: Vec<Exchange>) -> Fixture {
    masked_by(mask(), exchanges)
}

fn masked_by(mut mask: Mask, exchanges: Vec<Exchange>) -> Fixture {
    let mut fixture = Fixture { exchanges, ..Fixture::default() };
    fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
    mask.fixture(&mut fixture);
    fixture
}

/// Whether the fixture has an answer to this request.
fn answers(fixture: &Fixture, url: &str, headers: &[(String, String)]) -> bool {
    let asked = Asked {
        method: "GET",
        url,
        headers,
        json: None,
        effect: Effect::Read,
        step: None,
        credential: Credential::Standard,
    };
    Tape::of(fixture.exchanges.clone()).take(&asked).is_ok()
}

fn body(fixture: &Fixture, at: usize) -> &Value {
    fixture.exchanges[at].answer.body.as_ref().expect("a body")
}

fn holds_none_of(fixture: &Fixture, secrets: &[&str]) {
    let text = fixture.text();
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} stayed in {text}");
    }
}

#[test]
fn a_signed_link_holds_no_secret_and_still_leads_to_its_answer() {
    let link = format!(
        "https://files.example/f?X-Amz-Expires=300&X-Amz-Credential=AKIAQ7T3%2F20261121%2Feu-west-1%2Fs3%2Faws4_request\
         &X-Amz-Signature={SIGNATURE}&token={TOKEN}&page=2"
    );
    let fixture = masked(vec![
        exchange("https://a.example/files", json!([{ "id": 7, "download_url": link }])),
        exchange(&link, json!({ "bytes": 12, "token_was": TOKEN })),
    ]);
    holds_none_of(&fixture, &[SIGNATURE, TOKEN, "AKIAQ7T3"]);
    let told = body(&fixture, 0)[0]["download_url"].as_str().expect("a link");
    assert_eq!(told, fixture.exchanges[1].request.url);
    assert!(answers(&fixture, told, &[]), "{told}");
    for stays in ["https://files.example/f?X-Amz-Expires=300&", "&page=2"] {
        assert!(told.contains(stays), "{stays} went from {told}");
    }
}

#[test]
fn a_header_that_is_sent_on_holds_no_secret_and_is_still_the_one_that_was_told() {
    let secret = "8f3c/91+a7d2==";
    let mut first = exchange("https://a.example/session", json!({ "id": 7 }));
    first.answer.headers.insert("x-csrf-token".to_owned(), secret.to_owned());
    // The same one as an address has it, of both ways, and as JSON within a text does.
    let told = json!({
        "link": "https://a.example/f?t=8f3c%2F91%2Ba7d2%3D%3D&page=2", "also": "/f?sig=8f3c%2f91%2ba7d2%3d%3d",
        "raw": r#"{"t":"8f3c\/91+a7d2=="}"#
    });
    let mut second = exchange("https://a.example/notes", told);
    second.request.headers.insert("X-CSRF-Token".to_owned(), secret.to_owned());
    let fixture = masked(vec![first, second]);
    holds_none_of(&fixture, &["a7d2", "8f3c"]);
    let told = &fixture.exchanges[0].answer.headers["x-csrf-token"];
    assert!(answers(&fixture, "https://a.example/notes", &[("x-csrf-token".to_owned(), told.clone())]), "{told}");
    let link = body(&fixture, 1)["link"].as_str().expect("a link");
    assert!(link.contains(&percent(told, "%20")) && link.ends_with("&page=2"), "{link} is not of {told}");
}

#[test]
fn what_a_scheme_a_cookie_or_a_link_header_carries_is_gone_wherever_it_stands() {
    let mut first = exchange("https://a.example/login", json!({ "seen": "b81d44f0c7, 4b7a90c2e1" }));
    for (name, value) in [
        ("authorization", "Bearer b81d44f0c7"),
        ("set-cookie", "id=4b7a90c2e1; Path=/; HttpOnly"),
        ("link", "<https://a.example/notes?page=2&access_token=7c0d55e19a>; rel=\"next\""),
        ("location", "https://b.example/?to=https%3A%2F%2Fa.example%2Fcb%3Fcode%3D8f3c91a7d2"),
    ] {
        first.answer.headers.insert(name.to_owned(), value.to_owned());
    }
    let next = exchange("https://a.example/notes?page=2&access_token=7c0d55e19a", json!([]));
    let fixture = masked(vec![first, next]);
    holds_none_of(&fixture, &["b81d44f0c7", "4b7a90c2e1", "7c0d55e19a", TOKEN]);
    let headers = &fixture.exchanges[0].answer.headers;
    assert!(headers["authorization"].starts_with("Bearer ") && headers["set-cookie"].ends_with("; Path=/; HttpOnly"));
    let link = headers["link"].split(['<', '>']).nth(1).expect("a link");
    assert!(answers(&fixture, link, &[]), "{link}");
}

#[test]
fn who_asks_and_the_password_in_an_address_are_replaced_and_its_host_is_not() {
    let link = "https://bot:h7Kq2mZx9@files.example/bot/f";
    let fixture = masked(vec![exchange("https://a.example/files", json!({ "link": link, "kind": "bot" }))]);
    holds_none_of(&fixture, &["h7Kq2mZx9", "//bot"]);
    let text = fixture.text();
    assert!(text.contains("@files.example/bot/f") && text.contains("\"bot\""), "a word is one elsewhere: {text}");
}

#[test]
fn words_numbers_and_what_a_connector_says_by_itself_stay() {
    let notes = "https://a.example/notes?sort_key=createdAt&access=all&key=ID-71&keys=A1-B2-C3&size=100";
    let mut first = exchange(
        &format!("{notes}&page=1"),
        json!({ "next": format!("{notes}&page=2&cursor=Zx81QQ"), "self": "/n?token_type=Bearer&session=1700000000" }),
    );
    let ends = ("acme-authentication-token-expiration".to_owned(), "2027-01-31 09:00:00 UTC".to_owned());
    first.answer.headers.extend([ends, ("etag".to_owned(), "\"4b7a90c2e1\"".to_owned())]);
    let exchanges = vec![first, exchange(&format!("{notes}&page=2&cursor=Zx81QQ"), json!({ "id": "A1-B2-C3" }))];
    assert_eq!(masked(exchanges.clone()).exchanges, exchanges);
}

#[test]
fn what_is_called_or_written_like_a_token_goes_from_a_request_though_nobody_told_it() {
    let fixture = masked(vec![exchange(
        &format!("https://a.example/f?sig=8f3c91a7d2e4&access_id={SIGNATURE}&key=AB12-CD34-EF56"),
        json!([]),
    )]);
    holds_none_of(&fixture, &["8f3c91a7d2e4", SIGNATURE]);
    assert!(fixture.text().contains("key=AB12-CD34-EF56"), "it may be the connector's own: {}", fixture.text());
}

#[test]
fn what_an_answer_calls_something_else_is_a_secret_once_it_is_sent_as_one() {
    let mut second = exchange("https://a.example/notes?key=AB12-CD34-EF56", json!([]));
    second.request.body = Some(json!({ "session": "b81d44f0c7" }));
    let told = json!({ "nonce": "AB12-CD34-EF56", "place": "b81d44f0c7" });
    let fixture = masked(vec![exchange("https://a.example/me", told), second]);
    holds_none_of(&fixture, &["AB12", "b81d44f0c7"]);
    let url = &fixture.exchanges[1].request.url;
    assert!(url.ends_with(body(&fixture, 0)["nonce"].as_str().expect("a text")), "{url}");
    let sent = fixture.exchanges[1].request.body.as_ref().expect("a body");
    assert_eq!(sent["session"], body(&fixture, 0)["place"]);
}

#[test]
fn a_short_one_is_replaced_at_its_place_and_nowhere_else() {
    let link = "https://a.example/f/a1b2?sig=a1b2&part=a1b2";
    let mut first = exchange("https://a.example/files", json!({ "id": "a1b2", "link": link }));
    first.answer.headers.insert("x-session".to_owned(), "k7".to_owned());
    let mut second = exchange(link, json!({ "id": "a1b2 k7" }));
    second.request.headers.insert("x-session".to_owned(), "k7".to_owned());
    let fixture = masked(vec![first, second]);
    holds_none_of(&fixture, &["sig=a1b2", "\"x-session\": \"k7\""]);
    assert_eq!(body(&fixture, 0)["id"], "a1b2");
    assert_eq!(body(&fixture, 1)["id"], "a1b2 k7");
    let told = body(&fixture, 0)["link"].as_str().expect("a link");
    assert!(told.starts_with("https://a.example/f/a1b2?sig=") && told.ends_with("&part=a1b2"), "{told}");
    let session = fixture.exchanges[0].answer.headers["x-session"].clone();
    assert!(answers(&fixture, told, &[("x-session".to_owned(), session)]), "{told}");
}

#[test]
fn a_long_word_without_a_digit_is_a_secret_in_a_record_too() {
    let secret = "qhwmzrtkvbxcnplsdgfj";
    let link = format!("https://a.example/f?token={secret}");
    let fixture = masked(vec![
        exchange("https://a.example/me", json!({ "access_token": secret, "token_type": "bearer" })),
        exchange(&link, json!([])),
    ]);
    holds_none_of(&fixture, &[secret]);
    assert_eq!(body(&fixture, 0)["token_type"], "bearer");
    let told = body(&fixture, 0)["access_token"].as_str().expect("a text");
    assert!(answers(&fixture, &format!("https://a.example/f?token={told}"), &[]));
}

#[test]
fn a_fact_and_the_key_of_a_step_are_no_secrets_where_they_are_sent_as_a_key() {
    let mut mask = mask();
    mask.learn_key("abcdefghijklmnopqrstuvwxyz".to_owned(), "note2222222222222222222222".to_owned());
    mask.learn_said(&Said { facts: Some([("area".to_owned(), "eu-42x-7".to_owned())].into()), ..Said::default() });
    let url = "https://a.example/notes?session_area=eu-42x-7&key=abcdefghijklmnopqrstuvwxyz";
    let answer = json!({ "key": "abcdefghijklmnopqrstuvwxyz", "self": url });
    let fixture = masked_by(mask, vec![exchange(url, answer)]);
    let kept = "https://a.example/notes?session_area=eu-42x-7&key=note2222222222222222222222";
    assert_eq!(fixture.exchanges[0].request.url, kept);
    assert_eq!(*body(&fixture, 0), json!({ "key": "note2222222222222222222222", "self": kept }));
}

#[test]
fn the_link_of_an_item_and_of_a_setting_is_replaced_with_what_the_connector_makes_of_it() {
    let (item_url, setting_url) =
        (format!("https://files.example/f?sig={SIGNATURE}"), format!("https://hooks.example/h?key={TOKEN}"));
    let item = json!({ "action": "file", "payload": { "from": item_url } });
    let item: Item = serde_json::from_value(item).expect("an item");
    let said = Said { config: Some(json!({ "hook": setting_url })), ..Said::default() };
    let mut mask = mask();
    mask.learn_said(&said);
    mask.learn_item(&item);
    let mut sent = exchange("https://a.example/files", json!({}));
    sent.request.body = Some(json!({ "source": item_url, "hook": setting_url, "title": "New file" }));
    let mut fixture = Fixture { exchanges: vec![sent], context: said, ..Fixture::default() };
    fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
    mask.fixture(&mut fixture);
    holds_none_of(&fixture, &[SIGNATURE, TOKEN]);
    let sent = fixture.exchanges[0].request.body.as_ref().expect("a body");
    assert_eq!(sent["title"], "New file");
    assert_eq!(Some(&sent["hook"]), fixture.context.config.as_ref().map(|config| &config["hook"]));
}
