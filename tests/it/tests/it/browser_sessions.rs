//! S17, and what goes with it: **a browser acts for a person only while that person is signed in with it, and only for
//! pages of this host.** Fixation, forged calls, cookies of others, sign-out, expiry, guessing, one-time addresses.

mod forged;
mod guessed;
mod one_time;
mod over;
mod streams;

use patchbay_it::{Database, NONE, Rig, RigSetup, SESSION, Tab, items, token};
use patchbay_test_support::{Answer, Result, Trouble, canary};
use serde_json::{Value, json};

/// Status and code of an answer.
fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["code"].as_str().unwrap_or_default())
}

/// The addresses that the host has printed on its console.
fn printed(rig: &Rig) -> Result<Vec<String>> {
    let log = std::fs::read_to_string(rig.host.log_path())?;
    Ok(log.lines().filter_map(|line| line.strip_prefix("sign in as operator: ")).map(str::to_owned).collect())
}

/// What the audit log says was done, newest first: what, by whom, and more.
fn audit(rig: &Rig) -> Result<Vec<(String, String, Value)>> {
    let lines = rig.operator.get("/v1/audit?limit=200")?.expect(200)?.array_at("/items")?;
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    Ok(lines.iter().map(|line| (text(line, "action"), text(line, "actor"), line["detail"].clone())).collect())
}

