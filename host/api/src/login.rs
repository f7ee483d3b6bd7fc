//! Which way to log in, where the caller did not say and there is only one.

use patchbay_model::{
    Code, Fault, TenantId,
    manifest::{AuthKind, Availability, Manifest},
};

use crate::{Api, problem::Problem};

/// The auth method that was named, or the connector's single one that fits.
pub(crate) async fn chosen(
    api: &Api,
    tenant: &TenantId,
    connector: &str,
    named: Option<String>,
    fits: fn(AuthKind) -> bool,
) -> Result<String, Problem> {
    if let Some(named) = named {
        return Ok(named);
    }
    let manifest = api.app.catalog_entry(tenant, connector).await?.card.manifest;
    Ok(only_one(&manifest, fits)?)
}

/// Whether a login is a form that is sent here, and not a visit to the provider's pages.
pub(crate) fn by_form(kind: AuthKind) -> bool {
    !kind.has_consent()
}

fn only_one(manifest: &Manifest, fits: fn(AuthKind) -> bool) -> Result<String, Fault> {
    let found: Vec<&str> = manifest.auths.iter().filter(|auth| fits(auth.kind)).map(|auth| auth.id.as_str()).collect();
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] if manifest.availability == Availability::ComingSoon => Err(Fault::because(
            Code::ConnectorUnknown,
            format!("{} is announced, and cannot be used yet.", manifest.name),
        )),
        [] => Err(Fault::because(
            Code::AuthUnknown,
            format!("{} logs in at the provider: make a connect session.", manifest.name),
        )),
        several => Err(Fault::new(Code::AuthUnknown).field("/auth", format!("name one of {}", several.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::manifest::Auth;
    use serde_json::json;

    use super::*;

    fn with(kinds: &[(&str, &str)]) -> Manifest {
        let auths = kinds.iter().map(|(id, kind)| json!({ "id": id, "kind": kind, "label": id }));
        let auths: Vec<Auth> = auths.map(|auth| serde_json::from_value(auth).expect("a login")).collect();
        let manifest = json!({
            "id": "a.b", "version": "1.0.0", "contract": "0.1.0", "name": "B", "category": "accounting", "summary": "B",
        });
        Manifest { auths, ..serde_json::from_value(manifest).expect("a manifest") }
    }

    #[test]
    fn the_single_form_is_chosen_whatever_its_kind() {
        for kind in ["fields", "session", "oauth2-client-credentials"] {
            let manifest = with(&[("browser", "oauth2"), ("form", kind)]);
            assert_eq!(only_one(&manifest, by_form).ok().as_deref(), Some("form"), "{kind}");
        }
    }

    #[test]
    fn none_and_several_are_told_apart() {
        let none = only_one(&with(&[("browser", "oauth2")]), by_form).expect_err("no form");
        assert!(none.person.contains("connect session"), "{none:?}");
        let several = only_one(&with(&[("a", "fields"), ("b", "session")]), by_form).expect_err("two forms");
        assert_eq!(several.fields[0].message, "name one of a, b");
    }
}
