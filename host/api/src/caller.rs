//! Who calls: extractors that a handler names to say who may.

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};
use patchbay_app::{BrowserSession, Caller, Peer, SessionKind, Visitor};
use patchbay_model::{Code, Fault, TenantId};

use crate::{
    Api,
    browser::session_of_call,
    cookie,
    problem::{AskedByOperator, Problem},
    until_over::AskedBy,
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

/// As [`Reader`], but no user in the portal.
pub(crate) struct Auditor {
    /// Whose; none for everything.
    pub(crate) tenant: Option<TenantId>,
}

/// The caller may reach this tenant's resources: its backend, one of its users in the portal, or an operator who named
/// it.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) caller: Caller,
}

/// As [`Tenant`], but no user in the portal: what speaks for the tenant as a whole, or leaves the web app with its data
/// and secrets, is its backend's.
pub(crate) struct Backend {
    pub(crate) id: TenantId,
    pub(crate) caller: Caller,
}

/// The caller is a browser that is signed in.
pub(crate) struct SignedIn(pub(crate) BrowserSession);

/// The caller is a page of this host that wants to sign its browser in, as an operator or to the portal.
pub(crate) struct SigningIn<const OPERATOR: bool>(pub(crate) Visitor);

async fn caller(parts: &Parts, api: &Api) -> Result<Caller, Problem> {
    let caller = match session_of_call(&parts.method, &parts.headers, &api.app.public_origin())? {
        Some(kind) => {
            let session = signed_in(parts, api, kind).await?;
            Caller::of_session(&session).ok_or_else(|| Problem::of(Code::SessionOver))?
        }
        None => by_key(parts, api).await?,
    };
    if let (true, Some(asked)) = (caller.is_operator(), parts.extensions.get::<AskedByOperator>()) {
        asked.proved();
    }
    if let Some(asked) = parts.extensions.get::<AskedBy>() {
        asked.is(&caller);
    }
    Ok(caller)
}

/// The session of the browser's cookie of this kind.
async fn signed_in(parts: &Parts, api: &Api, kind: SessionKind) -> Result<BrowserSession, Problem> {
    let over = || Problem::of(Code::SessionOver);
    let cookie = cookie::of(&parts.headers, kind).ok_or_else(over)?;
    api.app.signed_in(kind, &cookie).await?.ok_or_else(over)
}

async fn by_key(parts: &Parts, api: &Api) -> Result<Caller, Problem> {
    let key = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| Problem::of(Code::Unauthenticated))?;
    Ok(api.app.authenticate(key).await?)
}

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = caller(parts, api).await?;
        if caller.is_operator() { Ok(Self(caller)) } else { Err(Problem::of(Code::Forbidden)) }
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
    if named.is_none() && caller.is_operator() {
        return Ok(None);
    }
    Ok(Some(api.app.tenant_for(caller, named).await?))
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

impl FromRequestParts<Api> for Backend {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Tenant { id, caller } = Tenant::from_request_parts(parts, api).await?;
        not_the_portal(&caller)?;
        Ok(Self { id, caller })
    }
}

impl FromRequestParts<Api> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = caller(parts, api).await?;
        not_the_portal(&caller)?;
        Ok(Self { tenant: named_tenant(parts, api, &caller).await? })
    }
}

fn not_the_portal(caller: &Caller) -> Result<(), Problem> {
    if let Caller::Portal { .. } = caller {
        let why = "This is for the application that you came from, and for operators; not for the portal.";
        return Err(Problem(Fault::because(Code::Forbidden, why)));
    }
    Ok(())
}

impl FromRequestParts<Api> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let kind = session_of_call(&parts.method, &parts.headers, &api.app.public_origin())?;
        let kind = kind.ok_or_else(|| Problem::of(Code::Unauthenticated))?;
        Ok(Self(signed_in(parts, api, kind).await?))
    }
}

impl<const OPERATOR: bool> FromRequestParts<Api> for SigningIn<OPERATOR> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let kind = if OPERATOR { SessionKind::Operator } else { SessionKind::Portal };
        if session_of_call(&parts.method, &parts.headers, &api.app.public_origin())? != Some(kind) {
            let why = format!("A browser signs in here, with the header `Patchbay-Session: {}`.", kind.as_str());
            return Err(Problem(Fault::because(Code::Unauthenticated, why)));
        }
        // Without a door, as in some tests, everybody is in one place.
        let peer = parts.extensions.get::<Peer>().copied();
        let peer = peer.unwrap_or_else(|| Peer::at(std::net::Ipv4Addr::UNSPECIFIED.into()));
        Ok(Self(Visitor { cookie: cookie::of(&parts.headers, kind), peer }))
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
