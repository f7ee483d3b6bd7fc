//! **One refresh, whatever the number of callers** (trust.md, section 3, row 1; K2): a strict provider that
//! rotates and ends the whole login when it sees a token twice never has reason to. What an answer that
//! comes too late, or never, costs.

use std::time::Duration;

use patchbay_it::{Kind, Rig, RigSetup, Tenant, items};
use patchbay_test_support::{
    Answer, Dice, Result,
    fakes::{
        Act, Rule,
        logins::{Logins, Renewal, TokenCall, TokenKind},
    },
    together, wait_until,
};
use serde_json::json;

use crate::soak::Soak;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
/// Longest wait for something that the host does by itself; it looks every 250 ms.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Who needs the credential at one moment.
pub(crate) const CALLERS: usize = 8;
/// An exchange limit that a test can wait for.
const IMPATIENT: &str = "[refresh]\nlease_seconds = 8\nexchange_seconds = 2\ncool_down_seconds = 1\n";
/// After this the access token of an hour is due, and the provider still takes it.
pub(crate) const DUE: Duration = Duration::from_secs(46 * 60);
/// After this it has ended.
pub(crate) const ENDED: Duration = Duration::from_secs(61 * 60);

/// A host and a tenant with one connection, which nothing uses but the test.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) kind: Kind,
    pub(crate) tenant: Tenant,
    pub(crate) connection: String,
}

impl Scene {
    /// Connects a kind of login whose clock the test moves; `config` is further TOML of the host's.
    pub(crate) fn open(name: &str, config: &str, change: impl FnOnce(&mut Kind)) -> Result<Self> {
        let rig = RigSetup { test_clock: true, more: config.to_owned(), ..RigSetup::default() }.start()?;
        let mut kind = rig.kind(name)?;
        change(&mut kind);
        rig.install_kind(&kind)?;
        let tenant = rig.tenant("A")?;
        let connection = tenant.connect_kind(&rig, &kind)?;
        let scene = Self { rig, kind, tenant, connection };
        scene.quiet()?;
        Ok(scene)
    }

    /// Ends what else would use the connection: its first run, and those by schedule.
    fn quiet(&self) -> Result<()> {
        self.tenant.settled()?;
        for sync in items(&self.tenant.api, &format!("/v1/connections/{}/syncs", self.connection))? {
            let id = sync["id"].as_str().unwrap_or_default();
            self.tenant.api.patch(&format!("/v1/syncs/{id}"), &json!({ "enabled": false }))?.expect(200)?;
        }
        Ok(())
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.rig.fakes.logins.provider
    }

    /// What happens to the next requests to an address of the provider.
    pub(crate) fn script(&self, rule: Rule) {
        self.rig.fakes.logins.script.add(rule);
    }

    /// Lets the provider end the tokens of a kind. One younger than a minute would count as refused for
    /// another reason than its age.
    pub(crate) fn refuse(&self, kind: TokenKind) -> Result<()> {
        self.rig.advance(MINUTE * 2)?;
        self.logins().end(kind);
        Ok(())
    }

    /// Uses the credential, whatever the answer.
    pub(crate) fn used(&self) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/connections/{}/identify", self.connection), &json!({}))
    }

    /// Uses it with success.
    pub(crate) fn works(&self) -> Result<()> {
        self.used()?.expect(200).map(drop)
    }

    /// Uses it from several callers at one moment; the status and the code of each answer.
    pub(crate) fn used_by(&self, callers: usize) -> Result<Vec<(u16, String)>> {
        let answers = together(callers, |_| self.used());
        answers.into_iter().map(|answer| answer.map(|answer| (answer.status, code(&answer)))).collect()
    }

    /// Calls of the address that gives and renews tokens, from this one on.
    pub(crate) fn calls(&self, from: usize) -> Vec<TokenCall> {
        self.logins().calls().split_off(from)
    }

    pub(crate) fn called(&self) -> usize {
        self.logins().calls().len()
    }

    /// How the connection stands: its state, and the code of the reason.
    pub(crate) fn stands(&self) -> Result<(String, String)> {
        self.tenant.stands(&self.connection)
    }

    /// The same login again; it is the same connection.
    pub(crate) fn log_in_again(&self) -> Result<()> {
        let again = self.tenant.connect_kind(&self.rig, &self.kind)?;
        assert_eq!(again, self.connection, "a known business account renews its connection");
        self.quiet()
    }

    /// The refresh tokens that the provider accepts now.
    fn good_refresh_tokens(&self) -> usize {
        self.logins().tokens().iter().filter(|token| token.kind == TokenKind::Refresh && token.good).count()
    }
}

/// The code of a problem; empty for another answer.
fn code(answer: &Answer) -> String {
    answer.text_at("/code").unwrap_or_default()
}

/// Whether all of them were answered with success.
pub(crate) fn all_work(answers: &[(u16, String)]) -> bool {
    answers.iter().all(|(status, _)| *status == 200)
}

