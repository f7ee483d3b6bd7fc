//! Which way to log in, where the caller did not say and there is only one.

use patchbay_model::{Code, Fault, TenantId, manifest::AuthKind};

use crate::{Api, problem::Problem};

/// The auth method that was named, or the connector's single one of this kind.
pub(crate) async fn chosen(
    api: &Api,
    tenant: &TenantId,
    connector: &str,
    named: Option<String>,
    kind: AuthKind,
) -> Result<String, Problem> {
    if let Some(named) = named {
        return Ok(named);
    }
    let manifest = api.app.catalog_entry(tenant, connector).await?.card.manifest;
    let fits: Vec<&str> = manifest.auths.iter().filter(|auth| auth.kind == kind).map(|auth| auth.id.as_str()).collect();
    match fits.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Problem(Fault::because(
            Code::AuthUnknown,
            match kind {
                AuthKind::Fields => format!("{} logs in at the provider: make a connect session.", manifest.name),
                _ => format!("{} is connected by a form: create the connection.", manifest.name),
            },
        ))),
        several => {
            Err(Problem(Fault::new(Code::AuthUnknown).field("/auth", format!("name one of {}", several.join(", ")))))
        }
    }
}
