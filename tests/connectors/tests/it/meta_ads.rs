//! Meta Ads: a login without a refresh token, many ad accounts, reports that are jobs, and refusals that all come with
//! status 400 and say in a number what they mean.

mod accounts;
mod lists;
mod reports;
mod tokens;

use std::{collections::BTreeSet, time::Duration};

use patchbay_connector_tests::{Case, ErrorRow, Row, Scene, StreamCase, Then, at_once, chaos, journey, stage};
use patchbay_it::{Rig, RigSetup, Tenant};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{
        Act, FakesConfig, Rule, Script, Stand, also,
        meta_ads::{Edge, MetaAds},
    },
    wait_until,
};
use serde_json::{Value, json};

use super::consent::walk;

const ID: &str = "patchbay.meta-ads";
/// The ad accounts that can be read.
const ACCOUNTS: [&str; 3] = ["1010101", "1010102", "1010103"];
/// One that is closed, and one that is disabled.
const CLOSED: [&str; 2] = ["2020202", "2020203"];
/// The lists by change, with their edges.
const LISTS: [Edge; 3] = [Edge::Campaigns, Edge::AdSets, Edge::Ads];
/// All that is delivered lies within, and all that changes within the look-back, whatever midnights pass meanwhile.
const SETTINGS: &str = r#"{ "look_back_days": 1, "history_days": 6 }"#;

/// What is asked of each report.
const FIGURES: &str = "account_id,campaign_id,campaign_name,adset_id,adset_name,ad_id,ad_name,impressions,clicks,spend,reach,actions,action_values,cost_per_action_type";
/// How long a machine with much else to do may take.
const BUSY: Duration = Duration::from_secs(180);

/// By a person's login, with everything.
pub(crate) fn case() -> Case {
    Case {
        install: at_once,
        prepare,
        connect: |scene| {
            let walk = |browser: &mut Browser, address: &str| allow(scene, browser, address);
            let connect = || scene.connect_by_session(&[], walk);
            quietly(scene.rig, &scene.stage.script, scene.tenant, connect)
        },
        reconnect: |scene, connection| {
            let walk = |browser: &mut Browser, address: &str| allow(scene, browser, address);
            scene.reconnect_by_session(&[], connection, walk)
        },
        account: "An Peeters",
        settings: |_| Ok(serde_json::from_str(SETTINGS)?),
        streams: vec![
            StreamCase::of("campaigns", |scene| objects(scene, Edge::Campaigns)).asks_since("campaign.updated_time"),
            StreamCase::of("ad_sets", |scene| objects(scene, Edge::AdSets)).asks_since("adset.updated_time"),
            StreamCase::of("ads", |scene| objects(scene, Edge::Ads)).asks_since("ad.updated_time"),
            StreamCase::of("ad_creatives", |scene| objects(scene, Edge::Creatives)),
            StreamCase::of("insights", figures),
        ],
        change,
        break_credential: |scene| {
            scene.fake::<MetaAds>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<MetaAds>()?.secrets()),
        ..Case::of("meta-ads", stage::<MetaAds>)
    }
}

/// By the token of a system user, whose application demands a proof.
pub(crate) fn by_system_user() -> Case {
    Case {
        connect: |scene| {
            let connect = || scene.connect_by_fields("signed_token", &signed(scene)?);
            quietly(scene.rig, &scene.stage.script, scene.tenant, connect)
        },
        reconnect: |scene, connection| {
            scene.fake::<MetaAds>()?.accept_system();
            scene.reconnect_by_fields("signed_token", &signed(scene)?, connection)
        },
        account: "Rapportage",
        streams: vec![StreamCase::of("campaigns", |scene| objects(scene, Edge::Campaigns))],
        ..case()
    }
}

/// The error table, over the lists; what is special about reports stands in `reports`.
fn table() -> Case {
    let mut case = case();
    case.streams.retain(|stream| ["campaigns", "ad_creatives"].contains(&stream.name));
    Case { rows: |_| Ok([refused(), passing(), throttled()].into_iter().flatten().collect()), ..case }
}

fn prepare(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<MetaAds>()?;
    // The journey switches all streams on, also of accounts that cannot be read; what becomes of those stands in `accounts`.
    for number in CLOSED {
        fake.lose_account(number, true);
    }
    let client = fake.client();
    fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
    Ok(())
}

/// Connects while no account can be read, and says how few days there are before one can: a new connection would begin
/// with three months of reports.
fn quietly(rig: &Rig, script: &Script, tenant: &Tenant, connect: impl FnOnce() -> Result<String>) -> Result<String> {
    for method in ["GET", "POST"] {
        script.add(Rule::on(method, "/v25.0/act_", graph(403, 200, 0)).times(0));
    }
    let connection = connect()?;
    quiet(rig, tenant)?;
    let settings: Value = serde_json::from_str(SETTINGS)?;
    let path = format!("/v1/connections/{connection}");
    tenant.api.patch(&path, &json!({ "settings": settings }))?.expect(200)?;
    script.clear();
    Ok(connection)
}

