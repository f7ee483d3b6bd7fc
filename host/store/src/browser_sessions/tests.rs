use super::*;
use crate::{NewSignInToken, testing::World};

pub(super) const IDLE: Duration = Duration::from_secs(3_600);
const LIFE: Duration = Duration::from_secs(8 * 3_600);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

impl World {
    pub(super) fn portal(&self, token: u8, user: &str) -> NewSignInToken {
        NewSignInToken {
            session: BrowserSessionId::fresh(&*self.store.clock, &*self.store.random),
            token_hash: [token; 32],
            kind: SessionKind::Portal,
            first_run: false,
            key: None,
            tenant: Some(self.tenant.clone()),
            user: Some(user.to_owned()),
            name: Some("Ann".to_owned()),
            language: Some("nl".to_owned()),
            expires_at: self.store.now().plus(5 * MINUTE),
            actor: "backend".to_owned(),
        }
    }

    pub(super) fn operator(&self, token: u8, first_run: bool) -> NewSignInToken {
        let kind = SessionKind::Operator;
        let (tenant, user, name, language) = (None, None, None, None);
        NewSignInToken { kind, first_run, tenant, user, name, language, ..self.portal(token, "") }
    }

    /// Opens a session with a token and gives it this cookie.
    pub(super) async fn sign_in(&self, kind: SessionKind, token: u8, cookie: u8) -> Option<BrowserSession> {
        let opening = self.opening(kind, OpeningBy::Token([token; 32]), cookie);
        self.store.open_browser_session(opening).await.expect("an answer")
    }

    pub(super) fn opening(&self, kind: SessionKind, by: OpeningBy, cookie: u8) -> Opening {
        let expires_at = self.store.now().plus(LIFE);
        Opening { kind, by, cookie_hash: [cookie; 32], replaces: None, expires_at, peer: "192.0.2.1".to_owned() }
    }

    pub(super) async fn counts(&self, kind: SessionKind, cookie: u8) -> bool {
        self.store.browser_session(kind, [cookie; 32], IDLE).await.expect("an answer").is_some()
    }

