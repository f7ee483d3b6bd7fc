//! Refreshes against a provider that rotates, with a real store. A process that was killed stands still at a
//! failpoint for ever, and a second one starts on the same database.

mod doors;
mod ends;
mod world;

use std::{sync::Mutex, time::Duration};

use patchbay_model::{ConnectionState, failpoint};
use patchbay_store::{LostFate, NewLostToken};

pub(super) use world::Provider;
use world::{COOL_DOWN, DAY, LEASE, Mood, World};

use super::*;

const ACTIVE: (ConnectionState, Option<Code>) = (ConnectionState::Active, None);

#[tokio::test]
async fn eight_tasks_refresh_once_and_all_get_the_new_token() {
    let (world, app) = World::open(false).await;
    let asked = (0..8).map(|_| {
        let (app, tenant, connection) = (Arc::clone(&app), world.tenant.clone(), world.connection.clone());
        tokio::spawn(async move { app.current_values(&tenant, &connection, Need::Use, None).await })
    });
    for task in asked.collect::<Vec<_>>() {
        let values = task.await.expect("no panic").expect("a credential");
        assert_eq!((values.secrets["access_token"].expose(), values.generation), ("a1", 2));
    }
    assert_eq!(world.provider.tokens().calls, 1);
    assert!(world.accepts_the_stored_token(&app).await);
}

#[tokio::test]
async fn eight_tasks_that_were_refused_refresh_once() {
    let (world, app) = World::open(false).await;
    for _ in 0..8 {
        let values =
            app.current_values(&world.tenant, &world.connection, Need::Refused(1), None).await.expect("values");
        assert!(values.after_refusal);
        assert_eq!(values.generation, 2);
    }
    assert_eq!(world.provider.tokens().calls, 1);
}

/// The failpoints are the process's, so all six are one test.
#[tokio::test]
async fn a_kill_at_each_of_the_six_places_of_a_refresh_is_survived_or_said() {
    static AT: Mutex<&str> = Mutex::new("");
    static REACHED: tokio::sync::Notify = tokio::sync::Notify::const_new();
    failpoint::install(Box::new(|name| {
        let stops = *AT.lock().expect("a name") == name;
        if stops {
            REACHED.notify_one();
        }
        stops
    }));
    for (name, lost) in [
        ("before_intent", false),
        ("after_intent", false),
        ("request_sent", true),
        ("answer_received", true),
        ("before_commit", true),
        ("after_commit", false),
    ] {
        for grace in [false, true] {
            let (world, killed) = World::open(grace).await;
            let name = format!("refresh.{name}");
            *AT.lock().expect("a name") = String::leak(name.clone());
            let (app, tenant, connection) = (Arc::clone(&killed), world.tenant.clone(), world.connection.clone());
            tokio::spawn(async move { app.current_values(&tenant, &connection, Need::Use, None).await });
            REACHED.notified().await;
            if name == "refresh.request_sent" {
                while world.provider.tokens().accepted == ["r0"] {
                    tokio::task::yield_now().await;
                }
            }
            *AT.lock().expect("a name") = "";
            let app = world.start().await;
            world.clock.advance(LEASE);
            let used = world.used(&app).await;
            if lost && !grace {
                assert!(matches!(used, Err(CredentialError::Dead(_))), "{name}: {used:?}");
                assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::CredentialRefused)), "{name}");
            } else {
                assert!(used.is_ok(), "{name}, grace {grace}: {used:?}");
                assert_eq!(world.state().await, ACTIVE, "{name}, grace {grace}");
                assert!(world.accepts_the_stored_token(&app).await, "{name}, grace {grace}");
                let row = world.store.credential(&world.connection).await.expect("a row");
                assert_eq!((row.refresh_intent_at, row.refresh_lease_until), (None, None), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_allows_one_more_try_after_a_pause() {
    for grace in [true, false] {
        let (mut world, _) = World::open(grace).await;
        world.exchange = Duration::from_millis(100);
        let app = world.start().await;
        world.provider.tokens().mood = Mood::Mute;
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))));
        world.provider.tokens().mood = Mood::Answers;
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))), "it is left alone for a while");
        let refused = app.current_values(&world.tenant, &world.connection, Need::Refused(1), None).await;
        assert!(matches!(refused, Err(CredentialError::Busy(_))), "a refusal does not shorten the pause");
        assert_eq!(world.provider.tokens().calls, 1);
        let row = world.store.credential(&world.connection).await.expect("a row");
        assert!(row.refresh_intent_at.is_some() && row.refresh_lease_until.is_none());
        world.clock.advance(COOL_DOWN);
        let used = world.used(&app).await;
        assert_eq!(world.provider.tokens().calls, 2);
        if grace {
            assert!(used.is_ok() && world.accepts_the_stored_token(&app).await);
        } else {
            assert!(matches!(used, Err(CredentialError::Dead(text)) if text.contains("Books")));
            assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::CredentialRefused)));
        }
    }
}

