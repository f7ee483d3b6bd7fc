//! `POST /v1/connect-sessions`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::{Caller, SessionRequest};
use patchbay_model::{Code, ConnectionId, Fault, ReturnId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Language, NewConnectSession, Verification},
};

/// A connect session to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionWanted {
    /// Your own id or name of the user whom you send there. Required, unless verification is off: your backend
    /// names the same when it completes the session.
    #[schema(max_length = 200, example = "user-4711")]
    end_user: Option<String>,
    /// The one connector to connect, `publisher.name`; instead of `connectors`.
    #[schema(example = "acme.books")]
    connector: Option<String>,
    /// The connectors that the user may choose from, at most 100. Left out, and without `connector`: all that can
    /// be connected.
    #[serde(default)]
    #[schema(max_items = 100)]
    connectors: Vec<String>,
    /// Which way to log in, where there is one connector; left out, the user chooses where it has several.
    auth: Option<String>,
    /// The language of the pages; the browser's when left out.
    language: Option<Language>,
    /// Where the browser goes at the end: the id of a registered address, `ret_…`. Required, unless verification is
    /// off.
    #[schema(value_type = Option<String>, example = "ret_068r3m5e4pvk3b8c9d0e1f2g3h")]
    return_to: Option<ReturnId>,
    /// Whether your backend has to complete the session; `required` when left out.
    #[serde(default)]
    verification: Verification,
    /// What to call the connection; the business account's name when left out.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The connection to repair. A login to another business account is then refused.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    reconnect: Option<ConnectionId>,
}

/// Makes a connect session: the right of one end user to make or repair one connection in a browser.
///
/// Open `url` in the user's browser within 30 minutes. The pages let the user choose, show what will be shared,
/// lead through the login and back to `return_to`, with `session` and `code` in its query. Your backend then
/// completes the session with `POST /v1/connect-sessions/{id}/complete`. With verification off, as for links in
/// mails, there is nothing to complete, and the connection is marked as not verified.
///
/// A user in the portal asks without `end_user` and `return_to`: the session is for that user, and is completed by the
/// browser that is signed in.
#[utoipa::path(
    post, path = "/v1/connect-sessions", tag = "connections", operation_id = "createConnectSession",
    request_body = SessionWanted,
    responses((status = 201, description = "The session, with its address", body = NewConnectSession), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(wanted): Body<SessionWanted>,
) -> Result<(StatusCode, Json<NewConnectSession>), Problem> {
    let started = api.app.start_session(&tenant.id, request(wanted, &tenant.caller)?, &tenant.caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(NewConnectSession::of(started))))
}

fn request(wanted: SessionWanted, caller: &Caller) -> Result<SessionRequest, Fault> {
    let (wanted, portal) = match caller {
        Caller::Portal { session, user, .. } => (of_portal(wanted, user)?, Some(session.clone())),
        Caller::Operator { .. } | Caller::OperatorSession { .. } | Caller::Tenant { .. } => (wanted, None),
    };
    let required = wanted.verification == Verification::Required;
    let connectors = match wanted.connector {
        Some(_) if !wanted.connectors.is_empty() => {
            let message = "may not be given together with `connector`";
            return Err(Fault::new(Code::BodyInvalid).field("/connectors", message));
        }
        Some(one) => vec![one],
        None => wanted.connectors,
    };
    if required && wanted.end_user.is_none() {
        return Err(Fault::new(Code::BodyInvalid)
            .field("/end_user", "is missing; it may be left out only with verification off"));
    }
    Ok(SessionRequest {
        connectors,
        auth: wanted.auth,
        end_user: wanted.end_user.unwrap_or_default(),
        name: wanted.name,
        reconnect: wanted.reconnect,
        return_to: wanted.return_to,
        language: wanted.language.map(Into::into),
        verification: required,
        portal,
    })
}

