//! Nobody is in a recording, and it still replays.

use patchbay_fixture::{Answer, Expected};
use serde_json::json;

use super::*;

fn exchange(url: &str, body: Value) -> Exchange {
    Exchange {
        request: Expected { method: "GET".to_owned(), url: url.to_owned(), ..Expected::default() },
        answer: Answer { body: Some(body), ..Answer::default() },
    }
}

#[test]
fn nothing_personal_stays_and_what_leads_from_answer_to_request_still_does() {
    let first = json!({
        "id": "c-17", "state": "active", "name": "Els Claes", "email": "els@claes.be", "vat": "BE0123456789",
        "phone": "+32 9 123 45 67", "remark": "Belde over els@claes.be", "updated": "2026-11-21T10:00:00Z",
        "next_page_token": "Zx81QQ", "login": "m-peeters"
    });
    let mut fixture = Fixture {
        exchanges: vec![
            exchange("https://a.example/contacts", first),
            exchange("https://a.example/contacts?name=Els%20Claes&page=Zx81QQ&to=els%40claes.be", json!([])),
        ],
        ..Fixture::default()
    };
    let mut mask = Mask::of([7; 32], String::new(), false);
    fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
    mask.fixture(&mut fixture);
    let text = fixture.text();
    for gone in ["Claes", "claes", "123456789", "123 45 67", "Zx81QQ", "Belde", "peeters"] {
        assert!(!text.contains(gone), "{gone} stayed in {text}");
    }
    for stays in ["c-17", "active", "2026-11-21T10:00:00Z", "BE0"] {
        assert!(text.contains(stays), "{stays} went from {text}");
    }
    let body = fixture.exchanges[0].answer.body.clone().expect("a body");
    let told = |name: &str| body[name].as_str().expect("a text").to_owned();
    let url = &fixture.exchanges[1].request.url;
    for led in [percent(&told("name"), "%20"), told("next_page_token"), percent(&told("email"), "%20")] {
        assert!(url.contains(&led), "{led} is not in {url}");
    }
}

#[test]
fn what_was_written_is_told_by_the_same_words_and_keeps_its_key() {
    let mut mask = Mask::of([7; 32], String::new(), false);
    mask.learn_key("abcdefghijklmnopqrstuvwxyz".to_owned(), "note2222222222222222222222".to_owned());
    mask.learn_value("text", &json!("Bel Jan Peeters"));
    mask.learn_value("text", &json!("Bel Jan Peeters\n\n[pb:abcdefghijkl]"));
    let (item, answer) = (mask.text("Bel Jan Peeters"), mask.text("Bel Jan Peeters\n\n[pb:abcdefghijkl]"));
    assert!(!item.contains("Peeters"), "{item}");
    assert_eq!(answer, format!("{item}\n\n[pb:note22222222]"));
}

#[test]
fn the_key_of_a_step_becomes_the_one_of_fixtures_also_where_it_was_cut() {
    let mut mask = Mask::of([7; 32], String::new(), false);
    mask.learn_key("abcdefghijklmnopqrstuvwxyz".to_owned(), "note2222222222222222222222".to_owned());
    assert_eq!(mask.text("x [pb:abcdefghijkl]"), "x [pb:note22222222]");
    assert_eq!(mask.text("abcdefghijklmnopqrstuvwxyz"), "note2222222222222222222222");
}

/// A recording of one write, masked.
fn written(item: &Value, sent: Value, answer: Value, said: &Said, keep_text: bool) -> Fixture {
    let item: Item = serde_json::from_value(item.clone()).expect("an item");
    let mut exchange = exchange("https://a.example/mails", answer);
    exchange.request.body = Some(sent);
    let mut fixture = Fixture {
        call: Some(Call::Push(item.clone())),
        context: said.clone(),
        exchanges: vec![exchange],
        ..Fixture::default()
    };
    let mut mask = Mask::of([7; 32], String::new(), keep_text);
    mask.learn_said(said);
    mask.learn_item(&item);
    fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
    mask.fixture(&mut fixture);
    fixture
}