/// Waits until nothing runs or is due. On a busy machine an attempt may take too long, and the next one is put off by a clock that
/// stands still: each of those is given its time once.
fn quiet(rig: &Rig, tenant: &Tenant) -> Result<()> {
    let mut given = BTreeSet::new();
    wait_until("the end of what began with the connection", BUSY, || {
        let of_state = |state: &str| tenant.get(&format!("/v1/runs?state={state}"))?.array_at("/items");
        let (due, running) = (of_state("due")?, of_state("running")?);
        let put_off = |run: &&Value| run["attempts"].as_u64() > Some(0);
        let attempt = |run: &Value| format!("{} {}", run["id"], run["attempts"]);
        let fresh = due.iter().filter(put_off).map(attempt).filter(|attempt| given.insert(attempt.clone())).count();
        if fresh > 0 {
            rig.advance(Duration::from_secs(600))?;
        }
        Ok((due.is_empty() && running.is_empty()).then_some(()))
    })?;
    tenant.settled()
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    walk(browser, address, &scene.fake::<MetaAds>()?.login("owner"))
}

fn signed(scene: &Scene<'_>) -> Result<Value> {
    let fake = scene.fake::<MetaAds>()?;
    Ok(json!({ "token": fake.signed_token(), "app_secret": fake.app_secret() }))
}

/// What of each object can change; deleted ones are gone, archived ones stay.
fn objects(scene: &Scene<'_>, edge: Edge) -> Result<Vec<Row>> {
    let fake = scene.fake::<MetaAds>()?;
    let living = |account: &str| {
        let all = fake.objects(account, edge).into_iter();
        all.filter(|one| one["effective_status"] != json!("DELETED")).collect::<Vec<Value>>()
    };
    let row = |account: &str, one: &Value| {
        let mut record =
            json!({ "id": one["id"], "account_id": account, "name": one["name"], "status": one["status"] });
        if edge != Edge::Creatives {
            record["effective_status"] = one["effective_status"].clone();
            record["updated_time"] = one["updated_time"].clone();
        }
        Row::of(&format!("act_{account}"), "/id", record)
    };
    Ok(ACCOUNTS.iter().flat_map(|account| living(account).into_iter().map(|one| row(account, &one))).collect())
}

/// The rows of the reports.
fn figures(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let fake = scene.fake::<MetaAds>()?;
    Ok(ACCOUNTS.iter().flat_map(|account| figures_of(fake, account)).collect())
}

fn figures_of(fake: &MetaAds, account: &str) -> Vec<Row> {
    let row = |mut record: Value| {
        record["breakdown"] = json!("");
        let key =
            json!([record["campaign_id"], record["adset_id"], record["ad_id"], record["date_start"], ""]).to_string();
        Row { account: format!("act_{account}"), key, record }
    };
    fake.rows(account, FIGURES, &[]).into_iter().map(row).collect()
}

/// In each list something is renamed, something is new and something is deleted; yesterday delivers once more.
fn change(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(180))?;
    let (fake, account) = (scene.fake::<MetaAds>()?, ACCOUNTS[0]);
    for edge in LISTS.into_iter().chain([Edge::Creatives]) {
        let all = fake.objects(account, edge);
        let ids: Vec<&str> =
            all.iter().filter(|one| one["status"] == json!("ACTIVE")).filter_map(|one| one["id"].as_str()).collect();
        // The first four deliver: their names stand in figures too.
        let (Some(one), Some(last)) = (ids.get(6), ids.last()) else { return Err(Trouble::new("nothing to change")) };
        let (one, last) = ((*one).to_owned(), (*last).to_owned());
        let new = fake.add(account, edge, "Nieuw");
        let done = fake.rename(account, edge, &one, &format!("Herdoopt {new}"));
        let gone = match edge {
            Edge::Creatives => fake.remove(account, edge, &last),
            _ => fake.set_status(account, edge, &last, "DELETED"),
        };
        if !done || !gone {
            return Err(Trouble::new(format!("nothing of {edge:?} was changed")));
        }
    }
    fake.deliver(account, 0, 1);
    Ok(())
}

/// An error of Graph; no subcode when it is 0.
fn graph(status: u16, code: u32, subcode: u32) -> Act {
    let mut error = json!({ "message": "x", "type": "OAuthException", "code": code, "is_transient": false });
    if subcode != 0 {
        error["error_subcode"] = json!(subcode);
    }
    answer(status, &json!({ "error": error }))
}

