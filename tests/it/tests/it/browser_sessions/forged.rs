//! Calls that another site makes in the name of whoever is signed in here.

use super::*;

/// Who forges, the headers that it sends, and the status and code that it is answered.
type Forgery = (&'static str, Vec<(&'static str, String)>, (u16, &'static str));

/// Calls with which another site changes nothing.
fn forgeries(base: &str) -> Vec<Forgery> {
    let said = |origin: &str| vec![("origin", origin.to_owned())];
    let foreign = (403, "PB5019");
    let other_port = base.rsplit_once(':').map_or_else(String::new, |(host, _)| format!("{host}:1"));
    vec![
        ("a form, which cannot send the header", vec![(SESSION, NONE.to_owned())], (401, "PB5003")),
        (
            "a form of another site",
            vec![(SESSION, NONE.to_owned()), ("origin", "https://evil.example".to_owned())],
            (401, "PB5003"),
        ),
        ("a script of another site", said("https://evil.example"), foreign),
        ("a sandboxed frame", said("null"), foreign),
        ("something that does not say where it comes from", said(""), foreign),
        ("another port of this host", said(&other_port), foreign),
        ("a site whose name begins like ours", said(&format!("{base}.evil.example")), foreign),
        ("our origin with a path", said(&format!("{base}/")), foreign),
        ("a browser that says so itself", vec![("sec-fetch-site", "cross-site".to_owned())], foreign),
        ("a sister site", vec![("sec-fetch-site", "same-site".to_owned())], foreign),
        ("a header of no kind", vec![(SESSION, "tenant".to_owned())], (401, "PB5003")),
        ("a key beside the cookie", vec![("authorization", "Bearer pbt_x".to_owned())], (401, "PB5003")),
    ]
}

#[test]
fn a_page_of_another_site_changes_nothing_and_reads_nothing() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let (operator, portal) = (Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?);
    let body = json!({ "name": "Intruder" }).to_string().into_bytes();
    for (what, said, expected) in forgeries(&rig.host.base()) {
        let forged = |tab: &Tab| said.iter().fold(tab.clone(), |tab, (name, value)| tab.saying(name, value));
        let kinds = [Some("application/json"), Some("text/plain"), Some("application/x-www-form-urlencoded"), None];
        for kind in kinds {
            let body = if kind.is_some() { body.clone() } else { Vec::new() };
            let answer = forged(&operator).send("POST", "/v1/tenants", kind, body)?;
            assert_eq!(told(&answer), expected, "{what}, {kind:?}: {}", answer.text());
        }
        for (method, path) in [("DELETE", "/v1/session"), ("DELETE", "/v1/sessions"), ("PATCH", "/v1/connections/x")] {
            let answer = forged(&portal).send(method, path, None, Vec::new())?;
            assert_eq!(told(&answer), expected, "{what}: {method} {path}: {}", answer.text());
        }
        // Reading is refused as well, unless the browser says nothing about it.
        if what != "something that does not say where it comes from" {
            let answer = forged(&portal).get("/v1/connections")?;
            assert_eq!(told(&answer), expected, "{what}: {}", answer.text());
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{what}");
        }
    }
    // And nobody is asked for consent to such a call.
    let preflight = portal
        .saying("origin", "https://evil.example")
        .saying(SESSION, NONE)
        .saying("access-control-request-method", "POST")
        .saying("access-control-request-headers", SESSION)
        .send("OPTIONS", "/v1/connections", None, Vec::new())?;
    assert!(!preflight.headers.keys().any(|name| name.starts_with("access-control-")), "{preflight:?}");

    assert_eq!(items(&rig.operator, "/v1/tenants")?.len(), 1, "no intruder");
    operator.get("/v1/session")?.expect(200)?;
    portal.get("/v1/session")?.expect(200)?;
    Ok(())
}

#[test]
fn a_cookie_counts_for_its_own_kind_only() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let (operator, portal) = (Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?);
    // The header of the other kind, with the cookie under its own name and under the other's.
    for (tab, other) in [(&operator, "portal"), (&portal, "operator")] {
        assert_eq!(told(&tab.saying(SESSION, other).get("/v1/session")?), (401, "PB5018"));
        assert_eq!(told(&Tab { kind: other, ..tab.clone() }.get("/v1/session")?), (401, "PB5018"));
    }
    // As a key, they are nothing.
    for tab in [&operator, &portal] {
        let answer = rig.stranger().with_key(&tab.cookie).get("/v1/connections")?;
        assert_eq!(told(&answer), (401, "PB5003"));
    }
    Ok(())
}

#[test]
fn another_site_can_sign_nobody_in() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    for (kind, path) in [("portal", "/v1/portal-sessions/enter"), ("operator", "/v1/operator-sessions")] {
        let made = match kind {
            "portal" => tenant.api.post("/v1/portal-sessions", &json!({ "user": "mallory" }))?,
            _ => rig.operator.post("/v1/operator-sessions/invite", &json!({}))?,
        };
        let token = token(&made.expect(201)?.text_at("/url")?)?;
        let victim = Tab::fresh(&rig, kind);
        for (what, said, _) in forgeries(&rig.host.base()) {
            let forged = said.iter().fold(victim.clone(), |tab, (name, value)| tab.saying(name, value));
            let answer = forged.post(path, &json!({ "token": token }))?;
            assert!([401, 403].contains(&answer.status), "{what}: {}", answer.text());
            assert!(!answer.headers.contains_key("set-cookie"), "{what}");
        }
        // The address was not spent by that.
        victim.clone().sign_in(&token)?.expect(200)?;
    }
    Ok(())
}
