//! How and when each kind of login is renewed without a person, and when it is given up.

use std::time::Duration;

use patchbay_it::{Database, Kind};
use patchbay_model::{Clock, SystemClock};
use patchbay_test_support::{
    Result,
    fakes::{
        Act, Rule,
        logins::{Behaviour, TokenKind},
    },
    wait_until,
};

use serde_json::json;

use crate::refresh::{CALLERS, ENDED, HOUR, LIMIT, Scene, all_work};

const DAY: Duration = Duration::from_secs(86_400);

/// A line more in the manifest's `[[auth]]`.
fn also(kind: &mut Kind, line: &str) {
    kind.tables = kind.tables.replacen("label = \"Log in\"\n", &format!("label = \"Log in\"\n{line}\n"), 1);
}

/// How many requests came to an address of the provider, whatever became of them.
fn asked(scene: &Scene, path: &str) -> usize {
    scene.rig.fakes.logins.journal.entries().iter().filter(|entry| entry.path == path).count()
}

#[test]
fn an_answer_without_a_refresh_token_keeps_the_one_that_there_is() -> Result<()> {
    let scene = Scene::open("code-fixed", "", |_| {})?;
    for _ in 0..4 {
        scene.rig.advance(ENDED)?;
        scene.works()?;
    }
    let calls = scene.logins().calls();
    let refreshed: Vec<_> = calls.iter().filter(|call| call.grant == "refresh_token").collect();
    assert_eq!(refreshed.len(), 4, "{calls:?}");
    assert!(refreshed.iter().all(|call| call.sent.as_deref() == Some("refresh:1")), "{calls:?}");
    Ok(())
}

#[test]
fn a_token_is_renewed_a_quarter_of_an_hour_or_a_third_of_its_life_before_its_end() -> Result<()> {
    let scene = Scene::open("code-basic", "", |_| {})?;
    for (life, due) in [(300, 200), (2_700, 1_800), (3_600, 2_700), (40 * 86_400, 40 * 86_400 - 900)] {
        scene.logins().behave(Behaviour { access_life: Duration::from_secs(life), ..scene.kind.behaviour.clone() });
        scene.refuse(TokenKind::Access)?;
        scene.works()?;
        let from = scene.called();
        scene.rig.advance(Duration::from_secs(due - 30))?;
        scene.works()?;
        assert_eq!(scene.calls(from), [], "a life of {life} s: too early");
        scene.rig.advance(Duration::from_secs(60))?;
        scene.works()?;
        assert_eq!(scene.calls(from).len(), 1, "a life of {life} s");
    }
    Ok(())
}

#[test]
fn a_token_whose_life_nobody_told_is_renewed_when_it_is_refused() -> Result<()> {
    let scene = Scene::open("code-basic", "", |kind| kind.behaviour.says_life = false)?;
    let from = scene.called();
    scene.rig.advance(ENDED)?;
    assert!(all_work(&scene.used_by(CALLERS)?));
    assert_eq!(scene.calls(from).len(), 1, "{:?}", scene.calls(from));
    Ok(())
}

/// Moves on to the next noon (UTC), so that no day ends by itself during a test.
fn noon(scene: &Scene) -> Result<()> {
    let now = SystemClock.now().plus(scene.rig.host.ahead()?).as_micros();
    let day = 86_400_000_000;
    let noon = (now.div_euclid(day) + 1) * day + day / 2;
    scene.rig.advance(Duration::from_micros(u64::try_from(noon - now)?))
}

/// A day on which the token address is in trouble, and the connection is needed.
fn failing_day(scene: &Scene) -> Result<(String, String)> {
    scene.rig.advance(DAY)?;
    let answer = scene.used()?;
    assert_ne!(answer.status, 200, "{}", answer.text());
    scene.stands()
}

#[test]
fn a_connection_is_given_up_only_after_failing_on_four_days_in_a_row() -> Result<()> {
    let scene = Scene::open("code-fixed", "", |_| {})?;
    noon(&scene)?;
    let trouble = || scene.script(Rule::on("POST", "/oauth/token", Act::status(500)).times(0));
    trouble();
    let still = ("active".to_owned(), String::new());
    for day in 1..=3 {
        assert_eq!(failing_day(&scene)?, still, "day {day}");
        // Many failures on one day are one day.
        scene.rig.advance(HOUR * 2)?;
        assert_eq!(scene.used()?.status, 503);
    }
    scene.rig.fakes.logins.script.clear();
    scene.rig.advance(HOUR * 2)?;
    scene.works()?;
    trouble();
    for day in 4..=6 {
        assert_eq!(failing_day(&scene)?, still, "day {day}: a success in between begins the count anew");
    }
    assert_eq!(failing_day(&scene)?, ("broken".to_owned(), "PB2018".to_owned()));
    scene.rig.fakes.logins.script.clear();
    scene.log_in_again()?;
    assert_eq!(scene.stands()?.0, "active");
    scene.works()
}

#[test]
fn after_a_failure_the_token_address_is_left_alone_for_a_while_that_grows() -> Result<()> {
    let scene = Scene::open("code-fixed", "", |_| {})?;
    scene.script(Rule::on("POST", "/oauth/token", Act::status(500)).times(0));
    let asked = || asked(&scene, "/oauth/token");
    scene.rig.advance(ENDED)?;
    let before = asked();
    for (failures, pause) in [(1, 30), (2, 60), (3, 120)] {
        let answers = scene.used_by(CALLERS)?;
        assert!(answers.iter().all(|(status, code)| (*status, code.as_str()) == (503, "PB2003")), "{answers:?}");
        scene.used()?;
        assert_eq!(asked(), before + failures, "callers do not knock each for themselves");
        scene.rig.advance(Duration::from_secs(pause - 10))?;
        scene.used()?;
        assert_eq!(asked(), before + failures, "{pause} s are not over");
        scene.rig.advance(Duration::from_secs(11))?;
    }
    scene.rig.fakes.logins.script.clear();
    scene.rig.advance(HOUR)?;
    scene.works()
}