fn answer(status: u16, body: &Value) -> Act {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Act::Answer { status, headers, body: body.to_string() }
}

fn read(name: &str, act: Act, code: &'static str) -> ErrorRow {
    ErrorRow::read(name, "campaigns", ("GET", "/v25.0/act_"), act, code).containing("/campaigns")
}

/// What a person or the operator has to see to.
fn refused() -> Vec<ErrorRow> {
    let broken = |name: &str, code, subcode| read(name, graph(400, code, subcode), "PB2002").breaks("PB2002");
    let given_up = |name: &str, act, code| read(name, act, code).then(Then::Never);
    vec![
        broken("190/460, the password was changed", 190, 460),
        broken("190/458, the application was removed", 190, 458),
        broken("190/459, a checkpoint", 190, 459),
        broken("190/463, an exchange does not help", 190, 463),
        broken("102", 102, 0),
        broken("368, blocked for policy reasons", 368, 0),
        given_up("10", graph(400, 10, 0), "PB2012"),
        given_up("200 with 403", graph(403, 200, 0), "PB2012"),
        given_up("294", graph(400, 294, 0), "PB2012"),
        given_up("3", graph(400, 3, 0), "PB2012"),
        given_up("100/33, gone", graph(400, 100, 33), "PB3006"),
        given_up("100", graph(400, 100, 0), "PB1105"),
        given_up("2635, the version is too old", graph(400, 2635, 0), "PB1105"),
        given_up("2500", graph(400, 2500, 0), "PB1105"),
    ]
}

/// Outages.
fn passing() -> Vec<ErrorRow> {
    let transient = json!({ "error": { "message": "x", "code": 960, "is_transient": true } });
    vec![
        read("1", graph(400, 1, 0), "PB3004"),
        read("2", graph(500, 2, 0), "PB3004"),
        read("1/99", graph(400, 1, 99), "PB3004"),
        read("is_transient", answer(400, &transient), "PB3004"),
        read("500", Act::status(500), "PB3004"),
        read("503 at the second page", Act::status(503), "PB3004").skipping(1),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        read("a lost answer", Act::LoseAnswer, "").times(1).survived(),
    ]
}

fn throttled() -> Vec<ErrorRow> {
    let later = |name: &str, status, code, subcode| {
        let row = read(name, graph(status, code, subcode), "PB3003").ends("more_later", Some("PB3003"));
        row.then(Then::Later).waiting(Duration::from_secs(900))
    };
    vec![
        later("4, the application", 400, 4, 0),
        later("17, the person", 400, 17, 0),
        later("17/2446079, this ad account", 400, 17, 2_446_079),
        later("32", 403, 32, 0),
        later("341", 400, 341, 0),
        later("613/1487742, this ad account", 400, 613, 1_487_742),
        later("80000", 400, 80_000, 0),
        later("80004/2446079", 400, 80_004, 2_446_079),
        later("80014", 403, 80_014, 0),
    ]
}

/// A host whose clock is in the test's hand, the provider, and a tenant who has connected.
struct World {
    rig: Rig,
    tenant: Tenant,
    connection: String,
}

