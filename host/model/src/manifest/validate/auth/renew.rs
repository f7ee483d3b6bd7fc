//! How long tokens live, and when they are renewed.

use super::address;
use crate::manifest::{
    Auth, AuthKind, Renewal,
    problem::{Findings, Path},
};

/// A token that lives shorter is renewed all the time.
const SHORTEST_LIFE: u32 = 60;
/// Ten years.
const LONGEST_LIFE: u32 = 10 * 366 * 86_400;
/// Days of a year.
const YEAR: u32 = 366;
/// A month.
const LONGEST_GRACE: u32 = 31 * 86_400;

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    if let Some(issuer) = &auth.issuer
        && !address::url(issuer, &address::Fillers::default()).is_ok_and(|filled| filled.names.is_empty())
    {
        findings.add(
            path.key("issuer"),
            format!("{issuer:?} is not an issuer"),
            "write the https address that the provider sends as iss",
        );
    }
    let by_access_token = auth.renewal(true) == Renewal::AccessToken;
    if auth.rotation && by_access_token {
        findings.add(
            path.key("rotation"),
            "it renews with the access token, so there is no refresh token that could rotate",
            "leave rotation out",
        );
    }
    if auth.grace_seconds > 0 && !auth.rotation {
        findings.add(
            path.key("grace-seconds"),
            "it means nothing without rotation",
            "write rotation = true, or leave it out",
        );
    }
    if auth.grace_seconds > LONGEST_GRACE {
        let remedy = format!("write at most {LONGEST_GRACE}");
        findings.add(path.key("grace-seconds"), "no provider accepts an old token that long", remedy);
    }
    if let Some(days) = auth.idle_days
        && !(1..=10 * YEAR).contains(&days)
    {
        findings.add(path.key("idle-days"), format!("{days} days cannot be meant"), "write a number from 1 to 3660");
    }
    life(auth, path, findings);
}

fn life(auth: &Auth, path: &Path, findings: &mut Findings) {
    if let Some(seconds) = auth.life_seconds
        && !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&seconds)
    {
        let remedy = format!("write seconds, from {SHORTEST_LIFE} to {LONGEST_LIFE}, or leave it out");
        findings.add(path.key("life-seconds"), format!("no token lives {seconds} seconds"), remedy);
    }
    let Some(days) = auth.renew_days_ahead.filter(|_| auth.kind != AuthKind::Fields) else { return };
    if !(1..=YEAR).contains(&days) {
        findings.add(
            path.key("renew-days-ahead"),
            format!("{days} days cannot be meant"),
            "write a number from 1 to 366; 15 minutes ahead when left out",
        );
    } else if auth.life_seconds.is_some_and(|life| days.saturating_mul(86_400) >= life) {
        findings.add(
            path.key("renew-days-ahead"),
            "a token would have to be renewed before it is there",
            "write fewer days than life-seconds make, e.g. half of them",
        );
    }
}