#[tokio::test]
async fn a_refresh_that_was_overtaken_keeps_its_token_and_the_next_one_begins_with_it() {
    let (world, app) = World::open(false).await;
    world.provider.tokens().mood = Mood::Waits;
    let task = world.begun(&app).await;
    // Another process takes over and stands still.
    world.clock.advance(LEASE);
    let other = world.store.lease_refresh(&world.connection, LEASE).await.expect("asked");
    assert!(other.is_some_and(|lease| lease.earlier_unknown));
    world.answer();
    assert!(matches!(task.await.expect("no panic"), Err(CredentialError::Busy(_))));
    assert_eq!(world.store.lost_tokens(&world.connection).await.expect("read").len(), 1);
    world.clock.advance(LEASE);
    assert!(world.used(&app).await.is_ok());
    assert_eq!(world.provider.tokens().calls, 2);
    assert!(world.accepts_the_stored_token(&app).await, "the old token was not spent again");
    assert!(world.store.lost_tokens(&world.connection).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_new_login_during_a_refresh_is_what_counts_from_then_on() {
    let (world, app) = World::open(false).await;
    world.provider.tokens().mood = Mood::Waits;
    let task = world.begun(&app).await;
    world.clock.advance(Duration::from_secs(1));
    assert!(world.settle(&app, 2, "of the new login").await);
    world.answer();
    let values = task.await.expect("no panic").expect("values");
    assert_eq!((values.generation, values.secrets["access_token"].expose()), (2, "of the consent"));
    assert_eq!(world.stored_token(&app).await, "of the new login");
    assert_eq!(world.provider.tokens().calls, 1);
    assert!(world.store.lost_tokens(&world.connection).await.expect("read").is_empty(), "nothing to fall back on");
    assert_eq!(world.given_back(&app).await, ["r1"], "what the earlier login got in the end");
}

#[tokio::test]
async fn a_pair_of_an_earlier_login_is_not_fallen_back_on() {
    let (world, app) = World::open(false).await;
    let present = app.present(&world.tenant, &world.connection).await.expect("a credential");
    assert!(world.settle(&app, 2, "of the new login").await);
    // As it could be kept by a process that does not know of the new login.
    let place = App::lost_place(&world.tenant, &world.connection, 2);
    let sealed = app.vault.seal(place, &present.credential.to_bytes()).await.expect("sealed");
    let of = world.store.connection(&world.tenant, &world.connection).await.expect("a connection");
    let lost = NewLostToken { of, sealed, row_version: 2, revocable: None, ends_grant: false };
    assert_eq!(world.store.keep_lost_token(lost).await, Ok(LostFate::Kept));
    world.clock.advance(Duration::from_secs(3_600));
    assert!(matches!(world.used(&app).await, Err(CredentialError::Dead(_))), "whoever logged in anew has left it");
    assert_eq!(world.provider.tokens().calls, 1);
}

#[tokio::test]
async fn an_unused_credential_is_refreshed_every_day_where_the_provider_drops_idle_ones() {
    let (world, app) = World::open(false).await;
    assert!(world.used(&app).await.is_ok());
    assert!(world.store.refreshes_due(10).await.expect("read").is_empty());
    world.clock.advance(DAY);
    let due = world.store.refreshes_due(10).await.expect("read");
    assert_eq!(due, [(world.tenant.clone(), world.connection.clone())]);
    app.refresh_unused(&world.tenant, &world.connection).await.expect("refreshed");
    assert_eq!(world.provider.tokens().calls, 2);
    assert!(world.store.refreshes_due(10).await.expect("read").is_empty());
}

#[tokio::test]
async fn four_days_of_failures_need_the_owner_and_three_do_not() {
    let (world, app) = World::open(true).await;
    world.provider.tokens().mood = Mood::Trouble;
    for day in 1..=4 {
        assert_eq!(world.state().await, ACTIVE, "before day {day}");
        for look in 0..3 {
            let used = world.used(&app).await;
            // Once it needs its owner, nobody asks the provider any more.
            let over = day == 4 && look > 0;
            assert!(matches!(used, Err(CredentialError::Dead(_))) == over, "day {day}, look {look}");
            assert!(used.is_err(), "day {day}, look {look}");
            world.clock.advance(Duration::from_secs(3_600));
        }
        world.clock.advance(DAY - Duration::from_secs(3 * 3_600));
    }
    assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::RefreshExhausted)));
}

#[tokio::test]
async fn a_client_that_the_operator_mistyped_costs_nobody_a_login() {
    let (world, app) = World::open(true).await;
    world.provider.tokens().mood = Mood::WrongClient;
    for _ in 0..8 {
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))));
        world.clock.advance(DAY);
    }
    assert_eq!(world.state().await, ACTIVE);
    world.provider.tokens().mood = Mood::Answers;
    assert!(world.used(&app).await.is_ok());
}

#[tokio::test]
async fn a_client_secret_goes_to_the_gate_only_where_a_slot_names_it() {
    let (world, app) = World::open(true).await;
    assert!(!world.used(&app).await.expect("values").secrets.contains_key(CLIENT_SECRET));
    let (world, app) = World::with(true, "{access_token}.{client_secret}").await;
    let values = world.used(&app).await.expect("values");
    assert_eq!(values.secrets[CLIENT_SECRET].expose(), "of the client");
}

#[tokio::test]
async fn a_refresh_that_a_crash_interrupted_is_finished_at_the_next_look_though_the_token_is_still_good() {
    let (world, app) = World::open(false).await;
    assert!(world.used(&app).await.is_ok());
    // A process writes its intent and dies.
    assert!(world.store.lease_refresh(&world.connection, LEASE).await.expect("asked").is_some());
    assert_eq!(world.used(&app).await.expect("values").generation, 2, "while its lease lasts, it may be alive");
    assert_eq!(world.provider.tokens().calls, 1);
    world.clock.advance(LEASE);
    assert_eq!(world.used(&app).await.expect("values").generation, 3);
    assert_eq!(world.provider.tokens().calls, 2);
    let row = world.store.credential(&world.connection).await.expect("a row");
    assert_eq!((row.refresh_intent_at, row.refresh_lease_until), (None, None));
}
