//! A provider that gives back all that it was sent, in every spelling, for every way to log in: nothing
//! of a secret reaches the guest.

use std::{collections::BTreeMap, sync::Arc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_egress::{Body, CredentialError, CredentialSource, Door, Grant, Request, SendError, Values, Writes};
use patchbay_model::{
    Secret,
    contract::{CredentialChoice, Effect},
    manifest::{Signature, SignatureEncoding, SignedInto, Slot, SlotPlace},
};

use crate::support::{Fake, ORIGIN, Reply, answer, gate, host, read, scope, slot};

/// Canaries of 24 bytes, one with all that escapes.
const ACCESS: &str = "zQ/k7+x=\"Jr9\"&%kW2~L8pX4";
const PASSWORD: &str = "cN4rY8-pA5sW0rd2ZvJ3456x";
const CLIENT: &str = "cN4rY7-kLz1eNt8wQs3CrT9X";

/// A credential that never changes.
pub(crate) struct Fixed(pub(crate) &'static [(&'static str, &'static str)]);

#[async_trait::async_trait]
impl CredentialSource for Fixed {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        let secrets = self.0.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        Ok(Arc::new(Values { secrets, ..Values::default() }))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Busy("not in this test".to_owned()))
    }
}

const CANARIES: Fixed = Fixed(&[("access_token", ACCESS), ("password", PASSWORD), ("client_secret", CLIENT)]);

fn signed(id: &str, into: SignedInto, name: &str, encoding: SignatureEncoding) -> Slot {
    Slot {
        signature: Some(Signature { key: "{client_secret}".to_owned(), into, encoding }),
        ..slot(id, SlotPlace::Signed, Some(name), "{access_token}")
    }
}

fn with(slot: Slot, others: &[&str]) -> Slot {
    Slot { with: others.iter().map(|&id| id.to_owned()).collect(), ..slot }
}

pub(crate) fn grant() -> Grant {
    let slots = vec![
        with(slot("bearer", SlotPlace::Header, Some("authorization"), "Bearer {access_token}"), &["proof"]),
        slot("header", SlotPlace::Header, Some("x-api-key"), "{password}"),
        with(slot("query", SlotPlace::Query, Some("access_token"), "{access_token}"), &["appproof", "sign64"]),
        slot("basic", SlotPlace::Basic, None, "{login}:{password}"),
        with(slot("json", SlotPlace::Json, Some("/params/args/2"), "{password}"), &["user", "token"]),
        slot("user", SlotPlace::Json, Some("/params/args/1"), "{login}"),
        slot("token", SlotPlace::Json, Some("/params/token"), "t {access_token}"),
        signed("proof", SignedInto::Query, "proof", SignatureEncoding::Hex),
        signed("appproof", SignedInto::Query, "appsecret_proof", SignatureEncoding::Base64),
        signed("sign64", SignedInto::Header, "x-signature", SignatureEncoding::Base64),
        // These share a place with others.
        with(slot("twice", SlotPlace::Header, Some("Authorization"), "{password}"), &["basic"]),
        with(slot("again", SlotPlace::Query, Some("PROOF"), "{password}"), &["proof"]),
        with(slot("same", SlotPlace::Json, Some("/params/args/2"), "{password}"), &["json"]),
        with(slot("itself", SlotPlace::Header, Some("x-i"), "{password}"), &["itself"]),
        with(slot("ghostly", SlotPlace::Header, Some("x-g"), "{password}"), &["ghost"]),
        with(slot("parted", SlotPlace::Header, Some("x-p"), "{password}"), &["elsewhere"]),
        with(slot("lacking", SlotPlace::Header, Some("x-l"), "{password}"), &["missing"]),
        slot("elsewhere", SlotPlace::Header, Some("x-e"), "{password}"),
        slot("missing", SlotPlace::Header, Some("x-m"), "{otp}"),
        slot("unsigned", SlotPlace::Signed, Some("x-u"), "{password}"),
    ];
    let here: Vec<&str> = slots.iter().map(|slot| slot.id.as_str()).filter(|id| *id != "elsewhere").collect();
    Grant {
        tenant: "ten_1".to_owned(),
        connector: "tests.fake".to_owned(),
        connection: Some("con_1".to_owned()),
        hosts: vec![host(ORIGIN, &here)],
        placeholders: BTreeMap::from([("login".to_owned(), "me".to_owned())]),
        slots: slots.clone(),
        ..Grant::default()
    }
}

