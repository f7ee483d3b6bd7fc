//! What the GitHub fake promises about applications, their tokens and their end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{
    Fakes, FakesConfig,
    github::{AppKind, HOST, SITE},
};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::calls::{Answer, plain};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

struct Scene {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Scene {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
        let fakes = Fakes::start(FakesConfig { clock: Arc::clone(&clock) as _, ..FakesConfig::small() });
        let fakes = fakes.expect("the fakes start");
        fakes.github.provider.allow_redirect(REDIRECT);
        Self { fakes, clock }
    }

    fn authorize(&self, app: AppKind, scope: &str) -> String {
        let id = self.fakes.github.provider.client(app).id;
        let query = form(&[
            ("client_id", &id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "st4te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        format!("/login/oauth/authorize?{query}")
    }

    fn page(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let url = format!("{}{path}", self.fakes.github.plain);
        plain(method, &url, &[FORM, ("cookie", cookie)], body).expect("an answer")
    }

    /// Logs in; the cookie.
    fn sign_in(&self, path: &str) -> String {
        let to = self.page("GET", path, "", "").headers["location"].clone();
        let to = to.replace("/login?", "/session?");
        let login = self.fakes.github.provider.login();
        let wrong = form(&[("login", &login.user), ("password", "x")]);
        assert_eq!(self.page("POST", &to, "", &wrong).status, 401);
        let right = form(&[("login", &login.user), ("password", &login.password)]);
        let signed = self.page("POST", &to, "", &right);
        assert_eq!(signed.headers["location"], path);
        signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned()
    }

    fn consent(&self, path: &str, cookie: &str, authorize: &str) -> BTreeMap<String, String> {
        let page = self.page("GET", path, cookie, "");
        let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let body = form(&[("authenticity_token", token.expect("a form")), ("authorize", authorize)]);
        told(&self.page("POST", path, cookie, &body))
    }

    fn token(&self, app: AppKind, more: &[(&str, &str)]) -> Answer {
        let client = self.fakes.github.provider.client(app);
        let mut pairs = vec![("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        pairs.extend(more);
        let headers = [("host", SITE), ("accept", "application/json"), FORM];
        let url = format!("{}/login/oauth/access_token", self.fakes.github.plain);
        plain("POST", &url, &headers, &form(&pairs)).expect("an answer")
    }

    fn first(&self, app: AppKind, scope: &str) -> Value {
        let path = self.authorize(app, scope);
        let code = self.consent(&path, &self.sign_in(&path), "1")["code"].clone();
        self.token(app, &[("code", &code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)]).json()
    }

    fn user(&self, token: &Value) -> Answer {
        let bearer = format!("Bearer {}", token.as_str().expect("a token"));
        let headers = [
            ("host", HOST),
            ("authorization", bearer.as_str()),
            ("user-agent", "x"),
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ];
        plain("GET", &format!("{}/user", self.fakes.github.plain), &headers, "").expect("an answer")
    }

    fn application(&self, method: &str, what: &str, token: &Value) -> u16 {
        let client = self.fakes.github.provider.client(AppKind::Oauth);
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
        let headers = [
            ("host", HOST),
            ("authorization", basic.as_str()),
            ("user-agent", "x"),
            ("content-type", "application/json"),
        ];
        let url = format!("{}/applications/{}/{what}", self.fakes.github.plain, client.id);
        plain(method, &url, &headers, &json!({ "access_token": token }).to_string()).expect("an answer").status
    }
}

fn told(back: &Answer) -> BTreeMap<String, String> {
    assert_eq!(back.status, 302, "{}", back.body);
    let url = Url::parse(&back.headers["location"]).expect("an address");
    url.query_pairs().into_owned().collect()
}

#[test]
fn a_classic_token_has_scopes_and_no_end_and_a_known_person_is_not_asked_again() {
    let scene = Scene::start();
    let path = scene.authorize(AppKind::Oauth, "repo read:user");
    let cookie = scene.sign_in(&path);
    assert_eq!(scene.consent(&path, &cookie, "0")["error"], "access_denied");
    let code = scene.consent(&path, &cookie, "1")["code"].clone();
    let given = scene.token(AppKind::Oauth, &[("code", &code), ("code_verifier", VERIFIER)]).json();
    assert_eq!((&given["scope"], &given["token_type"]), (&json!("repo,read:user"), &json!("bearer")));
    assert_eq!((given.get("expires_in"), given.get("refresh_token")), (None, None));
    let user = scene.user(&given["access_token"]);
    assert_eq!((user.status, user.headers["x-oauth-scopes"].as_str()), (200, "repo, read:user"));
    let again = told(&scene.page("GET", &path, &cookie, ""));
    assert_eq!((again["state"].as_str(), again.contains_key("code")), ("st4te", true), "no page this time");
    scene.clock.advance(Duration::from_secs(300 * 86_400));
    assert_eq!(scene.user(&given["access_token"]).status, 200);
}

#[test]
fn errors_of_the_token_address_come_with_status_200() {
    let scene = Scene::start();
    let path = scene.authorize(AppKind::Oauth, "repo");
    let cookie = scene.sign_in(&path);
    let code = scene.consent(&path, &cookie, "1")["code"].clone();
    let error = |answer: Answer| (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned());
    let wrong = |more: &[(&str, &str)]| error(scene.token(AppKind::Oauth, more));
    let verifier = ("code_verifier", VERIFIER);
    assert_eq!(wrong(&[("code", "x"), verifier]), (200, "bad_verification_code".to_owned()));
    assert_eq!(wrong(&[("code", &code)]), (200, "bad_verification_code".to_owned()), "the verifier is missing");
    assert_eq!(wrong(&[("code", &code), ("redirect_uri", "http://x"), verifier]).1, "redirect_uri_mismatch");
    assert_eq!(error(scene.token(AppKind::Github, &[("code", &code), verifier])).1, "bad_verification_code");
    assert_eq!(wrong(&[("code", &code), verifier]), (200, String::new()));
    assert_eq!(wrong(&[("code", &code), verifier]).1, "bad_verification_code", "once");
    let url = format!("{}/login/oauth/access_token", scene.fakes.github.plain);
    let body = form(&[("client_id", "x"), ("client_secret", "y"), ("code", "z")]);
    let plain_form = plain("POST", &url, &[("host", SITE), FORM], &body).expect("an answer");
    assert!(plain_form.body.starts_with("error=incorrect_client_credentials&"), "{}", plain_form.body);
    let strange = plain("POST", &url, &[("host", SITE), FORM], &form(&[("audience", "x")])).expect("an answer");
    assert_eq!((strange.status, strange.body.contains("audience")), (400, true));
}

#[test]
fn a_github_app_rotates_and_both_old_tokens_end_at_once() {
    let scene = Scene::start();
    let first = scene.first(AppKind::Github, "");
    assert_eq!((&first["expires_in"], &first["scope"]), (&json!(28_800), &json!("")));
    let renew = |pair: &Value| {
        let token = pair["refresh_token"].as_str().expect("a token");
        assert!(token.starts_with("ghr_"));
        scene.token(AppKind::Github, &[("grant_type", "refresh_token"), ("refresh_token", token)])
    };
    let second = renew(&first).json();
    assert_eq!((scene.user(&first["access_token"]).status, scene.user(&second["access_token"]).status), (401, 200));
    let refused = renew(&first);
    assert_eq!((refused.status, &refused.json()["error"]), (200, &json!("bad_refresh_token")));
    scene.clock.advance(Duration::from_secs(28_800));
    assert_eq!(scene.user(&second["access_token"]).status, 401, "eight hours");
    assert_eq!(renew(&second).json()["token_type"], json!("bearer"));
    let given = scene.fakes.github.provider.given();
    assert_eq!(given.iter().map(|one| one.refresh_good).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(scene.fakes.github.provider.given_values().len(), 6);
}

#[test]
fn an_application_gives_one_token_back_or_everything() {
    let scene = Scene::start();
    let path = scene.authorize(AppKind::Oauth, "repo");
    let cookie = scene.sign_in(&path);
    let give = || {
        let back = scene.page("GET", &path, &cookie, "");
        let code = if back.status == 302 {
            told(&back)["code"].clone()
        } else {
            scene.consent(&path, &cookie, "1")["code"].clone()
        };
        scene.token(AppKind::Oauth, &[("code", &code), ("code_verifier", VERIFIER)]).json()["access_token"].clone()
    };
    let (one, two, three) = (give(), give(), give());
    assert_eq!((scene.application("POST", "token", &one), scene.application("DELETE", "token", &one)), (200, 204));
    assert_eq!(
        (scene.application("POST", "token", &one), scene.user(&one).status, scene.user(&two).status),
        (404, 401, 200)
    );
    assert_eq!(scene.application("DELETE", "grant", &two), 204);
    assert_eq!((scene.user(&two).status, scene.user(&three).status), (401, 401));
    assert_eq!(scene.page("GET", &path, &cookie, "").status, 200, "the person is asked again");
}
