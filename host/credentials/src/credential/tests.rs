//! Lives of credentials, and their stored form.

use patchbay_model::manifest::AuthKind;
use proptest::prelude::*;

use super::*;
use crate::oauth::script::{books, by_access_token, entered_client, held, session};

fn lasting(seconds: i64) -> Credential {
    Credential {
        expires_at: Some(Timestamp::from_millis(seconds * 1_000)),
        ..Credential::entered("oauth", held(&[(REFRESH_TOKEN, "r")]), Timestamp::from_millis(0))
    }
}

#[test]
fn a_token_is_refreshed_15_minutes_or_a_third_of_its_life_before_its_end() {
    for (life, due) in [(7_200, 6_300), (2_700, 1_800), (900, 600), (60, 40), (0, 0)] {
        let credential = lasting(life);
        assert!(!credential.refresh_due(&books(), Timestamp::from_millis(due * 1_000 - 1)), "life {life}");
        assert!(credential.refresh_due(&books(), Timestamp::from_millis(due * 1_000)), "life {life}");
    }
}

#[test]
fn a_manifest_may_ask_for_more_days_ahead_but_not_for_a_refresh_at_every_use() {
    const DAYS: i64 = 86_400;
    let auth = Auth { renew_days_ahead: Some(30), ..books() };
    for (life, due) in [(60 * DAYS, 30 * DAYS), (31 * DAYS, DAYS), (30 * DAYS, 20 * DAYS), (3_600, 2_400)] {
        let credential = lasting(life);
        assert!(!credential.refresh_due(&auth, Timestamp::from_millis(due * 1_000 - 1)), "life {life}");
        assert!(credential.refresh_due(&auth, Timestamp::from_millis(due * 1_000)), "life {life}");
    }
}

#[test]
fn what_has_no_end_or_cannot_be_renewed_is_never_due() {
    let far = Timestamp::from_micros(i64::MAX);
    let endless = Credential { expires_at: None, ..lasting(60) };
    assert!(!endless.refresh_due(&books(), far));
    let mut alone = lasting(60);
    alone.secrets.remove(REFRESH_TOKEN);
    assert!(!alone.refresh_due(&books(), far) && !alone.renewable(&books()));
    assert_eq!(alone.next_refresh(&books()), None);
}

#[test]
fn each_kind_of_login_is_renewable_in_its_own_way() {
    let entered = |auth: &Auth| Credential::entered(&auth.id, BTreeMap::new(), Timestamp::from_millis(0));
    let own = Auth { kind: AuthKind::Fields, ..books() };
    assert!(!lasting(60).renewable(&own), "what was entered is entered again");
    assert!(!entered(&books()).renewable(&books()));
    let mut ended = lasting(60);
    ended.refresh_ends = Some(Timestamp::from_millis(-1));
    assert!(ended.renewable(&books()), "the provider knows the end of a refresh token");
    for auth in [by_access_token(), entered_client(), session()] {
        assert!(entered(&auth).renewable(&auth), "{:?}", auth.kind);
    }
}

#[test]
fn the_background_refreshes_daily_what_goes_idle_and_ahead_what_renews_itself() {
    let day = Timestamp::from_millis(86_400_000);
    let plain = Auth { idle_days: None, ..books() };
    let by_itself = by_access_token();
    let both = Auth { idle_days: Some(60), ..by_access_token() };
    for (auth, life, expected) in [
        (&books(), 7_200, Some(day)),
        (&books(), 60, Some(day)),
        (&books(), 30 * 86_400, Some(day)),
        (&plain, 7_200, None),
        (&by_itself, 60 * 86_400, Some(Timestamp::from_millis(30 * 86_400_000))),
        (&both, 60 * 86_400, Some(day)),
        (&both, 3_600, Some(Timestamp::from_millis(2_400_000))),
        (&session(), 3_600, None),
        (&entered_client(), 3_600, None),
    ] {
        assert_eq!(lasting(life).next_refresh(auth), expected, "{:?} life {life}", auth.kind);
    }
    let endless = Credential { expires_at: None, ..lasting(0) };
    assert_eq!(endless.next_refresh(&by_itself), None);
}

#[test]
fn an_imported_credential_is_as_old_as_its_import() {
    let now = Timestamp::from_millis(1_000);
    let end = Some(Timestamp::from_millis(61_000));
    let scopes = Some(vec!["a".to_owned()]);
    let credential = Credential::imported("oauth", held(&[(REFRESH_TOKEN, "r")]), end, scopes.clone(), now);
    assert_eq!((credential.obtained_at, credential.expires_at, credential.scopes.clone()), (now, end, scopes));
    assert!(credential.refresh_due(&books(), Timestamp::from_millis(41_000)));
    assert!(!credential.refresh_due(&books(), Timestamp::from_millis(40_999)));
}

#[test]
fn a_credential_of_the_first_format_is_still_read() {
    let stored = br#"{"v":1,"auth":"oauth","secrets":{"access_token":"a","refresh_token":"r"},"scopes":["x"],
        "obtained_us":1,"expires_us":2,"refresh_ends_us":null}"#;
    let credential = Credential::from_bytes(stored).expect("read");
    assert_eq!(credential.secrets[REFRESH_TOKEN].expose(), "r");
    assert_eq!(credential.expires_at, Some(Timestamp::from_micros(2)));
}

#[test]
fn a_credential_does_not_print_its_secrets_nor_do_errors_quote_them() {
    let secrets = BTreeMap::from([("token".to_owned(), Secret::new("ghp_canary0123456789"))]);
    let credential = Credential::entered("token", secrets, Timestamp::from_millis(0));
    let bytes = credential.to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains("canary"));
    assert!(!format!("{credential:?}").contains("canary"));
    for broken in [
        text.replace("\"v\":1", "\"v\":2"),
        text.replace("{\"token\":\"ghp_canary0123456789\"}", "\"ghp_canary0123456789\""),
        text.replace("}}", "}").replace("},", ","),
        format!("{text} x"),
        text.replace("\"v\"", "\"canary\""),
    ] {
        let fault = Credential::from_bytes(broken.as_bytes()).expect_err("not ours");
        assert_eq!(fault.code, Code::SealBroken);
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
}

proptest! {
    #[test]
    fn a_credential_comes_back_as_it_was(
        auth in ".{0,10}", name in ".{1,10}", text in ".{0,200}", scope in ".{0,10}",
        obtained: i64, expires: Option<i64>, ends: Option<i64>,
    ) {
        let credential = Credential {
            auth,
            secrets: BTreeMap::from([(name, Secret::new(text))]),
            scopes: Some(vec![scope]),
            obtained_at: Timestamp::from_micros(obtained),
            expires_at: expires.map(Timestamp::from_micros),
            refresh_ends: ends.map(Timestamp::from_micros),
        };
        let bytes = credential.to_bytes();
        let again = Credential::from_bytes(&bytes).expect("read");
        prop_assert_eq!(again.to_bytes(), bytes);
        prop_assert_eq!(again.obtained_at, credential.obtained_at);
        prop_assert_eq!(again.expires_at, credential.expires_at);
        prop_assert_eq!(again.refresh_ends, credential.refresh_ends);
        let read = |from: &Credential| from.secrets.values().map(|s| s.expose().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(read(&again), read(&credential));
    }
}