fn pushed(fixture: &Fixture) -> &Item {
    match &fixture.call {
        Some(Call::Push(item)) => item,
        other => panic!("{other:?} is no push"),
    }
}

#[test]
fn whom_an_item_is_for_is_replaced_in_the_item_and_in_the_request() {
    let item = json!({
        "action": "send_email", "target": { "id": "els@claes.be", "name": "Els Claes" },
        "payload": { "subject": "Dag Els Claes", "cc": ["jan@claes.be"] }
    });
    // The connector puts together what it was given, and says something of its own.
    let sent = json!({
        "to": "Els Claes <els@claes.be>", "cc": "jan@claes.be", "subject": "Dag Els Claes",
        "first_name": "Els", "last_name": "Claes", "title": "Nieuwe mail", "bcc": "chef@claes.be"
    });
    let fixture = written(&item, sent, json!({ "id": 1 }), &Said::default(), false);
    let text = fixture.text();
    for gone in ["Claes", "claes", "Els", "chef"] {
        assert!(!text.contains(gone), "{gone} stayed in {text}");
    }
    let body = fixture.exchanges[0].request.body.as_ref().expect("a body");
    let target = pushed(&fixture).target.as_ref().expect("a target");
    let told = |name: &str| target[name].as_str().expect("a text");
    assert_eq!(body["to"], json!(format!("{} <{}>", told("name"), told("id"))), "the two still agree");
    assert_eq!(body["subject"], pushed(&fixture).payload["subject"]);
    assert!(told("name").ends_with(body["last_name"].as_str().expect("a text")), "{text}");
    assert_eq!(body["title"], "Nieuwe mail", "what the connector says by itself is said again");
}

#[test]
fn settings_and_facts_of_an_account_are_replaced() {
    let said = Said {
        account: Some(Some("kantoor@claes.be".to_owned())),
        account_facts: Some([("contact".to_owned(), "Els Claes".to_owned())].into()),
        settings: Some(json!({ "sender_name": "Kantoor Claes", "reply_to": "info@claes.be", "mode": "draft" })),
        config: Some(json!({ "support": "info@claes.be" })),
        ..Said::default()
    };
    let item = json!({ "action": "note", "payload": {} });
    let fixture = written(&item, json!({ "from": "Kantoor Claes" }), json!({}), &said, false);
    let text = fixture.text();
    assert!(!text.contains("Claes") && !text.contains("claes"), "{text}");
    assert!(text.contains("draft"), "{text}");
}

#[test]
fn what_an_address_of_a_request_holds_is_replaced_however_it_is_spelt() {
    let mut exchange = exchange("https://a.example/p/jan%2ex%40claes.be?to=els%40claes.be&q=x", json!([]));
    exchange.request.headers.insert("x-for".to_owned(), "piet@claes.be".to_owned());
    let mut fixture = Fixture { exchanges: vec![exchange], ..Fixture::default() };
    let mut mask = Mask::of([7; 32], String::new(), false);
    fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
    mask.fixture(&mut fixture);
    let text = fixture.text();
    assert!(!text.contains("claes") && text.contains("&q=x"), "{text}");
}