fn asking(id: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        credential: CredentialChoice::Slot(id.to_owned()),
        effect: Effect::Repeatable,
        body: Body::Json(b"{\"params\":{\"args\":[\"db\",null,null],\"token\":null}}".to_vec()),
        ..read("/a?b=c")
    }
}

fn door(gate: &Arc<patchbay_egress::Gate>, credential: Fixed) -> Door {
    gate.door(Arc::new(grant()), Arc::new(credential), scope(Writes::Forbidden))
}

fn hex(text: &[u8]) -> String {
    text.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The request in every spelling, one to a line.
fn spellings(request: &str) -> Vec<String> {
    let percent: String = url::form_urlencoded::byte_serialize(request.as_bytes()).collect();
    let json = serde_json::to_string(request).expect("JSON");
    let mut all =
        vec![request.to_owned(), percent, json, hex(request.as_bytes()), hex(request.as_bytes()).to_uppercase()];
    all.extend((0..3).map(|shift| STANDARD.encode(format!("{}{request}", &"xyz"[..shift]))));
    all.extend((0..3).map(|shift| URL_SAFE_NO_PAD.encode(format!("{}{request}", &"xyz"[..shift]))));
    all.push(request.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect());
    all
}

/// What must not be seen: any eight bytes of a canary, of what is computed from it, and of either in
/// another spelling.
fn pieces(secrets: &[String]) -> Vec<String> {
    let mut pieces = Vec::new();
    for secret in secrets {
        let mut texts = vec![secret.clone(), hex(secret.as_bytes()), hex(secret.as_bytes()).to_uppercase()];
        texts.extend((0..3).map(|shift| {
            let encoded = STANDARD.encode(format!("{}{secret}", &"\0\0\0"[..shift]));
            encoded[6..encoded.len() - 4].to_owned()
        }));
        for text in texts {
            // One character of base64 at either end belongs to what stands beside the secret.
            pieces.extend(text.as_bytes().windows(10).map(|piece| String::from_utf8_lossy(piece).into_owned()));
        }
    }
    pieces
}

#[tokio::test]
async fn nothing_of_a_secret_comes_back_from_a_provider_that_echoes_everything() {
    // By python: hmac.new(CLIENT, ACCESS, sha256).
    let proof = "b6f4c7863854687fe3dbdc92e191356ace783b2e48b8fd966b865e8e9e254c23".to_owned();
    let proof64 = "tvTHhjhUaH/j29yS4ZE1as54Oy5IuP2Wa4Zejp4lTCM=".to_owned();
    let basic = STANDARD.encode(format!("me:{PASSWORD}"));
    let secrets = [ACCESS.to_owned(), PASSWORD.to_owned(), CLIENT.to_owned(), proof.clone(), proof64.clone(), basic];
    let pieces = pieces(&secrets);
    for (id, carries) in [
        ("bearer", vec![format!("authorization: Bearer {ACCESS}\r\n"), format!("/a?b=c&proof={proof} HTTP")]),
        ("header", vec![format!("x-api-key: {PASSWORD}\r\n")]),
        (
            "query",
            vec![
                format!(
                    "/a?b=c&access_token=zQ%2Fk7%2Bx%3D%22Jr9%22%26%25kW2~L8pX4&appsecret_proof={} HTTP",
                    proof64.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
                ),
                format!("x-signature: {proof64}\r\n"),
            ],
        ),
        ("basic", vec![format!("authorization: Basic {}\r\n", secrets[5])]),
        (
            "json",
            vec![format!(
                "{{\"params\":{{\"args\":[\"db\",\"me\",\"{PASSWORD}\"],\"token\":\"t {}\"}}}}",
                ACCESS.replace('"', "\\\"")
            )],
        ),
    ] {
        for status in ["200 OK", "400 Bad Request"] {
            let fake = Fake::plain(move |_, request| {
                let lines = spellings(&request);
                let headers: String = lines
                    .iter()
                    .enumerate()
                    .map(|(n, line)| format!("x-echo-{n}: {}\r\n", line.replace(['\r', '\n'], " ")))
                    .collect();
                std::future::ready(Reply::Bytes(answer(status, &headers, lines.join("\n").as_bytes())))
            })
            .await;
            let answer = door(&gate(&fake), CANARIES).send(asking(id)).await.expect("an answer");
            let seen = fake.seen().concat();
            for carried in &carries {
                assert!(seen.contains(carried), "{id} must send {carried}: {seen}");
            }
            let headers: String = answer.headers.iter().map(|(_, value)| format!("{value}\n")).collect();
            let body = String::from_utf8(answer.body).expect("text");
            assert!(answer.headers.len() >= 10 && body.lines().count() >= 10, "it echoed");
            for text in [&headers, &body] {
                assert!(text.contains("[secret]"), "{id}");
                let plain = text.replace("\\u00", "").replace('%', "");
                for piece in &pieces {
                    assert!(!text.contains(piece) && !plain.contains(piece), "{id} gave away {piece}: {text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn slots_that_go_together_are_filled_together_or_nothing_is_sent() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    for (id, teaches) in [
        ("twice", "the slots `twice` and `basic` fill the same place"),
        ("again", "the slots `again` and `proof` fill the same place"),
        ("same", "the slots `same` and `json` fill the same place"),
        ("itself", "the slots `itself` and `itself` fill the same place"),
        ("ghostly", "goes with `ghost`, which does not exist"),
        ("parted", "slots = [… \"elsewhere\"]"),
        ("lacking", "the slot `missing` needs `otp`"),
        ("unsigned", "[auth.slot.signature]"),
    ] {
        let sent = door(&gate, CANARIES).send(asking(id)).await;
        assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains(teaches)), "{id}: {sent:?}");
    }
    for body in ["{\"params\":{\"args\":[1,null,null]}}", "{\"params\":{\"args\":[1,\"me\",null],\"token\":null}}"] {
        let sent = door(&gate, CANARIES).send(Request { body: Body::Json(body.into()), ..asking("json") }).await;
        assert!(matches!(&sent, Err(SendError::Denied(_))), "{body}: {sent:?}");
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_guest_cannot_set_what_any_slot_fills() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    for request in [
        Request { headers: vec![("X-Signature".to_owned(), "mine".to_owned())], ..asking("query") },
        Request { headers: vec![("x-signature".to_owned(), "mine".to_owned())], ..asking("header") },
        Request { url: format!("{ORIGIN}/a?Proof=mine"), ..asking("bearer") },
        Request { url: format!("{ORIGIN}/a?%70roof=mine"), ..asking("bearer") },
        Request { url: format!("{ORIGIN}/a?appsecret_proof=mine"), ..asking("json") },
    ] {
        let sent = door(&gate, CANARIES).send(request.clone()).await;
        assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains("slot")), "{request:?}: {sent:?}");
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_signature_in_what_the_guest_sends_ends_the_run() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let body = Body::Json(b"{\"x\":\"b6f4c7863854687fe3dbdc92e191356ace783b2e48b8fd966b865e8e9e254c23\"}".to_vec());
    let sent = door(&gate(&fake), CANARIES).send(Request { body, ..asking("header") }).await;
    assert_eq!(sent, Err(SendError::SecretSeen));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn an_empty_key_signs_nothing() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let empty = Fixed(&[("access_token", ACCESS), ("client_secret", "")]);
    let sent = door(&gate(&fake), empty).send(asking("proof")).await;
    assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains("an empty key")), "{sent:?}");
    assert!(fake.seen().is_empty());
}