#[test]
fn a_wrong_client_secret_of_the_operator_ends_no_connection_however_long_it_stays_wrong() -> Result<()> {
    let scene = Scene::open("code-basic", "", |_| {})?;
    noon(&scene)?;
    // So that no renewal of that noon is still on its way with the right secret.
    scene.works()?;
    let client = scene.logins().client();
    scene.rig.register("patchbay.code-basic", &client.id, "mistyped-by-the-operator")?;
    let from = scene.called();
    for day in 1..=6 {
        assert_eq!(failing_day(&scene)?, ("active".to_owned(), String::new()), "day {day}");
    }
    let calls = scene.calls(from);
    assert!(
        calls.len() >= 6 && calls.iter().all(|call| call.refused.as_deref() == Some("invalid_client")),
        "{calls:?}"
    );
    scene.rig.register("patchbay.code-basic", &client.id, &client.secret)?;
    scene.rig.advance(DAY)?;
    scene.works()
}

#[test]
fn a_token_that_nobody_uses_is_renewed_every_day_where_the_provider_drops_idle_ones() -> Result<()> {
    let scene = Scene::open("code-basic", "", |kind| {
        also(kind, "idle-days = 30");
        kind.behaviour.access_life = DAY * 90;
    })?;
    let mut database = Database::open(&scene.rig.host.data_dir().join("patchbay.db"))?;
    let from = scene.called();
    for day in 1..=5 {
        scene.rig.advance(DAY)?;
        // Stored, and not only asked for: the clock must not move in the middle of a refresh.
        wait_until("the daily refresh", LIMIT, || {
            let version = database.value("SELECT row_version FROM credentials", &[])?;
            Ok((version == json!(day + 1)).then_some(()))
        })?;
        let calls = scene.calls(from);
        assert_eq!(calls.len(), day, "{calls:?}");
        assert!(calls.iter().all(|call| call.grant == "refresh_token" && call.refused.is_none()), "{calls:?}");
    }
    scene.works()?;
    assert_eq!(scene.calls(from).len(), 5, "using it costs no refresh more");
    Ok(())
}

#[test]
fn a_token_that_renews_itself_is_renewed_days_ahead_though_nobody_uses_it() -> Result<()> {
    let scene = Scene::open("code-exchanged", "", |kind| {
        also(kind, "renew-days-ahead = 10");
        kind.behaviour.access_life = DAY * 60;
    })?;
    let from = scene.called();
    scene.rig.advance(DAY * 49)?;
    scene.works()?;
    assert_eq!(scene.calls(from), [], "it has eleven days left");
    // The provider is in trouble when the day comes, and there is time enough.
    scene.script(Rule::on("GET", "/oauth/exchange", Act::status(503)).times(2));
    let mut database = Database::open(&scene.rig.host.data_dir().join("patchbay.db"))?;
    for failed in 1..=2 {
        scene.rig.advance(DAY + HOUR)?;
        // Noted, and not only asked for: else its pause begins at the time of the next jump.
        wait_until(&format!("failure {failed}"), LIMIT, || {
            Ok((database.value("SELECT failing_days FROM credentials", &[])? == json!(failed)).then_some(()))
        })?;
    }
    scene.rig.advance(DAY + HOUR)?;
    wait_until("the renewal", LIMIT, || Ok((scene.called() > from).then_some(())))?;
    let calls = scene.calls(from);
    assert!(calls.len() == 1 && calls[0].grant == "exchange" && calls[0].refused.is_none(), "{calls:?}");
    scene.works()?;
    // Past the end of the first token.
    scene.rig.advance(DAY * 20)?;
    scene.works()
}

#[test]
fn a_session_that_dies_is_opened_again_once_and_a_changed_password_is_said() -> Result<()> {
    let scene = Scene::open("session", "", |_| {})?;
    for how in ["refused", "ended"] {
        let from = scene.called();
        if how == "refused" {
            scene.refuse(TokenKind::Session)?;
        } else {
            scene.rig.advance(ENDED)?;
        }
        let answers = scene.used_by(CALLERS)?;
        let calls = scene.calls(from);
        assert!(all_work(&answers), "{how}: {answers:?}");
        assert!(calls.len() == 1 && calls[0].grant == "session", "{how}: {calls:?}");
    }
    scene.logins().set_password("one", "changed at the provider");
    scene.refuse(TokenKind::Session)?;
    assert_ne!(scene.used()?.status, 200);
    assert_eq!(scene.stands()?, ("broken".to_owned(), "PB2002".to_owned()));
    Ok(())
}

#[test]
fn a_client_s_own_credentials_are_asked_for_another_token_once() -> Result<()> {
    let scene = Scene::open("machine", "", |_| {})?;
    for how in ["ended", "refused"] {
        let from = scene.called();
        if how == "refused" {
            scene.refuse(TokenKind::Access)?;
        } else {
            scene.rig.advance(ENDED)?;
        }
        let answers = scene.used_by(CALLERS)?;
        let calls = scene.calls(from);
        assert!(all_work(&answers), "{how}: {answers:?}");
        assert!(calls.len() == 1 && calls[0].grant == "client_credentials", "{how}: {calls:?}");
    }
    Ok(())
}