/// Rounds in which eight callers find that the token is due, or has ended, or is not accepted any more.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let mut dice = Dice::of(soak.seed);
    let scene = Scene::open("code-basic", "", |_| {})?;
    for round in 0..soak.rounds {
        let from = scene.called();
        let why = match dice.below(3) {
            0 => {
                scene.rig.advance(DUE)?;
                "due"
            }
            1 => {
                scene.rig.advance(ENDED)?;
                "ended"
            }
            _ => {
                scene.refuse(TokenKind::Access)?;
                "refused"
            }
        };
        let ms = dice.below(3) * dice.below(200);
        if ms > 0 {
            scene.script(Rule::on("POST", "/oauth/token", Act::Delay { ms }));
        }
        let answers = scene.used_by(CALLERS)?;
        let (calls, at) = (scene.calls(from), format!("seed {}, round {round}: {why}, {ms} ms", soak.seed));
        assert!(all_work(&answers), "{at}: {answers:?} {calls:?}");
        assert_eq!(calls.len(), 1, "{at}: one call whatever the number of callers: {calls:?}");
        assert!(calls.iter().all(|call| call.grant == "refresh_token" && call.refused.is_none()), "{at}: {calls:?}");
        assert_eq!(scene.good_refresh_tokens(), 1, "{at}");
    }
    assert!(!scene.logins().calls().iter().any(|call| call.family), "no login was ended");
    assert_eq!(scene.stands()?.0, "active");
    Ok(())
}

/// Lets the provider rotate and be silent until the host has given up; what its eight callers were told.
fn answered_too_late(scene: &Scene, name: &str) -> Result<Vec<(u16, String)>> {
    scene.rig.advance(ENDED)?;
    scene.script(Rule::on("POST", "/oauth/token", Act::Hold { name: name.to_owned(), applied: true }));
    let answers = scene.used_by(CALLERS)?;
    scene.rig.fakes.logins.script.release(name);
    Ok(answers)
}

#[test]
fn an_answer_after_the_limit_costs_one_more_try_and_no_connection_where_there_is_a_grace_period() -> Result<()> {
    let renewal = Renewal::Rotating { grace: MINUTE, family: true };
    let scene = Scene::open("code-basic", IMPATIENT, |kind| kind.behaviour.renewal = renewal)?;
    for round in 0..2 {
        let from = scene.called();
        let answers = answered_too_late(&scene, &format!("late-{round}"))?;
        assert!(answers.iter().all(|(status, code)| (*status, code.as_str()) == (503, "PB2003")), "{answers:?}");
        let calls = scene.calls(from);
        assert_eq!(calls.len(), 1, "the others wait for the pause to end: {calls:?}");
        scene.rig.advance(Duration::from_secs(2))?;
        let answers = scene.used_by(CALLERS)?;
        let calls = scene.calls(from);
        assert!(all_work(&answers), "{answers:?} {calls:?}");
        assert_eq!(calls.len(), 2, "{calls:?}");
        assert!(calls.iter().all(|call| call.sent == calls[0].sent && call.refused.is_none()), "{calls:?}");
    }
    assert_eq!(scene.stands()?.0, "active");
    Ok(())
}

#[test]
fn an_answer_after_the_limit_ends_in_a_word_to_the_owner_where_there_is_no_grace_period() -> Result<()> {
    let scene = Scene::open("code-basic", IMPATIENT, |_| {})?;
    let from = scene.called();
    answered_too_late(&scene, "late")?;
    assert_eq!(scene.stands()?.0, "active", "nobody knows yet");
    scene.rig.advance(Duration::from_secs(2))?;
    let answers = scene.used_by(CALLERS)?;
    assert!(answers.iter().all(|(status, _)| *status != 200), "{answers:?}");
    assert_eq!(scene.stands()?, ("broken".to_owned(), "PB2002".to_owned()));
    let reason = scene.tenant.get(&format!("/v1/connections/{}", scene.connection))?.text_at("/reason/detail")?;
    assert!(reason.contains("Log in again"), "{reason}");
    let calls = scene.calls(from);
    assert!(calls.len() == 2 && calls[1].family, "one try more, and the provider ends the login: {calls:?}");
    scene.rig.advance(HOUR)?;
    scene.used_by(CALLERS)?;
    let again = scene.calls(from).len();
    assert_eq!(again, 2, "a connection that waits for its owner leaves the provider alone");
    scene.log_in_again()?;
    assert_eq!(scene.stands()?.0, "active");
    scene.works()
}

#[test]
fn a_lost_answer_is_found_out_soon_though_nobody_uses_the_connection() -> Result<()> {
    let renewal = Renewal::Rotating { grace: MINUTE, family: true };
    let scene = Scene::open("code-basic", IMPATIENT, |kind| kind.behaviour.renewal = renewal)?;
    let from = scene.called();
    scene.rig.advance(ENDED)?;
    scene.script(Rule::on("POST", "/oauth/token", Act::LoseAnswer));
    assert_eq!(scene.used()?.status, 503);
    scene.rig.advance(Duration::from_secs(2))?;
    wait_until("the second try", LIMIT, || Ok((scene.called() == from + 2).then_some(())))?;
    scene.works()?;
    // Long after the grace period: what is stored must be what the second try brought.
    scene.rig.advance(ENDED)?;
    scene.works()?;
    assert!(scene.calls(from).iter().all(|call| call.refused.is_none()), "{:?}", scene.calls(from));
    Ok(())
}