impl World {
    /// A rig with the connector and its client; nobody has connected.
    fn rig() -> Result<Rig> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "meta-ads").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install_connectors(&["meta-ads"])?;
        let fake = &fake(&rig)?.provider;
        let client = fake.client();
        fake.allow_redirect(&rig.register(ID, &client.id, &client.secret)?);
        Ok(rig)
    }

    /// Somebody has connected by login; of these accounts these streams are read, when a test says so.
    fn open(accounts: &[&str], streams: &[&str]) -> Result<Self> {
        let rig = Self::rig()?;
        let tenant = rig.tenant("A")?;
        let connection = quietly(&rig, &fake(&rig)?.script, &tenant, || log_in(&rig, &tenant, "owner", &[]))?;
        let world = Self { rig, tenant, connection };
        world.only(accounts, streams)?;
        Ok(world)
    }

    fn fake(&self) -> Result<&MetaAds> {
        Ok(fake(&self.rig)?.provider.as_ref())
    }

    fn get(&self, rest: &str) -> Result<Value> {
        Ok(self.tenant.get(&format!("/v1/connections/{}{rest}", self.connection))?.json)
    }

    fn set(&self, body: &Value) -> Result<()> {
        self.tenant.api.patch(&format!("/v1/connections/{}", self.connection), body)?.expect(200).map(drop)
    }

    /// Reads these accounts only, and of them these streams only; nothing runs by its schedule.
    fn only(&self, accounts: &[&str], streams: &[&str]) -> Result<()> {
        let all = self.get("")?;
        let all = all["accounts"].as_array().cloned().unwrap_or_default();
        let chosen: serde_json::Map<String, Value> = all
            .iter()
            .filter(|account| account["usable"] == json!(true))
            .map(|account| {
                let number = account["provider_id"].as_str().unwrap_or_default().trim_start_matches("act_");
                (account["id"].as_str().unwrap_or_default().to_owned(), json!(accounts.contains(&number)))
            })
            .collect();
        self.set(&json!({ "accounts": chosen }))?;
        for sync in patchbay_it::items(&self.tenant.api, &format!("/v1/connections/{}/syncs", self.connection))? {
            let path = format!("/v1/syncs/{}", sync["id"].as_str().unwrap_or_default());
            let account = sync["account"].as_str().unwrap_or_default().trim_start_matches("act_");
            let wanted = accounts.contains(&account) && streams.contains(&sync["stream"].as_str().unwrap_or_default());
            if sync["enabled"] != json!(wanted) {
                self.tenant.api.patch(&path, &json!({ "enabled": wanted }))?.expect(200)?;
            }
            let never = json!({ "schedule": { "cron": "30 3 29 2 *", "zone": "UTC" } });
            self.tenant.api.patch(&path, &never)?.expect(200)?;
        }
        Ok(())
    }

    /// The sync of a stream of an account.
    fn sync(&self, account: &str, stream: &str) -> Result<String> {
        let syncs = patchbay_it::items(&self.tenant.api, &format!("/v1/connections/{}/syncs", self.connection))?;
        let wanted = format!("act_{account}");
        let of_account = |sync: &&Value| sync["stream"] == json!(stream) && sync.to_string().contains(&wanted);
        let found = syncs.iter().find(of_account).and_then(|sync| sync["id"].as_str());
        found.map(str::to_owned).ok_or_else(|| Trouble::new(format!("no sync of {stream} of {account}: {syncs:?}")))
    }

    /// Runs a sync now and waits for the end; the run.
    fn run(&self, sync: &str) -> Result<Value> {
        self.tenant.ended(&self.tenant.run(sync)?)
    }

    /// Runs a sync until nothing is left that it waits for, with so much time between two runs; the runs.
    fn read_on(&self, sync: &str, pause: Duration) -> Result<Vec<Value>> {
        let mut runs = Vec::new();
        for _ in 0..60 {
            runs.push(self.run(sync)?);
            if runs.last().is_some_and(|run| run["state"] != json!("more_later")) {
                return Ok(runs);
            }
            self.rig.advance(pause)?;
        }
        Err(Trouble::new(format!("it still goes on: {:?}", runs.last())))
    }

    /// The records of a stream.
    fn records(&self, stream: &str) -> Result<Vec<Value>> {
        patchbay_it::items(&self.tenant.api, &format!("/v1/connections/{}/records/{stream}?limit=100", self.connection))
    }
}

fn fake(rig: &Rig) -> Result<&Stand<MetaAds>> {
    rig.fakes.stand::<MetaAds>().ok_or_else(|| Trouble::new("the fake was not started"))
}

/// Goes through the login without what is unticked; what the host's last page says, and the session.
fn through(rig: &Rig, tenant: &Tenant, who: &str, unticked: &[&str]) -> Result<(Page, String)> {
    let session = tenant.session(ID, &json!({ "verification": "off" }))?;
    let mut browser = Browser::default();
    let away = browser.link(&session.url, ID, &[])?;
    let login = fake(rig)?.provider.login(who);
    let page = browser.open(&patchbay_it::leads(&away)?)?;
    let provider = page.url.origin().ascii_serialization();
    let page = browser.settle_at(page, &[&provider])?;
    let typed = [("user", login.user.as_str()), ("password", login.password.as_str())];
    let signed = browser.submit_named(&page, "login", &typed)?;
    let page = browser.settle_at(signed, &[&provider])?;
    let mut answers = vec![("decision", "allow")];
    answers.extend(unticked.iter().map(|name| (*name, "")));
    let back = browser.submit_named(&page, "consent", &answers)?;
    Ok((browser.return_to(&back)?, session.id))
}

/// Connects so; the connection, once nothing is due or running.
fn log_in(rig: &Rig, tenant: &Tenant, who: &str, unticked: &[&str]) -> Result<String> {
    let (done, session) = through(rig, tenant, who, unticked)?;
    if done.status != 200 {
        return Err(Trouble::new(format!("the callback answered {}: {}", done.status, done.text)));
    }
    tenant.made_by(&session)
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn the_whole_journey_of_a_system_user() -> Result<()> {
    journey(&by_system_user())
}

#[test]
fn each_row_of_the_error_table() -> Result<()> {
    chaos(&table())
}
