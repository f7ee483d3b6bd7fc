//! Who calls: extractors that a handler names to say who may.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use patchbay_app::Caller;
use patchbay_model::{Code, TenantId};

use crate::{
    Api,
    problem::{AskedByOperator, Problem},
};

/// Header by which an operator names the tenant that a call is about.
pub(crate) const TENANT_HEADER: &str = "patchbay-tenant";

/// The caller is an operator.
pub(crate) struct Operator(pub(crate) Caller);

/// The caller may reach this tenant's resources: its backend, or an operator who named it.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) caller: Caller,
}

async fn caller(parts: &Parts, api: &Api) -> Result<Caller, Problem> {
    let key = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| Problem::of(Code::Unauthenticated))?;
    let caller = api.app.authenticate(key).await?;
    if let (Caller::Operator { .. }, Some(asked)) = (&caller, parts.extensions.get::<AskedByOperator>()) {
        asked.proved();
    }
    Ok(caller)
}

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match caller(parts, api).await? {
            caller @ Caller::Operator { .. } => Ok(Self(caller)),
            Caller::Tenant { .. } => Err(Problem::of(Code::Forbidden)),
        }
    }
}

impl FromRequestParts<Api> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = caller(parts, api).await?;
        let named = parts.headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok());
        let id = api.app.tenant_for(&caller, named).await?;
        Ok(Self { id, caller })
    }
}
