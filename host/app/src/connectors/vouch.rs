//! Who stands for a component: the publisher whose key signed it.
//!
//! The questions are asked in this order, and each has its own refusal: is there a signature, can it be read, is it of
//! these bytes, did its key make it, and is that key the publisher's? The last one nobody can answer but the operator.
//! A first key is trusted by an explicit word only (`patchbay publishers trust`, or its fingerprint at the install). A
//! *further* key of a publisher that is known is a power that the release asks for: it waits, and approving it trusts the
//! key. A revoked key signs nothing that is taken into use from then on.
//!
//! Once a publisher signs, nothing of it comes unsigned, whatever the configuration says: leaving the signature out would
//! else be the way around all of the above.

use patchbay_model::{
    Code, Fault, ReleaseState, Unsigned,
    package::{
        Inspected,
        signature::{self, Document, PublicKey, SignatureError, Signed},
    },
    policy,
};
use patchbay_store::{PublisherKey, Release as ReleaseRow, StoreError};

use super::{Approval, Offer, Source};
use crate::App;

/// What the signature of a component says.
pub(super) struct Vouched {
    /// The fingerprint of the key that signed it; none for an unsigned one.
    pub(super) key: Option<String>,
    /// What it asks of the trust in its publisher, in plain words: a key that is not known yet.
    pub(super) publisher_growth: Vec<String>,
}

impl App {
    /// Who stands for a component that was offered; `known` is the release of these bytes, where there is one.
    pub(super) async fn vouch(
        &self,
        inspected: &Inspected,
        offer: &Offer,
        approval: &Approval,
        known: Option<&ReleaseRow>,
    ) -> Result<Vouched, Fault> {
        let manifest = &inspected.manifest;
        let key = match &offer.signature {
            None => None,
            Some(document) => Some(verified(document, inspected).map_err(refusal)?),
        };
        let publisher = signature::publisher(&manifest.id);
        let keys = self.store.publisher_keys(Some(publisher)).await?;
        // What was taken before changes nothing when it comes again; how it stands is judged anew when it is approved.
        // But whoever is first with a signature must not keep the publisher's own from being read.
        if let Some(known) = known.filter(|known| is_settled(known))
            && !signs_better(known, key.as_ref(), &keys, approval)
        {
            let publisher_growth = self.publisher_growth(known).await?;
            return Ok(Vouched { key: known.signed_by.clone(), publisher_growth });
        }
        self.check_not_older(&manifest.id, &manifest.version).await?;
        let Some(key) = key else {
            let local = matches!(offer.source, Source::Upload | Source::Folder { .. });
            self.check_unsigned(publisher, &keys, local)?;
            return Ok(Vouched { key: None, publisher_growth: Vec::new() });
        };
        let publisher_growth = self.trusted(publisher, &keys, &key, approval).await?;
        Ok(Vouched { key: Some(key.fingerprint()), publisher_growth })
    }

    /// What a key that signed something soundly asks of the operator; nothing where it is trusted.
    async fn trusted(
        &self,
        publisher: &str,
        keys: &[PublisherKey],
        key: &PublicKey,
        approval: &Approval,
    ) -> Result<Vec<String>, Fault> {
        let fingerprint = key.fingerprint();
        if let Some(named) = approval.trust_key.as_ref().filter(|named| **named != fingerprint) {
            let text = format!("The file is signed with the key {fingerprint}, and you named {}.", shown(named));
            return Err(Fault::because(Code::KeyNotExpected, text));
        }
        let there = keys.iter().find(|known| known.fingerprint == fingerprint);
        if there.is_some_and(PublisherKey::is_trusted) {
            return Ok(Vec::new());
        }
        if there.is_some_and(|known| known.revoked_at.is_some()) {
            return Err(revoked(publisher, &fingerprint));
        }
        if approval.trust_key.is_some() {
            let text = key.to_string();
            let trusted = self.store.trust_publisher_key(publisher, &fingerprint, &text, false, &approval.actor);
            trusted.await.map_err(|error| meanwhile(error, publisher, &fingerprint))?;
            return Ok(Vec::new());
        }
        if keys.iter().any(PublisherKey::is_trusted) {
            self.store.see_publisher_key(publisher, &fingerprint, &key.to_string()).await?;
            return Ok(vec![another(publisher, &fingerprint)]);
        }
        let text = format!(
            "It is signed with the key {fingerprint}, and no key of the publisher {publisher} is trusted here. If that is \
             the publisher's, trust it and install again: patchbay publishers trust {publisher} {key}\n\
             or install with --trust-key {fingerprint}"
        );
        Err(Fault::because(Code::PublisherUnknown, text))
    }

    fn check_unsigned(&self, publisher: &str, keys: &[PublisherKey], local: bool) -> Result<(), Fault> {
        // Revoking the last key does not make a publisher one that never signed.
        if keys.iter().any(|key| key.trusted_at.is_some()) {
            let text = format!(
                "Connectors of {publisher} are signed here, and this file is not: patchbay sign FILE --key KEYFILE"
            );
            return Err(Fault::because(Code::SignatureLost, text));
        }
        match (self.settings.connectors.unsigned, local) {
            (Unsigned::All, _) | (Unsigned::Local, true) => Ok(()),
            (Unsigned::Local, false) => {
                let text = "It is not signed, and what comes out of a registry has to be \
                            (`connectors.unsigned = \"local\"` takes unsigned files from operators and the folder only).";
                Err(Fault::because(Code::SignatureMissing, text))
            }
            (Unsigned::Refuse, _) => {
                let text = "It is not signed, and this host takes signed connectors only. `patchbay sign FILE --key KEY` signs your \
                            own; `connectors.unsigned = \"local\"` takes them as they are.";
                Err(Fault::because(Code::SignatureMissing, text))
            }
        }
    }

