//! Answers that are read long after they were given, as by a machine that slept meanwhile.

use std::time::Duration;

use http::{Request, Response};
use patchbay_model::{Clock, ManualClock, Timestamp, manifest::Auth};

use super::{
    Transport, TransportError, exchange, login, refresh,
    script::{NOW, Script, books, by_access_token, client, clock, entered_client, facts, firm, held, session},
};
use crate::credential::{ACCESS_TOKEN, Credential, REFRESH_TOKEN};

const NIGHT: Duration = Duration::from_secs(8 * 3_600);
const LIFE: Duration = Duration::from_secs(3_600);
const BODY: &str = r#"{"access_token":"canary-a","refresh_token":"canary-r","expires_in":3600}"#;

/// Sleeps for a night before it reads an answer.
struct Asleep<'a> {
    clock: &'a ManualClock,
    script: Script,
}

#[async_trait::async_trait]
impl Transport for Asleep<'_> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let answer = self.script.send(request).await;
        self.clock.advance(NIGHT);
        answer
    }
}

fn lives_from(asked: Timestamp, credential: &Credential) {
    assert_eq!((credential.obtained_at, credential.expires_at), (asked, Some(asked.plus(LIFE))));
}

async fn refreshed(auth: &Auth, client: Option<&super::Client>, body: &str) -> Credential {
    let secrets = held(&[(ACCESS_TOKEN, "canary-old-a"), (REFRESH_TOKEN, "canary-old-r"), ("password", "canary-p")]);
    let old = Credential::entered(&auth.id, secrets, Timestamp::from_millis(0));
    let (clock, entered) = (clock(), facts(&[("firm_id", "13827"), ("user", "ann"), ("client_id", "own")]));
    let transport = Asleep { clock: &clock, script: Script::answering(200, body) };
    refresh(auth, client, &old, &entered, &clock, &transport).await.expect("fresh")
}

#[tokio::test]
async fn what_a_code_gave_lives_from_when_it_was_asked_for_and_so_does_what_it_was_exchanged_for() {
    let code = patchbay_model::Secret::new("canary-code");
    for (auth, asked) in [(books(), NOW), (by_access_token(), NOW.plus(NIGHT))] {
        let clock = clock();
        let transport = Asleep { clock: &clock, script: Script::answering(200, BODY) };
        let tokens = exchange(&auth, &client(), &code, None, &firm(), &clock, &transport).await.expect("tokens");
        lives_from(asked, &tokens.credential);
        assert_eq!(clock.now(), asked.plus(NIGHT), "it slept before each answer");
    }
}

#[tokio::test]
async fn what_a_refresh_gave_lives_from_when_it_was_asked_for() {
    let rotated = refreshed(&books(), Some(&client()), BODY).await;
    lives_from(NOW, &rotated);
    assert_eq!(rotated.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))));
    let kept = refreshed(&books(), Some(&client()), r#"{"access_token":"canary-a","expires_in":3600}"#).await;
    assert_eq!(kept.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))), "its use counts");
    lives_from(NOW, &refreshed(&by_access_token(), Some(&client()), BODY).await);
}

#[tokio::test]
async fn what_a_login_without_a_browser_gave_lives_from_when_it_was_asked_for() {
    let opens = r#"{"result":{"session":{"token":"canary-s","ttl":"3600"}},"error":null}"#;
    lives_from(NOW, &refreshed(&session(), None, opens).await);
    let clock = clock();
    let transport = Asleep { clock: &clock, script: Script::answering(200, BODY) };
    let (entered, secrets) = (facts(&[("client_id", "own")]), held(&[("client_secret", "canary-own-secret")]));
    let opened = login::open(&entered_client(), None, &entered, secrets, &clock, &transport).await.expect("tokens");
    lives_from(NOW, &opened.credential);
}
