//! Who calls: extractors that a handler names to say who may.

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
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

/// The caller is an operator, about the whole deployment or about the tenant that the header names.
pub(crate) struct OperatorFor {
    pub(crate) caller: Caller,
    pub(crate) tenant: Option<TenantId>,
}

/// The caller reads what is about a tenant, or, being an operator who names none, what is about all.
pub(crate) struct Reader {
    /// Whose; none for everything.
    pub(crate) tenant: Option<TenantId>,
}

/// The caller may reach this tenant's resources: its backend, or an operator who named it.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) caller: Caller,
}

async fn caller(parts: &Parts, api: &Api) -> Result<Caller, Problem> {
    let key = parts
        .headers
        .get(AUTHORIZATION)
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

impl FromRequestParts<Api> for OperatorFor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Operator(caller) = Operator::from_request_parts(parts, api).await?;
        let tenant = named_tenant(parts, api, &caller).await?;
        Ok(Self { caller, tenant })
    }
}

impl FromRequestParts<Api> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = caller(parts, api).await?;
        Ok(Self { tenant: named_tenant(parts, api, &caller).await? })
    }
}

/// A tenant's key names its tenant; an operator's may name one.
async fn named_tenant(parts: &Parts, api: &Api, caller: &Caller) -> Result<Option<TenantId>, Problem> {
    let named = header(parts)?;
    match (caller, named) {
        (Caller::Operator { .. }, None) => Ok(None),
        (_, named) => Ok(Some(api.app.tenant_for(caller, named).await?)),
    }
}

/// The tenant that the header names. One that cannot be read is not taken for none: an operator who meant
/// one tenant would change all of them.
fn header(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut values = parts.headers.get_all(TENANT_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Problem::of(Code::NotFound)),
        (Some(_), Some(_)) => Err(Problem::of(Code::NotFound)),
    }
}

impl FromRequestParts<Api> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = caller(parts, api).await?;
        let id = api.app.tenant_for(&caller, header(parts)?).await?;
        Ok(Self { id, caller })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn named(values: &[&[u8]]) -> Result<Option<String>, Code> {
        let request = values.iter().fold(Request::builder(), |request, value| request.header(TENANT_HEADER, *value));
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        header(&parts).map(|named| named.map(str::to_owned)).map_err(|problem| problem.0.code)
    }

    #[test]
    fn a_tenant_that_is_named_twice_or_unreadably_is_not_taken_for_none() {
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&[b"ten_1"]), Ok(Some("ten_1".to_owned())));
        assert_eq!(named(&[b""]), Ok(Some(String::new())));
        assert_eq!(named(&[b"ten_1", b"ten_2"]), Err(Code::NotFound));
        assert_eq!(named(&[b"ten_\xff"]), Err(Code::NotFound));
    }
}
