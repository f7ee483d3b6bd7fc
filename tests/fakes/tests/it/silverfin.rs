//! What the Silverfin fake promises to those who write connectors against it.

use std::{collections::BTreeMap, time::Duration};

use super::calls::{Answer, plain, silverfin, try_silverfin};
use patchbay_fakes::{Act, Fakes, FakesConfig, Rule, silverfin::FIRM};
use serde_json::Value;
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const SCOPES: &str = "user:profile user:firm administration:read communication:read communication:write";
const COMPANIES: &str = "/api/v4/f/13827/companies";

fn start() -> Fakes {
    let fakes = Fakes::start(FakesConfig::small()).expect("the fakes start");
    fakes.silverfin.provider.allow_redirect(REDIRECT);
    fakes
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn authorize_path(fakes: &Fakes, scopes: &str, more: &[(&str, &str)]) -> String {
    let client = fakes.silverfin.provider.client();
    let mut pairs = vec![
        ("client_id", client.id.as_str()),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", scopes),
        ("state", "st4te"),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    format!("/oauth/authorize?{}", form(&pairs))
}

/// Signs in, answers the consent page, and returns what the callback was told.
fn consent(fakes: &Fakes, path: &str, decision: &str, firm: u64) -> BTreeMap<String, String> {
    let origin = &fakes.silverfin.plain;
    let page = plain("GET", &format!("{origin}{path}"), &[], "").expect("a redirect");
    let sign_in = format!("{origin}{}", page.headers["location"]);
    let login = fakes.silverfin.provider.login();
    let typed = form(&[("user[email]", &login.user), ("user[password]", &login.password)]);
    let content = ("content-type", "application/x-www-form-urlencoded");
    let signed = plain("POST", &sign_in, &[content], &typed).expect("a redirect");
    assert_eq!(signed.headers["location"], path);
    let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
    let headers = [content, ("cookie", cookie.as_str())];
    let page = plain("GET", &format!("{origin}{path}"), &headers[1..], "").expect("a page");
    assert!(page.body.contains("<li>communication:write</li>") || !path.contains("communication%3Awrite"));
    let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let (token, firm) = (token.expect("a form"), firm.to_string());
    let answered = form(&[("authenticity_token", token), ("firm_id", &firm), ("decision", decision)]);
    let back = plain("POST", &format!("{origin}{path}"), &headers, &answered).expect("a redirect");
    let url = Url::parse(&back.headers["location"]).expect("an address");
    url.query_pairs().into_owned().collect()
}

fn token(fakes: &Fakes, more: &[(&str, &str)]) -> Answer {
    try_token(fakes, more).expect("an answer")
}

fn try_token(fakes: &Fakes, more: &[(&str, &str)]) -> Option<Answer> {
    let client = fakes.silverfin.provider.client();
    let mut pairs =
        vec![("client_id", client.id.as_str()), ("client_secret", client.secret.as_str()), ("redirect_uri", REDIRECT)];
    pairs.extend_from_slice(more);
    let content = [("content-type", "application/x-www-form-urlencoded")];
    try_silverfin(fakes, "POST", &format!("/f/{FIRM}/oauth/token"), &content, &form(&pairs))
}

fn connect(fakes: &Fakes, scopes: &str) -> Value {
    let callback = consent(fakes, &authorize_path(fakes, scopes, &[]), "allow", FIRM);
    let answer = token(fakes, &[("grant_type", "authorization_code"), ("code", &callback["code"])]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn call(fakes: &Fakes, access: &Value, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", access.as_str().unwrap_or_default());
    let mut headers = vec![("authorization", bearer.as_str()), ("accept", "application/json")];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    silverfin(fakes, method, path, &headers, body)
}

fn first_remarks_path(fakes: &Fakes) -> String {
    let company = fakes.silverfin.provider.records("company")[0]["id"].clone();
    let period = fakes.silverfin.provider.records("period")[1]["id"].clone();
    format!("{COMPANIES}/{company}/periods/{period}/remarks")
}

#[test]
fn the_callback_names_the_firm_that_was_chosen() {
    let fakes = start();
    let path = authorize_path(&fakes, SCOPES, &[]).replace("/oauth/", "/f/13827/oauth/");
    let callback = consent(&fakes, &path, "allow", 13_999);
    assert_eq!(callback["authorized_firm_id"], "13999");
    assert_eq!(callback["state"], "st4te");
    let wrong_firm = token(&fakes, &[("grant_type", "authorization_code"), ("code", &callback["code"])]);
    assert_eq!((wrong_firm.status, wrong_firm.json()["error"].as_str()), (400, Some("invalid_grant")));
    let refused = consent(&fakes, &authorize_path(&fakes, SCOPES, &[]), "deny", FIRM);
    assert_eq!(refused["error"], "access_denied");
}

#[test]
fn a_wrong_request_for_consent_is_shown_and_not_sent_on() {
    let fakes = start();
    let scenarios: [&[(&str, &str)]; 7] = [
        &[("client_id", "other")],
        &[("redirect_uri", "http://127.0.0.1:8080/oauth/callback/cli_1/")],
        &[("response_type", "token")],
        &[("scope", "everything")],
        &[("state", "")],
        &[("prompt", "login")],
        &[("code_challenge", "short"), ("code_challenge_method", "S256")],
    ];
    for more in scenarios {
        let url = format!("{}{}", fakes.silverfin.plain, authorize_path(&fakes, SCOPES, more));
        let page = plain("GET", &url, &[], "").expect("a page");
        assert_eq!((page.status, page.headers.get("location")), (400, None), "{more:?}: {}", page.body);
    }
}

#[test]
fn a_code_is_good_once_and_only_for_its_application() {
    let fakes = start();
    let callback = consent(&fakes, &authorize_path(&fakes, SCOPES, &[]), "allow", FIRM);
    let code = ("code", callback["code"].as_str());
    let grant = ("grant_type", "authorization_code");
    let stranger = silverfin(
        &fakes,
        "POST",
        &format!("/f/{FIRM}/oauth/token?{}", form(&[("client_id", "x"), ("client_secret", "y"), code, grant])),
        &[],
        "",
    );
    assert_eq!((stranger.status, stranger.json()["error"].as_str()), (401, Some("invalid_client")));
    assert_eq!(token(&fakes, &[grant, code, ("audience", "x")]).status, 400);
    assert_eq!(token(&fakes, &[grant, code]).status, 200);
    let again = token(&fakes, &[grant, code]);
    assert_eq!((again.status, again.json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[test]
fn pkce_is_ignored_unless_it_is_wrong() {
    let fakes = start();
    // The pair of RFC 7636, appendix B.
    let challenge =
        [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")];
    let path = authorize_path(&fakes, SCOPES, &challenge);
    let grant = ("grant_type", "authorization_code");
    let code = consent(&fakes, &path, "allow", FIRM)["code"].clone();
    let wrong = token(&fakes, &[grant, ("code", &code), ("code_verifier", "wrong")]);
    assert_eq!(wrong.status, 400);
    let verifier = ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(token(&fakes, &[grant, ("code", &code), verifier]).status, 200);
    let code = consent(&fakes, &path, "allow", FIRM)["code"].clone();
    assert_eq!(token(&fakes, &[grant, ("code", &code)]).status, 200);
}

#[test]
fn the_old_refresh_token_ends_with_the_first_use_of_the_new_access_token() {
    let fakes = start();
    let first = connect(&fakes, SCOPES);
    let refresh = |value: &Value| {
        let text = value.as_str().unwrap_or_default().to_owned();
        token(&fakes, &[("grant_type", "refresh_token"), ("refresh_token", &text)])
    };
    let second = refresh(&first["refresh_token"]);
    assert_eq!(second.status, 200, "{}", second.body);
    let again = refresh(&first["refresh_token"]);
    assert_eq!(again.status, 200, "the answer may have been lost");
    let path = "/api/v4/f/13827/user/firm";
    assert_eq!(call(&fakes, &again.json()["access_token"], "GET", path, "").status, 200);
    let late = refresh(&first["refresh_token"]);
    assert_eq!((late.status, late.json()["error"].as_str()), (400, Some("invalid_grant")));
    let kept = again.json()["refresh_token"].clone();
    assert!(fakes.silverfin.provider.accepts_refresh(kept.as_str().unwrap_or_default()));
}

#[test]
fn an_expired_token_is_refused_with_a_challenge() {
    let fakes = start();
    let tokens = connect(&fakes, SCOPES);
    fakes.silverfin.provider.expire_access();
    let refused = call(&fakes, &tokens["access_token"], "GET", "/api/v4/f/13827/user", "");
    assert_eq!(refused.status, 401);
    assert!(refused.headers["www-authenticate"].contains("invalid_token"));
    assert_eq!(
        fakes.silverfin.journal.entries().last().and_then(|entry| entry.token.clone()).as_deref(),
        Some("access:1")
    );
}

#[test]
fn companies_come_in_pages_without_archived_and_hidden_ones() {
    let fakes = start();
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    let get = |path: &str| call(&fakes, &access, "GET", path, "");
    let page = get(&format!("{COMPANIES}?page=2&per_page=5"));
    assert_eq!((page.count(), page.headers["total"].as_str(), page.headers["per-page"].as_str()), (5, "12", "5"));
    assert_eq!(get(&format!("{COMPANIES}?page=9")).count(), 0);
    for hidden in [398_012, 398_013, 398_014] {
        assert_eq!(get(&format!("{COMPANIES}/{hidden}")).status, 404);
    }
    assert_eq!(get(&format!("{COMPANIES}/398003/periods")).count(), 0);
    assert_eq!(get(&format!("{COMPANIES}/398000/periods")).count(), 2);
    assert_eq!(get("/api/v4/f/13999/companies").status, 404);
    let refused = get(&format!("{COMPANIES}?updated_since=2026-01-01"));
    assert_eq!((refused.status, refused.body.contains("updated_since")), (400, true));
}

#[test]
fn the_demo_has_twelve_hundred_companies_over_six_pages() {
    let fakes = Fakes::start(FakesConfig::default()).expect("the fakes start");
    fakes.silverfin.provider.allow_redirect(REDIRECT);
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    let counts: Vec<usize> =
        (1..=7).map(|page| call(&fakes, &access, "GET", &format!("{COMPANIES}?page={page}"), "").count()).collect();
    assert_eq!(counts, [200, 200, 200, 200, 200, 200, 0]);
}

#[test]
fn the_same_remark_twice_is_two_remarks() {
    let fakes = start();
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    let path = first_remarks_path(&fakes);
    let before = call(&fakes, &access, "GET", &path, "").count();
    let body = r#"{"text":"Bel de klant","bot_name":"Claritalk","todo":true,"owner":{"type":"Company","id":398000}}"#;
    let made = [0, 1].map(|_| call(&fakes, &access, "POST", &path, body));
    assert_eq!(made.each_ref().map(|answer| answer.status), [201, 201]);
    assert_ne!(made[0].json()["id"], made[1].json()["id"]);
    assert_eq!(made[0].json()["todo"], true);
    assert_eq!(call(&fakes, &access, "GET", &path, "").count(), before + 2);
    assert_eq!(fakes.silverfin.journal.objects().len(), 2);
}

#[test]
fn a_remark_is_taken_as_a_form_with_files() {
    let fakes = start();
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    let bearer = format!("Bearer {}", access.as_str().unwrap_or_default());
    let headers = [
        ("authorization", bearer.as_str()),
        ("accept", "application/json"),
        ("content-type", "multipart/form-data; boundary=xyz"),
    ];
    let field = |name: &str, value: &str| {
        format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--xyz\r\nContent-Disposition: form-data; name=\"documents[][content]\"; filename=\"v.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\r\n";
    let body = format!("{}{}{file}--xyz--\r\n", field("text", "Verslag"), field("todo", "false"));
    let made = silverfin(&fakes, "POST", &first_remarks_path(&fakes), &headers, &body);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(fakes.silverfin.journal.objects()[0].content["documents"][0]["filename"], "v.pdf");
    let body = format!("{}--xyz--\r\n", field("colour", "red"));
    let refused = silverfin(&fakes, "POST", &first_remarks_path(&fakes), &headers, &body);
    assert_eq!((refused.status, refused.body.contains("colour")), (400, true));
}

#[test]
fn a_remark_needs_its_scope_its_company_and_its_text() {
    let fakes = start();
    let path = first_remarks_path(&fakes);
    let reader = connect(&fakes, "user:profile administration:read communication:read")["access_token"].clone();
    let refused = call(&fakes, &reader, "POST", &path, r#"{"text":"x"}"#);
    assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some("insufficient_scope")));
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    let hidden = path.replace("398000", "398013");
    assert_eq!(call(&fakes, &access, "POST", &hidden, r#"{"text":"x"}"#).status, 404);
    assert_eq!(call(&fakes, &access, "POST", &path, r#"{"text":" "}"#).status, 422);
    let unknown = call(&fakes, &access, "POST", &path, r#"{"text":"x","body":"y"}"#);
    assert_eq!((unknown.status, unknown.body.contains("body")), (400, true));
    assert!(fakes.silverfin.journal.objects().is_empty());
}

#[test]
fn no_secret_is_in_the_journal() {
    let fakes = start();
    connect(&fakes, SCOPES);
    let text = std::fs::read_to_string(fakes.silverfin.journal.path()).expect("a journal");
    for secret in fakes.silverfin.provider.secrets() {
        assert!(!text.contains(&secret));
    }
    assert!(!text.contains(&fakes.silverfin.provider.login().password));
    assert!(text.contains("\"client_secret\":\"***\""));
}

#[test]
fn a_second_call_to_one_company_is_refused_while_the_first_runs() {
    let fakes = start();
    let access = connect(&fakes, SCOPES)["access_token"].clone();
    fakes.silverfin.provider.one_call_per_company(true);
    let path = format!("{COMPANIES}/398000");
    fakes.silverfin.script.add(Rule::on("GET", &path, Act::Hold { name: "first".to_owned(), applied: false }));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| call(&fakes, &access, "GET", &path, "").status);
        assert!(fakes.silverfin.script.wait_until_held("first", Duration::from_secs(20)));
        let second = call(&fakes, &access, "GET", &path, "");
        assert_eq!((second.status, second.headers["retry-after"].as_str()), (429, "1"));
        assert_eq!(call(&fakes, &access, "GET", &format!("{COMPANIES}/398001"), "").status, 200);
        fakes.silverfin.script.release("first");
        assert_eq!(first.join().expect("the first caller ends"), 200);
    });
    assert_eq!(call(&fakes, &access, "GET", &path, "").status, 200);
}

#[test]
fn a_lost_refresh_can_be_asked_for_again() {
    let fakes = start();
    let tokens = connect(&fakes, SCOPES);
    let refresh = tokens["refresh_token"].as_str().unwrap_or_default();
    fakes.silverfin.script.add(Rule::on("POST", &format!("/f/{FIRM}/oauth/token"), Act::LoseAnswer));
    let ask = || try_token(&fakes, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
    assert!(ask().is_none(), "the answer is lost");
    assert_eq!(ask().map(|answer| answer.status), Some(200));
    let pairs = fakes.silverfin.provider.pairs();
    assert_eq!(pairs.iter().map(|pair| pair.refresh_good).collect::<Vec<_>>(), [true, true, true]);
}
