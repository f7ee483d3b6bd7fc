use patchbay_model::{BrowserSessionId, SessionId};

use super::*;
use crate::{
    NewSession, NewSignInToken, Settle, Through,
    browser_sessions::tests::{IDLE, MINUTE},
    testing::World,
};

impl World {
    /// What a backend does about a user of its own.
    async fn end(&self, user: &str) -> Result<u64, StoreError> {
        let whose = Whose { kind: SessionKind::Portal, tenant: Some(self.tenant.clone()), user: Some(user.to_owned()) };
        self.store.end_browser_sessions(whose, IDLE, "backend", self.tenant.as_str()).await
    }

    /// Signs a user in to the portal; the session.
    async fn entered(&self, no: u8, user: &str) -> BrowserSession {
        self.store.keep_sign_in_token(self.portal(no, user)).await.expect("kept");
        self.sign_in(SessionKind::Portal, no, no).await.expect("a session")
    }

    /// A connect session that was begun in a session of the portal.
    async fn begun_in(&self, portal: &BrowserSessionId, no: u8) -> SessionId {
        let new = NewSession { portal: Some(portal.clone()), ..self.new_session(no) };
        self.store.create_session(new).await.expect("a connect session").id
    }

    /// Stores what was authorised in a connect session of the portal.
    async fn settled_by(&self, session: &SessionId, business: &str) -> Result<(), StoreError> {
        let settle = Settle { through: Through::Portal(session.clone()), ..self.consent(business) };
        self.store.settle(settle).await.map(|_| ())
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_sessions_and_tokens_of_that_user_and_of_nobody_else() {
    let world = World::open().await;
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    for (token, user) in [(1, "ann"), (2, "ann"), (3, "ann"), (4, "bob")] {
        world.store.keep_sign_in_token(world.portal(token, user)).await.expect("kept");
    }
    let namesake = NewSignInToken { tenant: Some(other), ..world.portal(5, "ann") };
    world.store.keep_sign_in_token(namesake).await.expect("kept");
    world.store.keep_sign_in_token(world.operator(6, false)).await.expect("kept");
    for token in [1, 2, 4, 5] {
        world.sign_in(SessionKind::Portal, token, token).await.expect("a session");
    }
    world.sign_in(SessionKind::Operator, 6, 6).await.expect("a session");
    let ann = world.store.browser_session(SessionKind::Portal, [1; 32], IDLE).await.expect("an answer").expect("hers");
    assert_eq!(world.store.end_browser_sessions(Whose::has(&ann), IDLE, &ann.actor(), ann.id.as_str()).await, Ok(2));
    for (cookie, stays) in [(1, false), (2, false), (4, true), (5, true)] {
        assert_eq!(world.counts(SessionKind::Portal, cookie).await, stays, "{cookie}");
    }
    assert!(world.counts(SessionKind::Operator, 6).await);
    assert!(world.sign_in(SessionKind::Portal, 3, 3).await.is_none(), "an address that she has not opened yet");
    let bob = world.store.browser_session(SessionKind::Portal, [4; 32], IDLE).await.expect("an answer").expect("his");
    for _ in 0..2 {
        world.store.end_browser_session(&bob).await.expect("ended");
    }
    assert!(!world.counts(SessionKind::Portal, 4).await);
    assert_eq!(world.told("portal_session.ended").await, 2, "ending it again is nothing new");
}

#[tokio::test]
async fn a_backend_ends_what_its_user_has_what_would_open_more_and_nothing_of_others() {
    let world = World::open().await;
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let namesake = NewSignInToken { tenant: Some(other), ..world.portal(4, "ann") };
    world.store.keep_sign_in_token(namesake).await.expect("kept");
    world.sign_in(SessionKind::Portal, 4, 4).await.expect("a session");
    for (no, user) in [(1, "ann"), (2, "ann"), (3, "bob")] {
        world.entered(no, user).await;
    }
    world.store.keep_sign_in_token(world.portal(5, "ann")).await.expect("kept");
    assert_eq!(world.end("ann").await, Ok(2));
    for (cookie, stays) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(world.counts(SessionKind::Portal, cookie).await, stays, "{cookie}");
    }
    assert!(world.sign_in(SessionKind::Portal, 5, 5).await.is_none(), "an address that was on its way");
    assert_eq!(world.end("ann").await, Ok(0));
    assert_eq!(world.end("nobody").await, Ok(0));
    assert_eq!(world.told("portal_session.ended").await, 1, "where nothing ended there is nothing to tell");
    let line = "SELECT count(*) FROM audit WHERE action = 'portal_session.ended' AND actor = 'backend' \
                AND detail LIKE '%\"user\":\"ann\"%' AND detail LIKE '%\"sessions\":2%'";
    assert_eq!(world.number(line).await, 1);
    world.entered(6, "ann").await;
    assert!(world.counts(SessionKind::Portal, 6).await, "who is sent there again gets in again");
}

#[tokio::test]
async fn only_sessions_that_counted_are_counted() {
    let world = World::open().await;
    let key = world.key().await;
    world
        .store
        .keep_sign_in_token(NewSignInToken { key: Some(key.clone()), ..world.portal(1, "ann") })
        .await
        .expect("kept");
    world.sign_in(SessionKind::Portal, 1, 1).await.expect("a session");
    world.store.revoke_api_key(None, &key, "test").await.expect("revoked");
    world.entered(2, "ann").await;
    world.clock.advance(IDLE);
    world.entered(3, "ann").await;
    assert_eq!(world.end("ann").await, Ok(1), "one is over with its key, one was not used for too long");
}

#[tokio::test]
async fn what_was_begun_in_the_portal_comes_to_nothing_once_its_session_is_over() {
    let world = World::open().await;
    let (ann, bob) = (world.entered(1, "ann").await, world.entered(2, "bob").await);
    let (hers, his) = (world.begun_in(&ann.id, 1).await, world.begun_in(&bob.id, 2).await);
    let backends = world.session(3).await;
    assert_eq!(world.end("ann").await, Ok(1));
    assert!(world.settled_by(&hers, "b1").await.is_err(), "what was authorised a moment before is not stored");
    let over = world.store.session_by_id(&hers).await.expect("read");
    assert_eq!((over.code, over.ended_at), (Some(Code::SessionUnusable), Some(world.store.now())));
    assert_eq!(world.settled_by(&his, "b2").await, Ok(()));
    assert_eq!(world.store.session_by_id(&backends).await.map(|there| there.ended_at), Ok(None));
    // Signing out does the same; what was made stays.
    let later = world.begun_in(&bob.id, 4).await;
    world.clock.advance(MINUTE);
    world.store.end_browser_session(&bob).await.expect("ended");
    assert!(world.settled_by(&later, "b3").await.is_err());
    assert!(world.store.session_by_id(&his).await.expect("read").made.is_some());
}

#[tokio::test]
async fn with_a_key_ends_what_was_begun_in_the_sessions_that_it_opened() {
    let world = World::open().await;
    let key = world.key().await;
    let by_key = NewSignInToken { key: Some(key.clone()), ..world.portal(1, "ann") };
    world.store.keep_sign_in_token(by_key).await.expect("kept");
    let opened = world.sign_in(SessionKind::Portal, 1, 1).await.expect("a session");
    let (hers, bobs) = (opened.id, world.entered(2, "bob").await.id);
    let (hers, bobs) = (world.begun_in(&hers, 1).await, world.begun_in(&bobs, 2).await);
    world.store.revoke_api_key(None, &key, "test").await.expect("revoked");
    assert!(world.settled_by(&hers, "b1").await.is_err(), "what was authorised there comes to nothing");
    assert_eq!(world.settled_by(&bobs, "b2").await, Ok(()));
}