    /// A key of an operator, who is not the only one.
    pub(super) async fn key(&self) -> KeyId {
        let mut hashes = [[0; 32]; 2];
        hashes.iter_mut().for_each(|hash| self.store.random.fill(hash));
        self.store.insert_api_key(None, hashes[0], "another key", "test").await.expect("a key");
        self.store.insert_api_key(None, hashes[1], "a key", "test").await.expect("a key").id
    }
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for_and_only_once() {
    let world = World::open().await;
    let new = world.portal(1, "ann");
    world.store.keep_sign_in_token(new.clone()).await.expect("kept");
    assert!(world.sign_in(SessionKind::Operator, 1, 9).await.is_none(), "it is of the other kind");
    let opened = world.sign_in(SessionKind::Portal, 1, 9).await.expect("a session");
    assert_eq!((&opened.id, &opened.tenant, &opened.user), (&new.session, &new.tenant, &new.user));
    assert_eq!((&opened.name, &opened.language), (&new.name, &new.language));
    assert!(world.sign_in(SessionKind::Portal, 1, 10).await.is_none(), "it is spent");
    let found = world.store.browser_session(SessionKind::Portal, [9; 32], IDLE).await.expect("an answer");
    assert_eq!(found, Some(opened));
    assert!(!world.counts(SessionKind::Operator, 9).await, "nor is its cookie of the other kind");
    assert_eq!(world.told("portal_session.created").await, 1);
    assert_eq!(world.told("portal_session.opened").await, 1);
}

#[tokio::test]
async fn of_ten_browsers_with_one_token_one_gets_in() {
    let world = World::open().await;
    world.store.keep_sign_in_token(world.portal(1, "ann")).await.expect("kept");
    let tries = (0..10).map(|cookie| world.sign_in(SessionKind::Portal, 1, cookie));
    let opened = futures_util::future::join_all(tries).await;
    assert_eq!(opened.iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_token_that_is_too_old_or_whose_key_was_revoked_opens_nothing() {
    let world = World::open().await;
    let key = world.key().await;
    world.store.keep_sign_in_token(world.portal(1, "ann")).await.expect("kept");
    let invited = NewSignInToken { key: Some(key.clone()), ..world.operator(2, false) };
    world.store.keep_sign_in_token(invited).await.expect("kept");
    world.store.revoke_api_key(None, &key, "test").await.expect("revoked");
    assert!(world.sign_in(SessionKind::Operator, 2, 9).await.is_none());
    world.clock.advance(5 * MINUTE);
    assert!(world.sign_in(SessionKind::Portal, 1, 9).await.is_none(), "not a moment too late");
}

#[tokio::test]
async fn what_a_start_prints_opens_nothing_once_an_operator_signed_in() {
    let world = World::open().await;
    for token in [1, 2] {
        world.store.keep_sign_in_token(world.operator(token, true)).await.expect("kept");
    }
    assert_eq!(world.store.operator_signed_in().await, Ok(false));
    assert!(world.sign_in(SessionKind::Operator, 1, 9).await.is_some());
    assert_eq!(world.store.operator_signed_in().await, Ok(true));
    assert!(world.sign_in(SessionKind::Operator, 2, 10).await.is_none(), "that of another start");
    // One that another node was about to print at that moment.
    world.store.keep_sign_in_token(world.operator(3, true)).await.expect("kept");
    assert!(world.sign_in(SessionKind::Operator, 3, 11).await.is_none());
    world.store.keep_sign_in_token(world.operator(4, false)).await.expect("kept");
    assert!(world.sign_in(SessionKind::Operator, 4, 12).await.is_some(), "an invitation does");
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_however_much_it_is_used() {
    let world = World::open().await;
    world.store.keep_sign_in_token(world.portal(1, "ann")).await.expect("kept");
    let session = world.sign_in(SessionKind::Portal, 1, 9).await.expect("a session");
    world.clock.advance(IDLE - MINUTE);
    assert!(world.counts(SessionKind::Portal, 9).await);
    world.store.touch_browser_session(&session.id).await.expect("noted");
    world.clock.advance(IDLE - MINUTE);
    assert!(world.counts(SessionKind::Portal, 9).await, "it was used meanwhile");
    world.clock.advance(MINUTE);
    assert!(!world.counts(SessionKind::Portal, 9).await);
    while world.store.now() < session.expires_at {
        world.store.touch_browser_session(&session.id).await.expect("noted");
        assert!(world.counts(SessionKind::Portal, 9).await);
        world.clock.advance(MINUTE);
    }
    assert!(!world.counts(SessionKind::Portal, 9).await, "its time is over");
}

#[tokio::test]
async fn a_session_ends_with_the_key_by_which_it_was_opened() {
    let world = World::open().await;
    let key = world.key().await;
    let id = BrowserSessionId::fresh(&*world.store.clock, &*world.store.random);
    let by = OpeningBy::Key(id, key.clone());
    let opened = world.store.open_browser_session(world.opening(SessionKind::Operator, by, 9)).await;
    assert_eq!(opened.expect("an answer").and_then(|session| session.key), Some(key.clone()));
    assert!(world.counts(SessionKind::Operator, 9).await);
    assert_eq!(world.store.api_key_counts(&key).await, Ok(true));
    world.store.revoke_api_key(None, &key, "test").await.expect("revoked");
    assert!(!world.counts(SessionKind::Operator, 9).await);
    assert_eq!(world.store.api_key_counts(&key).await, Ok(false));
}

#[tokio::test]
async fn signing_in_again_ends_what_that_browser_had_before() {
    let world = World::open().await;
    for token in [1, 2] {
        world.store.keep_sign_in_token(world.portal(token, "ann")).await.expect("kept");
    }
    world.sign_in(SessionKind::Portal, 1, 9).await.expect("a session");
    let again = world.opening(SessionKind::Portal, OpeningBy::Token([2; 32]), 10);
    let again = Opening { replaces: Some([9; 32]), ..again };
    world.store.open_browser_session(again).await.expect("an answer").expect("a session");
    assert!(!world.counts(SessionKind::Portal, 9).await);
    assert!(world.counts(SessionKind::Portal, 10).await);
}

#[tokio::test]
async fn sessions_and_tokens_are_forgotten_once_they_are_over() {
    let world = World::open().await;
    for token in 1..4 {
        world.store.keep_sign_in_token(world.portal(token, "ann")).await.expect("kept");
    }
    let session = world.sign_in(SessionKind::Portal, 1, 9).await.expect("a session");
    assert_eq!(world.store.forget_browser_sessions(world.store.now(), 10).await, Ok(0));
    world.clock.advance(5 * MINUTE);
    assert_eq!(world.store.forget_browser_sessions(world.store.now(), 10).await, Ok(2), "the tokens");
    assert!(world.counts(SessionKind::Portal, 9).await);
    assert_eq!(world.store.forget_browser_sessions(session.expires_at, 10).await, Ok(1));
    assert!(!world.counts(SessionKind::Portal, 9).await);
}
