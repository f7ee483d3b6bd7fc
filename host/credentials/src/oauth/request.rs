//! A request of a login, exactly as the manifest wants it.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Method, Request, header};
use patchbay_model::manifest::{ClientAuth, ExchangePlace, TokenRequest};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{
    body::{self, Param},
    fill,
    grant::{Ask, Grant, Identity},
    quote::Masks,
    signed,
};

/// Values of the host that may stand in an address, after its host.
const IN_ADDRESS: [&str; 3] = ["client_id", "access_token", "refresh_token"];

/// Builds the request, and adds to `masks` what must not be seen of it. The parameters stand in the order
/// of the standard, then the manifest's by name; a manifest's parameter takes the place of a standard one
/// of the same name.
///
/// # Errors
/// For the operator: what of manifest or client does not fit.
pub(super) fn build(
    ask: &Ask<'_>,
    wanted: &TokenRequest,
    grant: &Grant<'_>,
    masks: &mut Masks,
) -> Result<Request<Vec<u8>>, String> {
    let identity = ask.identity()?;
    conceal(ask, grant, identity, masks);
    let values = ask.auth.placeholders(ask.facts);
    let mut own = own_values(ask, wanted, grant, identity);
    let signatures = signed::signatures(ask, identity, &own);
    for (name, signature) in &signatures {
        masks.add(signature);
        own.push((name.as_str(), signature.as_str()));
    }

    let mut params = ask.standard(grant, identity)?;
    if let Some(identity) = identity {
        if wanted.client_auth != ClientAuth::Basic {
            params.push(("client_id".to_owned(), Zeroizing::new(identity.id.to_owned())));
        }
        if let (ClientAuth::Body, Some(secret)) = (wanted.client_auth, identity.secret) {
            params.push(("client_secret".to_owned(), Zeroizing::new(secret.expose().to_owned())));
        }
    }
    for (name, template) in &wanted.params {
        // In JSON, `/code` is another way to write `code`.
        let plain = match (wanted.place, body::way(name).as_slice()) {
            (ExchangePlace::Json, [one]) if !one.starts_with('/') => one.clone(),
            _ => name.clone(),
        };
        if grant.reserves(&plain) {
            return Err(format!("the manifest sets `{name}`, which only the host sets"));
        }
        let value = fill::parameter(template, &own, &values).map_err(|why| format!("parameter `{name}`: {why}"))?;
        params.retain(|(known, _)| *known != plain);
        params.push((plain, value));
    }

    let in_address: Vec<_> = own.into_iter().filter(|(name, _)| IN_ADDRESS.contains(name)).collect();
    let url = fill::address(ask.auth, &wanted.url, &values, &in_address)?;
    let mut request = request(&wanted.method, wanted.place, url, &params)?;
    if wanted.client_auth == ClientAuth::Basic {
        let missing = "the manifest wants client-auth `basic`, and the client has no secret";
        let identity = identity.ok_or(missing)?;
        let value = basic(identity.id, identity.secret.ok_or(missing)?.expose());
        masks.add(&value);
        let mut value = HeaderValue::try_from(format!("Basic {}", *value)).map_err(|_| "unreadable client id")?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

/// What placeholders name besides facts; the host's own names first.
fn own_values<'a>(
    ask: &Ask<'a>,
    wanted: &TokenRequest,
    grant: &Grant<'a>,
    identity: Option<Identity<'a>>,
) -> Vec<(&'a str, &'a str)> {
    let mut own = Vec::new();
    if let Some(identity) = identity {
        own.push(("client_id", identity.id));
        own.extend(identity.redirect_uri.map(|redirect_uri| ("redirect_uri", redirect_uri)));
        let secret = identity.secret.filter(|_| wanted.client_auth != ClientAuth::None);
        own.extend(secret.map(|secret| ("client_secret", secret.expose())));
    }
    if let Grant::Code { code, .. } = grant {
        own.push(("code", code.expose()));
    }
    own.extend(ask.held.iter().map(|(name, secret)| (name.as_str(), secret.expose())));
    own
}

fn conceal(ask: &Ask<'_>, grant: &Grant<'_>, identity: Option<Identity<'_>>, masks: &mut Masks) {
    let of_client =
        ask.client.into_iter().flat_map(|client| client.secret.iter().chain(client.region_secrets.values()));
    let entered = identity.and_then(|identity| identity.secret);
    of_client.chain(entered).chain(ask.held.values()).for_each(|secret| masks.add_secret(secret));
    if let Grant::Code { code, verifier } = grant {
        masks.add_secret(code);
        verifier.iter().for_each(|verifier| masks.add_secret(verifier));
    }
}

fn request(
    method: &str,
    place: ExchangePlace,
    mut url: url::Url,
    params: &[Param],
) -> Result<Request<Vec<u8>>, String> {
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => return Err("its method is none of GET, POST, PUT and DELETE".to_owned()),
    };
    // A GET has no body.
    let place = if method == Method::GET { ExchangePlace::Query } else { place };
    let (kind, body) = match place {
        ExchangePlace::Form => (Some("application/x-www-form-urlencoded"), body::form(params)),
        ExchangePlace::Json => (Some("application/json"), body::json(params)?),
        ExchangePlace::Query => {
            if !params.is_empty() {
                url.query_pairs_mut().extend_pairs(params.iter().map(|(name, value)| (name, value.as_str())));
            }
            (None, Vec::new())
        }
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    // Some providers answer in a form without it.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(kind) = kind {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    *request.uri_mut() = url.as_str().parse().map_err(|_| "the address is too long or unreadable")?;
    Ok(request)
}

/// RFC 6749, section 2.3.1: both halves are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = Zeroizing::new(format!("{}:{}", encode(id), *Zeroizing::new(encode(secret))));
    Zeroizing::new(STANDARD.encode(joined.as_bytes()))
}

#[cfg(test)]
mod tests;