#[test]
fn numbers_of_somebody_get_other_digits_of_the_same_length_and_those_that_count_stay() {
    let answer = json!({
        "id": 1_234_567, "phone": 32_475_123_456_u64, "national_number": 85_073_003_328_u64, "postcode": 9231,
        "vat": 417_497_106, "contact_id": 7_654_321, "message_count": 1_000_000, "user_updated_at": 1_794_558_600_000_u64,
        "page": 9231, "copy": 32_475_123_456_u64
    });
    let item = json!({ "action": "call", "payload": { "mobile": 32_475_123_456_u64 } });
    let fixture = written(&item, json!({ "number": 32_475_123_456_u64 }), answer, &Said::default(), false);
    let (text, body) = (fixture.text(), fixture.exchanges[0].answer.body.as_ref().expect("a body"));
    for gone in ["32475123456", "85073003328", "417497106"] {
        assert!(!text.contains(gone), "{gone} stayed in {text}");
    }
    for (name, length) in [("phone", 11), ("national_number", 11), ("postcode", 4), ("vat", 9)] {
        assert_eq!(body[name].to_string().len(), length, "{name} in {text}");
    }
    assert_ne!(body["postcode"], 9231);
    for (name, stays) in
        [("id", 1_234_567_u64), ("contact_id", 7_654_321), ("message_count", 1_000_000), ("page", 9231)]
    {
        assert_eq!(body[name], stays, "{name}");
    }
    assert_eq!(body["user_updated_at"], 1_794_558_600_000_u64);
    let sent = fixture.exchanges[0].request.body.as_ref().expect("a body");
    for same in [&body["phone"], &body["copy"], &sent["number"]] {
        assert_eq!(*same, pushed(&fixture).payload["mobile"], "the same one everywhere");
    }
}

#[test]
fn texts_and_files_are_not_kept_unless_it_is_said() {
    let xml = Exchange {
        answer: Answer { text: Some("<klant>Els Claes, els@claes.be</klant>".to_owned()), ..Answer::default() },
        ..exchange("https://a.example/x", json!(null))
    };
    let file = Exchange {
        answer: Answer { base64: Some("/0VscyBDbGFlcw==".to_owned()), ..Answer::default() },
        ..exchange("https://a.example/f", json!(null))
    };
    let masked = |keep_text: bool| {
        let exchanges = [&xml, &file]
            .map(|one| Exchange { answer: Answer { body: None, ..one.answer.clone() }, request: one.request.clone() });
        let mut fixture = Fixture { exchanges: exchanges.to_vec(), ..Fixture::default() };
        let mut mask = Mask::of([7; 32], String::new(), keep_text);
        fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
        let withheld = mask.fixture(&mut fixture);
        (fixture.text(), withheld)
    };
    let (text, withheld) = masked(false);
    assert!(!text.contains("Claes") && !text.contains("claes") && !text.contains("Vscy"), "{text}");
    assert_eq!(withheld, ["application/xml", "application/octet-stream"]);
    let (text, withheld) = masked(true);
    assert!(text.contains("Els Claes") && text.contains("Vscy") && withheld.is_empty(), "{text}");
    assert!(!text.contains("els@claes.be"), "addresses go all the same: {text}");
}

#[test]
fn a_file_of_an_item_keeps_its_size_and_no_more() {
    let file = json!({ "name": "Loonbrief Els Claes.pdf", "media-type": "application/pdf", "text": "Els Claes" });
    let item = json!({ "action": "file", "payload": {}, "attachments": [file] });
    let print = data_encoding::HEXLOWER.encode(&Sha256::digest("Els Claes"));
    let sent = json!({ "filename": "Loonbrief Els Claes.pdf", "sha256": print });
    let fixture = written(&item, sent, json!({}), &Said::default(), false);
    let text = fixture.text();
    assert!(!text.contains("Claes") && !text.contains(&print), "{text}");
    let kept = &pushed(&fixture).attachments[0];
    assert_eq!((kept.size, &kept.text, &kept.base64), (Some(9), &None, &None));
    let body = fixture.exchanges[0].request.body.as_ref().expect("a body");
    assert_eq!(body["filename"], kept.name.as_str());
    assert_eq!(body["sha256"], data_encoding::HEXLOWER.encode(&Sha256::digest([b' '; 9])));
}

#[test]
fn a_file_within_json_and_a_member_that_is_called_like_somebody_are_replaced() {
    let file = "RWxzIENsYWVz".repeat(20);
    let answer = json!({ "data": file, "by": { "els@claes.be": 3 } });
    let item = json!({ "action": "note", "payload": {} });
    let text = written(&item, json!({}), answer, &Said::default(), false).text();
    assert!(!text.contains("RWxzIENsYWVz") && !text.contains("els@claes.be"), "{text}");
}