/// What a user in the portal asks for. Who that is, and where the browser stays, is known and not a matter of choice;
/// and the portal's cookie proves at the end who connected, so there is nothing to switch off.
fn of_portal(wanted: SessionWanted, user: &str) -> Result<SessionWanted, Fault> {
    let given = [
        ("/end_user", wanted.end_user.is_some()),
        ("/return_to", wanted.return_to.is_some()),
        ("/verification", wanted.verification == Verification::Off),
    ];
    let given = given.into_iter().filter(|(_, given)| *given);
    let mut fault = Fault::new(Code::BodyInvalid);
    for (field, _) in given {
        fault = fault.field(field, "is known of the portal's session; leave it out");
    }
    if fault.fields.is_empty() { Ok(SessionWanted { end_user: Some(user.to_owned()), ..wanted }) } else { Err(fault) }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{BrowserSessionId, KeyId, SystemClock, SystemRandom, TenantId};
    use serde_json::{Value, json};

    use super::*;

    /// Ways to smuggle an address in where an id of a registered one belongs.
    const OPEN_REDIRECTS: [&str; 50] = [
        "https://evil.example",
        "http://evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/\\/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https:\\\\evil.example",
        "HtTpS://evil.example",
        " https://evil.example",
        "\thttps://evil.example",
        "https://evil.example\r\nSet-Cookie: a=b",
        "https://app.example.com@evil.example",
        "https://app.example.com:x@evil.example",
        "https://app.example.com\\@evil.example",
        "https://app.example.com%40evil.example",
        "https://app.example.com.evil.example",
        "https://evil.example#app.example.com",
        "https://evil.example?app.example.com",
        "https://evil.example/app.example.com",
        "https://evil%E3%80%82example",
        "https://evil\u{3002}example",
        "https://xn--evl-8ka.example",
        "https://[::ffff:7f00:1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "javascript://app.example.com/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://app.example.com/x",
        "view-source:https://app.example.com",
        "ftp://evil.example",
        "mailto:a@evil.example",
        "intent://evil.example#Intent;end",
        "/",
        "/done",
        "../done",
        "?next=//evil.example",
        "ret_//evil.example",
        "ret_068r3m5e4pvk3b8c9d0e1f2g3h/../evil",
        "ret_068r3m5e4pvk3b8c9d0e1f2g3h@evil.example",
    ];

    fn wanted(body: Value) -> Result<SessionRequest, String> {
        let wanted: SessionWanted = serde_json::from_value(body).map_err(|error| error.to_string())?;
        request(wanted, &backend()).map_err(|fault| format!("{fault:?}"))
    }

    fn backend() -> Caller {
        let tenant = TenantId::fresh(&SystemClock, &SystemRandom);
        Caller::Tenant { key: KeyId::fresh(&SystemClock, &SystemRandom), tenant }
    }

    #[test]
    fn a_user_in_the_portal_connects_as_that_user_and_names_no_other() {
        let session = BrowserSessionId::fresh(&SystemClock, &SystemRandom);
        let tenant = TenantId::fresh(&SystemClock, &SystemRandom);
        let portal = Caller::Portal { session: session.clone(), tenant, user: "ann".to_owned() };
        let asked = |body: Value| request(serde_json::from_value(body).expect("a wish"), &portal);
        let own = asked(json!({ "connector": "a.b" })).map_err(|fault| fault.fields).expect("a request");
        assert_eq!((own.end_user.as_str(), own.portal, own.verification), ("ann", Some(session), true));
        for (field, value) in [
            ("end_user", "ann"),
            ("end_user", "bob"),
            ("return_to", "ret_068r3m5e4pvk3b8c9d0e1f2g3h"),
            ("verification", "off"),
        ] {
            let refused = asked(json!({ (field): value })).map(|_| ()).expect_err(field);
            assert_eq!(refused.fields[0].pointer, format!("/{field}"));
        }
    }

    #[test]
    fn no_address_is_taken_as_a_return_of_the_browser() {
        for trick in OPEN_REDIRECTS {
            for name in ["return_to", "return_url", "redirect_uri", "next", "url"] {
                let body = json!({ "end_user": "u", (name): trick });
                assert!(wanted(body).is_err(), "{name}: {trick}");
            }
        }
        let registered = wanted(json!({ "end_user": "u", "return_to": "ret_068r3m5e4pvk3b8c9d0e1f2g3h" }));
        assert!(registered.is_ok_and(|request| request.return_to.is_some()));
    }

    #[test]
    fn a_session_names_its_end_user_unless_verification_is_off() {
        assert!(wanted(json!({})).is_err_and(|why| why.contains("/end_user")));
        assert!(wanted(json!({ "verification": "off" })).is_ok_and(|request| !request.verification));
        assert!(wanted(json!({ "end_user": "u" })).is_ok_and(|request| request.verification));
        assert!(wanted(json!({ "end_user": "u", "verification": "none" })).is_err());
    }

    #[test]
    fn one_connector_or_several_but_not_both() {
        let of = |body: Value| wanted(body).map(|request| request.connectors);
        assert_eq!(of(json!({ "end_user": "u", "connector": "a.b" })), Ok(vec!["a.b".to_owned()]));
        assert_eq!(of(json!({ "end_user": "u" })), Ok(Vec::new()));
        assert!(of(json!({ "end_user": "u", "connector": "a.b", "connectors": ["a.c"] })).is_err());
        assert!(of(json!({ "end_user": "u", "connectors": ["a.c"], "language": "de" })).is_err());
    }
}
