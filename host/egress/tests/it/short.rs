//! A short secret is a word: it changes no record, and its echo is masked where it is complete.

use std::{io::Write, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use patchbay_egress::{Body, Door, Response, Writes};
use patchbay_model::contract::CredentialChoice;

use crate::{
    echo::{Fixed, grant},
    support::{Fake, Reply, answer, gate, read, scope},
};

/// Below six bytes, and between that and sixteen.
const PASSWORDS: [&str; 2] = ["admin", "administrator"];

async fn asked(password: &'static str, slot: &str, reply: Vec<u8>) -> Response {
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(reply.clone()))).await;
    let gate = gate(&fake);
    let fixed = match password {
        "admin" => Fixed(&[("password", "admin"), ("access_token", "admin"), ("client_secret", "admin")]),
        _ => Fixed(&[("password", "administrator"), ("access_token", "administrator"), ("client_secret", "admin")]),
    };
    let door: Door = gate.door(Arc::new(grant()), Arc::new(fixed), scope(Writes::Forbidden));
    let body = Body::Json(b"{\"params\":{\"args\":[\"db\",null,null],\"token\":null}}".to_vec());
    let request = patchbay_egress::Request {
        method: "POST".to_owned(),
        effect: patchbay_model::contract::Effect::Repeatable,
        credential: CredentialChoice::Slot(slot.to_owned()),
        body,
        ..read("/a")
    };
    door.send(request).await.expect("an answer")
}

fn records(word: &str) -> String {
    format!(
        "[{{\"name\":\"{word}\",\"{word}\":\"{word}\",\"role\" : \"{word}\" ,\"note\":\"the {word} said: \\\"{word}\\\"\"}},\n\
         \"{word}\",{{\"url\":\"https://h.example/?user={word}&x-api-key={word}&x={word}\",\"raw\":\"{{\\\"k\\\":\\\"{word}\\\"}}\"}},\n\
         {{\"header\":\"Bearer {word}\",\"login\":\"me:{word}\",\"form\":\"password={word}\"}}]\n\
         {word}\n{word}={word}&{word}\n\"{word}\"\nx-api-key: {word}\nauthorization: Bearer {word}"
    )
}

#[tokio::test]
async fn the_password_admin_changes_no_record() {
    for password in PASSWORDS {
        let page = records(password);
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(page.as_bytes()).expect("it fits into memory");
        let packed = packed.finish().expect("it fits into memory");
        for slot in ["header", "basic", "bearer", "query", "json"] {
            for status in ["200 OK", "201 Created", "206 Partial Content", "207 Multi-Status"] {
                let raw = answer(status, "content-type: application/json\r\n", page.as_bytes());
                let gzip = answer(status, "content-encoding: gzip\r\n", &packed);
                for reply in [raw, gzip] {
                    let answer = asked(password, slot, reply).await;
                    assert_eq!(String::from_utf8_lossy(&answer.body), page, "{password} in {slot} at {status}");
                }
            }
            let alone = format!("\"{password}\"");
            let answer = asked(password, slot, answer("200 OK", "", alone.as_bytes())).await;
            assert_eq!(String::from_utf8_lossy(&answer.body), alone);
        }
    }
}

#[tokio::test]
async fn the_echo_of_a_whole_value_is_masked_though_the_secret_is_short() {
    for password in PASSWORDS {
        let pair = STANDARD.encode(format!("me:{password}"));
        for (slot, header, body) in [
            ("header", format!("X-Api-Key: {password}"), None),
            ("bearer", format!("authorization: Bearer {password}"), None),
            ("bearer", format!("x-sent: Bearer {password}"), Some(format!("{{\"sent\":\"Bearer {password}\"}}"))),
            ("basic", format!("x-sent: Basic {pair}"), Some(format!("sent: Basic {pair};"))),
            (
                "query",
                format!("location: https://h.example/x?a=b&access_token={password}#top"),
                Some(format!("GET /x?access_token={password} failed")),
            ),
            ("query", format!("link: <https://h.example/?Access_Token={password}>; rel=\"next\""), None),
        ] {
            let body = body.unwrap_or_default();
            let reply = answer("403 Forbidden", &format!("{header}\r\n"), body.as_bytes());
            let answer = asked(password, slot, reply).await;
            let headers = format!("{:?}", answer.headers);
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            for text in [&headers, &body] {
                assert!(!text.contains(password) && !text.contains(&pair), "{password} in {slot}: {text}");
            }
            assert!(headers.contains("[secret]"), "{headers}");
        }
        // What the gate computed is no word, so it is found in a page too.
        let reply = answer("200 OK", "", format!("{{\"sent\":\"Basic {pair}\"}}").as_bytes());
        let body = asked(password, "basic", reply).await.body;
        assert!(!String::from_utf8_lossy(&body).contains(&pair));
        // Beside the slot's own parameter, an address with the same word stays whole.
        let link = format!("<https://h.example/?role={password}&my_access_token={password}&page=2>");
        let answer = asked(password, "query", answer("200 OK", &format!("link: {link}\r\n"), b"")).await;
        assert!(answer.headers.contains(&("link".to_owned(), link)), "{:?}", answer.headers);
    }
}