#[test]
fn an_operator_who_is_signed_in_may_what_an_operators_key_may() -> Result<()> {
    let rig = Rig::start()?;
    let mut tab = Tab::fresh(&rig, "operator");
    let signed_in = tab.sign_in(&rig.host.operator_key()?)?.expect(200)?;
    let cookie = &signed_in.headers["set-cookie"];
    for part in ["__Host-patchbay-operator=", "; Path=/;", "Max-Age=43200", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    assert!(!signed_in.text().contains(&tab.cookie), "the cookie is for no script");
    let told_of = tab.get("/v1/session")?.expect(200)?;
    assert_eq!(
        (&told_of.json["kind"], &told_of.json["tenant"], &told_of.json["user"]),
        (&json!("operator"), &Value::Null, &Value::Null)
    );
    assert_eq!(told_of.json, signed_in.json);

    let tenant = tab.post("/v1/tenants", &json!({ "name": "A" }))?.expect(201)?.text_at("/id")?;
    tab.get("/v1/connections")?.expect(422)?;
    let about = tab.saying("patchbay-tenant", &tenant);
    about.get("/v1/connections")?.expect(200)?;
    about.get("/v1/webhooks")?.expect(200)?;
    let session = audit(&rig)?.into_iter().find(|(action, ..)| action == "tenant.created").expect("a line").1;
    assert!(session.starts_with("operator session bse_"), "{session}");
    Ok(())
}

#[test]
fn a_user_in_the_portal_works_with_the_tenants_connections_and_is_not_its_backend() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let (tenant, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let body = json!({ "user": "user-4711", "name": "Ann de Vries", "language": "nl" });
    let sent = tenant.api.post("/v1/portal-sessions", &body)?.expect(201)?;
    let address = sent.text_at("/url")?;
    assert!(address.starts_with(&format!("{}/app/enter#pbe_", rig.host.base())), "{address}");
    let mut tab = Tab::fresh(&rig, "portal");
    let entered = tab.sign_in(&token(&address)?)?.expect(200)?;
    let cookie = &entered.headers["set-cookie"];
    for part in ["__Host-patchbay-portal=", "; Path=/;", "Max-Age=28800", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let shown = tab.get("/v1/session")?.expect(200)?.json;
    let about = (&shown["kind"], &shown["tenant"]["id"], &shown["tenant"]["name"], &shown["user"]);
    assert_eq!(about, (&json!("portal"), &json!(tenant.id), &json!("A"), &json!("user-4711")));
    assert_eq!((&shown["name"], &shown["language"]), (&json!("Ann de Vries"), &json!("nl")));

    let fields = json!({ "token": "0123456789", "choice": "page:1" });
    let body = json!({ "connector": "patchbay.guests", "fields": fields });
    let connection = tab.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
    let made = audit(&rig)?.into_iter().find(|(action, ..)| action == "connection.created").expect("a line").1;
    assert!(made.starts_with("portal user-4711 bse_"), "{made}");

    // Another tenant's header, another tenant's connection, another tenant's portal.
    assert_eq!(told(&tab.saying("patchbay-tenant", &other.id).get("/v1/connections")?), (404, "PB5005"));
    tab.saying("patchbay-tenant", &tenant.id).get("/v1/connections")?.expect(200)?;
    let theirs = Tab::portal(&rig, &other, "user-4711")?;
    assert_eq!(theirs.get("/v1/connections")?.expect(200)?.array_at("/items")?.len(), 0);
    assert_eq!(told(&theirs.get(&format!("/v1/connections/{connection}"))?), (404, "PB5005"));
    assert_eq!(told(&theirs.delete(&format!("/v1/connections/{connection}"))?), (404, "PB5005"));
    tab.get(&format!("/v1/connections/{connection}"))?.expect(200)?;

    // A connect session is for that user and for no other.
    rig.install_connectors(&["silverfin"])?;
    crate::oauth::register(&rig)?;
    let session = tab.post("/v1/connect-sessions", &json!({ "connector": "patchbay.silverfin" }))?.expect(201)?;
    assert_eq!(session.text_at("/end_user")?, "user-4711");
    for wrong in [json!({ "end_user": "user-1" }), json!({ "verification": "off" })] {
        assert_eq!(tab.post("/v1/connect-sessions", &wrong)?.status, 422, "{wrong}");
    }
    Ok(())
}

#[test]
fn a_cookie_that_was_there_before_the_sign_in_is_worthless_afterwards() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    // One that somebody made up.
    let mut victim = Tab { cookie: "a".repeat(52), ..Tab::fresh(&rig, "portal") };
    let planted = victim.clone();
    let sent = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    victim.sign_in(&token(&sent.text_at("/url")?)?)?.expect(200)?;
    assert_ne!(victim.cookie, planted.cookie);
    assert_eq!(told(&planted.get("/v1/session")?), (401, "PB5018"));

    // One of the attacker's own session, which then ends: nobody works in it by mistake.
    let attacker = Tab::portal(&rig, &tenant, "mallory")?;
    let mut victim = attacker.clone();
    let sent = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    victim.sign_in(&token(&sent.text_at("/url")?)?)?.expect(200)?;
    assert_eq!(victim.get("/v1/session")?.text_at("/user")?, "ann");
    assert_eq!(told(&attacker.get("/v1/session")?), (401, "PB5018"));

    // The same for operators, whose sign-ins give another cookie each time.
    let mut tab = Tab { cookie: "a".repeat(52), ..Tab::fresh(&rig, "operator") };
    let mut cookies = vec![tab.cookie.clone()];
    for _ in 0..3 {
        let before = tab.clone();
        tab.sign_in(&rig.host.operator_key()?)?.expect(200)?;
        assert!(!cookies.contains(&tab.cookie));
        cookies.push(tab.cookie.clone());
        assert_eq!(told(&before.get("/v1/session")?), (401, "PB5018"));
    }
    Ok(())
}

#[test]
fn no_token_and_no_cookie_stands_in_a_log_a_line_an_answer_or_the_database() -> Result<()> {
    let more = "[log]\nfilter = \"debug\"\n".to_owned();
    let rig = RigSetup { more, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let mut secrets = Vec::new();
    let sent = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let invited = rig.operator.post("/v1/operator-sessions/invite", &json!({}))?.expect(201)?;
    let mut answers = Vec::new();
    for (kind, address) in [("portal", sent.text_at("/url")?), ("operator", invited.text_at("/url")?)] {
        let mut tab = Tab::fresh(&rig, kind);
        let token = token(&address)?;
        answers.push(tab.sign_in(&token)?.expect(200)?.text());
        answers.push(tab.sign_in(&token)?.expect(401)?.text());
        answers.push(tab.get("/v1/session")?.expect(200)?.text());
        secrets.extend([token, tab.cookie.clone()]);
    }
    // One that is still good, and one that nobody has ever made.
    let open = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    secrets.push(token(&open.text_at("/url")?)?);
    let guess = format!("pbs_{}", "q7zk2mx9".repeat(6));
    answers.push(Tab::fresh(&rig, "operator").sign_in(&guess)?.expect(401)?.text());
    secrets.push(guess);
    answers.push(rig.operator.get("/v1/audit?limit=200")?.expect(200)?.text());
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("answers"), answers.join("\n"))?;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let (data, log) = (rig.host.data_dir(), rig.host.log_path());
    let hits = canary::search(&[data.as_path(), log.as_path(), folder.path()], &secrets)?;
    assert!(hits.is_empty(), "{hits:?}");
    let mut database = Database::open(&data.join("patchbay.db"))?;
    assert_eq!(database.value("SELECT count(*) FROM browser_sessions WHERE length(cookie_hash) = 32", &[])?, json!(2));
    Ok(())
}

#[test]
fn what_signing_in_and_out_did_stands_in_the_audit_log() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let portal = Tab::portal(&rig, &tenant, "user-4711")?;
    portal.delete("/v1/session")?.expect(204)?;
    let operator = Tab::operator(&rig)?;
    operator.delete("/v1/session")?.expect(204)?;
    Tab::fresh(&rig, "operator").sign_in(&format!("pbs_{}", "a".repeat(52)))?.expect(401)?;
    let lines = audit(&rig)?;
    let line = |wanted: &str| lines.iter().find(|(action, ..)| action == wanted).ok_or_else(|| Trouble::new(wanted));
    for (action, actor) in [
        ("portal_session.created", "tenant ten_"),
        ("portal_session.opened", "portal user-4711 bse_"),
        ("portal_session.ended", "portal user-4711 bse_"),
        ("operator_session.first_run", "host"),
        ("operator_session.invited", "operator key_"),
        ("operator_session.opened", "operator session bse_"),
        ("operator_session.ended", "operator session bse_"),
        ("sign_in.refused", "nobody"),
    ] {
        assert!(line(action)?.1.starts_with(actor), "{action}: {:?}", line(action)?);
    }
    assert_eq!(line("sign_in.refused")?.2["peer"], json!("127.0.0.1"));
    assert_eq!(line("portal_session.opened")?.2["peer"], json!("127.0.0.1"));
    // The tenant sees its own users, and nobody else's.
    let own = items(&tenant.api, "/v1/audit")?;
    assert!(own.iter().any(|line| line["action"] == json!("portal_session.opened")));
    assert!(!own.iter().any(|line| line["action"].as_str().is_some_and(|action| action.starts_with("operator_"))));
    assert_eq!(rig.operator.get("/v1/audit/verification")?.expect(200)?.json["broken"], Value::Null);
    Ok(())
}