    /// Refuses a version that is older than one that was in use.
    async fn check_not_older(&self, connector: &str, version: &str) -> Result<(), Fault> {
        let releases = self.store.releases(Some(connector)).await?;
        let used = releases.iter().filter(|row| row.activated_at.is_some()).map(|row| row.version.as_str());
        match policy::newest(used).filter(|newest| policy::is_lower(version, newest)) {
            None => Ok(()),
            Some(newest) => Err(older(connector, version, newest)),
        }
    }

    /// What a release that is kept asks of the trust in its publisher, in plain words.
    pub(super) async fn publisher_growth(&self, row: &ReleaseRow) -> Result<Vec<String>, Fault> {
        Ok(match self.key_of(row).await? {
            Some(key) if !key.is_trusted() && key.revoked_at.is_none() => {
                vec![another(&key.publisher, &key.fingerprint)]
            }
            _ => Vec::new(),
        })
    }

    /// The key that signed a release, as it stands today; none for an unsigned one.
    pub(super) async fn key_of(&self, row: &ReleaseRow) -> Result<Option<PublisherKey>, Fault> {
        let Some(fingerprint) = &row.signed_by else { return Ok(None) };
        let keys = self.store.publisher_keys(Some(signature::publisher(&row.connector))).await?;
        Ok(keys.into_iter().find(|key| key.fingerprint == *fingerprint))
    }

    /// Says once more whether a release may be taken into use, when somebody approves it: the world has gone on since it
    /// came. What was active before is its own proof; what was only tried is not. Approving one whose key was only seen trusts the key.
    pub(super) async fn vouch_again(&self, row: &ReleaseRow, actor: &str) -> Result<(), Fault> {
        if row.activated_at.is_some() {
            return Ok(());
        }
        self.check_not_older(&row.connector, &row.version).await?;
        let publisher = signature::publisher(&row.connector);
        match self.key_of(row).await? {
            None => {
                let keys = self.store.publisher_keys(Some(publisher)).await?;
                self.check_unsigned(publisher, &keys, matches!(row.source.as_str(), "upload" | "folder"))
            }
            Some(key) if key.is_trusted() => Ok(()),
            Some(key) if key.revoked_at.is_some() => Err(revoked(publisher, &key.fingerprint)),
            Some(key) => {
                let trusted =
                    self.store.trust_publisher_key(publisher, &key.fingerprint, &key.public_key, false, actor);
                trusted.await.map_err(|error| meanwhile(error, publisher, &key.fingerprint)).map(drop)
            }
        }
    }
}

/// Whether a release stays as it is when its bytes come again: it was used, or waits for somebody.
fn is_settled(known: &ReleaseRow) -> bool {
    match known.state {
        ReleaseState::Active | ReleaseState::Retained | ReleaseState::Quarantined => true,
        ReleaseState::Ready => known.reason.is_some(),
        ReleaseState::Dropped => known.activated_at.is_some(),
        ReleaseState::Fetched
        | ReleaseState::Verified
        | ReleaseState::Compiled
        | ReleaseState::Probed
        | ReleaseState::Refused => false,
    }
}

/// Whether a release that waits and never was used now comes with the signature of a trusted key, and had none of one.
fn signs_better(known: &ReleaseRow, key: Option<&PublicKey>, keys: &[PublisherKey], approval: &Approval) -> bool {
    let Some(fingerprint) = key.map(PublicKey::fingerprint) else { return false };
    let trusts = |named: &str| keys.iter().any(|key| key.fingerprint == named && key.is_trusted());
    known.state == ReleaseState::Ready
        && known.activated_at.is_none()
        && !known.signed_by.as_deref().is_some_and(trusts)
        && (trusts(&fingerprint) || approval.trust_key.as_ref() == Some(&fingerprint))
}

/// The key, once it is proved that it signed what was offered.
fn verified(document: &[u8], inspected: &Inspected) -> Result<PublicKey, SignatureError> {
    let manifest = &inspected.manifest;
    let signed = Signed { connector: &manifest.id, version: &manifest.version, sha256: &inspected.digest };
    Document::read(document)?.verify(signed)
}

fn refusal(error: SignatureError) -> Fault {
    let code = match error {
        SignatureError::TooLong(_)
        | SignatureError::Unreadable(_)
        | SignatureError::Format(_)
        | SignatureError::Key(_)
        | SignatureError::Shape => Code::SignatureUnreadable,
        SignatureError::Other { .. } => Code::SignatureOfAnother,
        SignatureError::Wrong(_) => Code::SignatureWrong,
    };
    Fault::because(code, format!("{error}."))
}

fn another(publisher: &str, fingerprint: &str) -> String {
    format!("is signed with another key of {publisher}, which is not trusted here: {fingerprint}")
}

fn revoked(publisher: &str, fingerprint: &str) -> Fault {
    let text = format!("It is signed with the key {fingerprint} of {publisher}, which was revoked here.");
    Fault::because(Code::KeyRevoked, text)
}

fn older(connector: &str, version: &str, newest: &str) -> Fault {
    let text = format!(
        "{connector} {version} is older than {newest}, which was in use here. To go back to a version that was in use, \
         roll back: patchbay connectors rollback {connector}"
    );
    Fault::because(Code::VersionLower, text)
}

/// Somebody was faster: only a revocation can be.
fn meanwhile(error: StoreError, publisher: &str, fingerprint: &str) -> Fault {
    match error {
        StoreError::Conflict(_) => revoked(publisher, fingerprint),
        other => other.into(),
    }
}

/// What somebody wrote, in a message.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(100).collect::<String>())
}
