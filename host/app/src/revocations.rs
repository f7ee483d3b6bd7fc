//! Giving credentials back to the provider after their connection was deleted, or their authorisation was
//! given up.
//!
//! The store keeps a sealed copy from the deletion on. Whatever comes of it, the copy is destroyed in the
//! end: given back, refused, or given up after more than a day of trying.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use patchbay_credentials::{
    Credential,
    oauth::{self, RevokeError},
};
use patchbay_model::{Fault, manifest::RevokeEnds};
use patchbay_store::Revocation;
use tokio::time::timeout;

use crate::{App, facts::Facts, vault::Place};

/// How long one attempt is somebody's own.
const LEASE: Duration = Duration::from_secs(120);
/// Pauses after attempts that did not get through; after the last one it is given up.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// What comes of an attempt.
enum Outcome {
    Done,
    GiveUp(String),
    Later(String, Duration),
}

impl App {
    /// Gives back whatever is due, one after the other.
    pub(crate) async fn revoke_due(self: &Arc<Self>) -> Result<(), Fault> {
        while !*self.stop.borrow() {
            let Some(revocation) = self.store.claim_revocation(LEASE).await? else { break };
            let outcome = self.revoke(&revocation).await;
            self.revoked(&revocation, outcome).await?;
        }
        Ok(())
    }

    async fn revoked(&self, revocation: &Revocation, outcome: Outcome) -> Result<(), Fault> {
        let (no, id) = (revocation.no, &revocation.connection);
        match outcome {
            Outcome::Done => {
                tracing::info!(connection.id = %id, "the credential of {id} was given back");
                self.store.end_revocation(no).await?;
            }
            Outcome::GiveUp(why) => {
                tracing::warn!(connection.id = %id, "the credential of {id} was not given back: {why}");
                self.store.give_up_revocation(no, &why).await?;
            }
            Outcome::Later(why, pause) => {
                tracing::warn!(connection.id = %id, "the credential of {id} could not be given back yet: {why}");
                self.store.later_revocation(no, self.clock.now().plus(pause)).await?;
            }
        }
        Ok(())
    }

    async fn revoke(self: &Arc<Self>, revocation: &Revocation) -> Outcome {
        // What cannot be found or opened now may be there later: the tries are the same.
        match self.revoke_once(revocation).await {
            Ok(outcome) => outcome,
            Err(fault) => again(revocation.attempts, fault.operator.unwrap_or(fault.person), None),
        }
    }

    async fn revoke_once(self: &Arc<Self>, revocation: &Revocation) -> Result<Outcome, Fault> {
        let release = self.release_facts(&revocation.release).await?;
        let Some(auth) = release.manifest.auth(&revocation.auth).filter(|auth| auth.revoke.is_some()) else {
            return Ok(Outcome::GiveUp("the connector has no way to give it back".to_owned()));
        };
        if auth.revoke_ends == RevokeEnds::Grant && revocation.shared {
            let why = "another connection works with the same grant, which giving it back would end";
            return Ok(Outcome::GiveUp(why.to_owned()));
        }
        if auth.revoke_ends == RevokeEnds::Grant && revocation.awaited {
            // It may become a connection that works with this grant, or expire; either is known soon.
            let why = "a login that waits for its completion may need the same grant";
            return Ok(again(revocation.attempts, why.to_owned(), Some(self.settings.completion_time)));
        }
        let place = Place {
            tenant: Some(&revocation.tenant),
            subject: &revocation.subject,
            field: &revocation.field,
            row_version: revocation.row_version,
        };
        let credential = Credential::from_bytes(&self.vault.open_sealed(place, &revocation.sealed).await?)?;
        let client = match &revocation.client {
            None => None,
            Some(client) => Some(self.client_by_id(client).await?),
        };
        let (facts, transport) = (login_facts(&revocation.facts), self.transport_for(&release));
        self.check_origins(&revocation.connector, auth, &facts).await?;
        let call = oauth::revoke(auth, client.as_ref(), &credential, &facts, &transport);
        Ok(match timeout(self.settings.refresh_exchange, call).await {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(RevokeError::Refused(why))) => Outcome::GiveUp(why),
            Ok(Err(RevokeError::Later { operator, retry_after })) => again(revocation.attempts, operator, retry_after),
            Err(_) => again(revocation.attempts, "the provider did not answer in time".to_owned(), None),
        })
    }
}

/// The facts of a login: a connection keeps them beside those of its identity, a pending authorisation alone.
fn login_facts(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_else(|_| Facts::read(json).login)
}

/// What follows the attempt of this number, the first being 1.
fn again(attempts: u32, why: String, asked: Option<Duration>) -> Outcome {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    match (PAUSES.get(at), PAUSES.last()) {
        (Some(pause), Some(longest)) => Outcome::Later(why, asked.unwrap_or_default().clamp(*pause, *longest)),
        _ => Outcome::GiveUp(format!("given up after {attempts} attempts: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(attempts: u32, asked: Option<u64>) -> Option<u64> {
        match again(attempts, String::new(), asked.map(Duration::from_secs)) {
            Outcome::Later(_, pause) => Some(pause.as_secs()),
            Outcome::Done | Outcome::GiveUp(_) => None,
        }
    }

    #[test]
    fn it_is_tried_for_a_day_and_then_given_up() {
        let pauses: Vec<Option<u64>> = (1..=6).map(|attempts| pause(attempts, None)).collect();
        assert_eq!(pauses, [Some(60), Some(600), Some(3_600), Some(21_600), Some(86_400), None]);
    }

    #[test]
    fn a_provider_that_asks_for_a_longer_pause_gets_it_up_to_a_day() {
        assert_eq!(pause(1, Some(5)), Some(60));
        assert_eq!(pause(1, Some(900)), Some(900));
        assert_eq!(pause(1, Some(9_000_000)), Some(86_400));
    }

    #[test]
    fn facts_are_those_of_the_login_wherever_they_were_kept() {
        let facts = BTreeMap::from([("shop".to_owned(), "acme".to_owned())]);
        assert_eq!(login_facts(r#"{"shop":"acme"}"#), facts);
        let kept = Facts { login: facts.clone(), identity: BTreeMap::from([("shop".to_owned(), "evil".to_owned())]) };
        assert_eq!(login_facts(&kept.to_json()), facts);
        assert_eq!(login_facts(&Facts::default().to_json()), BTreeMap::new());
    }
}
