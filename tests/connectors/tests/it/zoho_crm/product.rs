//! What the product page asks of Zoho, over the real host.

use std::{collections::BTreeSet, time::Duration};

use patchbay_it::{Rig, RigSetup, Tenant, leads};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{FakesConfig, Login, also, zoho::Zoho},
    wait_until,
};
use serde_json::{Value, json};

use super::walk;

const ID: &str = "patchbay.zoho-crm";
const LIMIT: Duration = Duration::from_secs(60);

struct World {
    rig: Rig,
    tenant: Tenant,
}

impl World {
    fn start() -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "zoho-crm").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install_connectors(&["zoho-crm"])?;
        let tenant = rig.tenant("A")?;
        let world = Self { rig, tenant };
        let client = world.zoho()?.client();
        world.zoho()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        Ok(world)
    }

    fn zoho(&self) -> Result<&Zoho> {
        let none = || Trouble::new("the fake was not started".to_owned());
        self.rig.fakes.stand::<Zoho>().map(|stand| stand.provider.as_ref()).ok_or_else(none)
    }

    /// The host's last page after a login, and the connection where there is one.
    fn log_in(&self, login: &Login) -> Result<(Page, Option<String>)> {
        let session = self.tenant.session(ID, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, ID, &[])?;
        let back = walk(&mut browser, &leads(&away)?, login, true)?;
        let page = browser.return_to(&back)?;
        Ok((page, self.tenant.made_by(&session.id).ok()))
    }

    /// A connection of the person in the EU whose streams were read.
    fn connected(&self) -> Result<String> {
        let (page, connection) = self.log_in(&self.zoho()?.login())?;
        let connection = connection.ok_or_else(|| Trouble::new(page.text))?;
        self.tenant.settled()?;
        Ok(connection)
    }

    /// What was written, by kind.
    fn written(&self) -> Result<Vec<(String, Value)>> {
        let stand = self.rig.fakes.stand::<Zoho>().ok_or_else(|| Trouble::new("no fake".to_owned()))?;
        Ok(stand.journal.objects().into_iter().map(|made| (made.kind, made.content)).collect())
    }

    /// Keys that the feed has of a stream.
    fn keys(&self, stream: &str) -> Result<BTreeSet<String>> {
        let of = |change: &Value| change["stream"] == json!(stream) && change["operation"] != json!("delete");
        let changes = self.tenant.feed(0)?;
        Ok(changes
            .iter()
            .filter(|change| of(change))
            .filter_map(|change| change["key"].as_str())
            .map(str::to_owned)
            .collect())
    }

    /// Where the provider refused something, and hosts that were asked although nobody may.
    fn refusals(&self) -> Vec<String> {
        let stand = self.rig.fakes.stand::<Zoho>();
        let entries = stand.map(|stand| stand.journal.entries()).unwrap_or_default();
        entries.into_iter().filter_map(|entry| entry.refusal).collect()
    }
}

#[test]
fn after_a_meeting_its_report_is_in_workdrive_its_note_links_there_and_its_todos_are_tasks() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let folder = world.zoho()?.folder("Verslagen");
    let settings = json!({ "workdrive_folder": folder, "workdrive_subfolder": "Claritalk 2026", "links": "anyone",
        "default_assignee": "bart@vermeulen.example" });
    // Tasks can be switched off for Zoho.
    world.tenant.change(&connection, &json!({ "settings": settings, "functions": { "tasks": false } }))?;

    let events = world.tenant.pick(&connection, "events", "", &[])?;
    let event = events.first().ok_or_else(|| Trouble::new("no event can be picked".to_owned()))?;
    let meeting = |source: &str| {
        json!({ "connection": connection, "source": source, "target": { "id": event["id"] },
            "title": "Jaargesprek café + ü", "date": "12-03-2026",
            "report": { "text": "Alles wat gezegd is, en \"é + ü\"." },
            "notes": [{ "text": "De klant wil groeien." }],
            "todos": [{ "text": "Offerte sturen", "due": "2026-03-20", "assignee": "Iemand Anders" }] })
    };
    let send = |source: &str| -> Result<Vec<Value>> {
        let sent = world.tenant.api.post("/v1/meetings", &meeting(source))?;
        let items = if [200, 201, 202].contains(&sent.status) { sent.array_at("/items")? } else { Vec::new() };
        let pushes: Vec<String> =
            items.iter().filter_map(|item| item.pointer("/push/id")?.as_str()).map(str::to_owned).collect();
        if pushes.len() != 3 {
            return Err(Trouble::new(format!("three items were expected: {}", sent.text())));
        }
        pushes.iter().map(|push| world.tenant.push_is(push, &["done", "skipped", "failed", "rejected"])).collect()
    };
    let states = |ended: &[Value]| ended.iter().map(|push| push["state"].clone()).collect::<Vec<_>>();

    let ended = send("m1")?;
    assert_eq!(states(&ended), ["done", "done", "skipped"], "{ended:?}");
    let written = world.written()?;
    let kinds: BTreeSet<&str> = written.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!((kinds, written.len()), (BTreeSet::from(["file", "folder", "link", "note"]), 5), "{written:?}");
    let note = written.iter().find(|(kind, content)| kind == "note" && content.to_string().contains("zohoexternal"));
    let (_, note) = note.ok_or_else(|| Trouble::new(format!("no note links to the report: {written:?}")))?;
    assert_eq!(note["Note_Title"], "Jaargesprek café + ü (12-03-2026)");
    let file =
        written.iter().find(|(kind, _)| kind == "file").map(|(_, file)| file["name"].clone()).unwrap_or_default();
    let name = file.as_str().unwrap_or_default();
    assert!(name.starts_with("Jaargesprek café + ü (12-03-2026) (pb-") && name.ends_with(".txt"), "{name}");

    // The same again writes nothing; with tasks switched on, another meeting makes one. The folder is there by now.
    send("m1")?;
    assert_eq!(world.written()?.len(), 5);
    world.tenant.change(&connection, &json!({ "functions": { "tasks": true } }))?;
    let ended = send("m2")?;
    assert_eq!(states(&ended), ["done", "done", "done"], "{ended:?}");
    let written = world.written()?;
    let tasks: Vec<&Value> = written.iter().filter(|(kind, _)| kind == "task").map(|(_, task)| task).collect();
    let [task] = tasks.as_slice() else { return Err(Trouble::new(format!("one task: {written:?}"))) };
    assert_eq!((&task["Subject"], &task["Due_Date"]), (&json!("Offerte sturen"), &json!("2026-03-20")));
    assert_eq!(task["Owner"], json!({ "id": "5543210000000191033" }), "nobody is called so: whom the settings name");
    assert!(task["What_Id"]["id"].is_string() && task["$se_module"] == "Accounts", "{task}");
    assert!(task["Description"].as_str().is_some_and(|text| text.contains("For: Iemand Anders")), "{task}");
    assert_eq!(written.iter().filter(|(kind, _)| kind == "folder").count(), 1);
    assert_eq!(world.refusals(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_module_of_the_organisations_own_is_found_and_read_with_what_was_deleted() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    world.tenant.api.post(&format!("/v1/connections/{connection}/discover"), &json!({}))?.expect(200)?;
    let syncs = world.tenant.get(&format!("/v1/connections/{connection}/syncs"))?.array_at("/items")?;
    let own: Vec<&Value> = syncs.iter().filter(|sync| sync["discovered"] == json!(true)).collect();
    let [own] = own.as_slice() else { return Err(Trouble::new(format!("one own module: {syncs:?}"))) };
    assert_eq!((&own["stream"], &own["enabled"]), (&json!("module_Dossiers"), &json!(false)));
    let sync = own["id"].as_str().unwrap_or_default().to_owned();
    world.tenant.api.patch(&format!("/v1/syncs/{sync}"), &json!({ "enabled": true }))?.expect(200)?;
    wait_until("23 dossiers", LIMIT, || Ok((world.keys("module_Dossiers")?.len() == 23).then_some(())))?;
    world.tenant.settled()?;
    let first = world.zoho()?.records("Dossiers")[0]["id"].as_str().unwrap_or_default().to_owned();
    world.zoho()?.remove("Dossiers", &first);
    let run = world.tenant.ended(&world.tenant.run(&sync)?)?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let gone = world.tenant.feed(0)?.into_iter().filter(|change| change["operation"] == json!("delete"));
    assert_eq!(gone.map(|change| change["key"].clone()).collect::<Vec<_>>(), [json!(first)]);
    assert_eq!(world.refusals(), Vec::<String>::new());
    Ok(())
}

#[test]
fn thousands_of_one_second_are_read_behind_what_page_numbers_reach() -> Result<()> {
    let world = World::start()?;
    world.zoho()?.import_events(2_300);
    world.connected()?;
    assert_eq!(world.keys("events")?.len(), 2_317);
    assert_eq!(world.refusals(), Vec::<String>::new());
    Ok(())
}

#[test]
fn each_data_centre_is_asked_with_its_own_secret_and_what_the_browser_says_of_servers_is_not_believed() -> Result<()> {
    let world = World::start()?;
    let zoho = world.zoho()?;
    zoho.separate_secrets(true);
    let client = zoho.client();
    let body = json!({ "client_id": client.id, "client_secret": client.secret,
        "region_secrets": { "us": zoho.secret_of("us"), "eu": zoho.secret_of("eu") } });
    world.rig.operator.put(&format!("/v1/connectors/{ID}/oauth-client"), &body)?.expect(200)?;
    zoho.lie_about_server("https://evil.example");
    let (page, connection) = world.log_in(&zoho.login_in_us())?;
    let connection = connection.ok_or_else(|| Trouble::new(page.text))?;
    let made = world.tenant.get(&format!("/v1/connections/{connection}"))?;
    assert_eq!(
        (made.text_at("/business_name")?, made.text_at("/state")?),
        ("Acme Inc".to_owned(), "active".to_owned())
    );
    world.tenant.settled()?;
    let stand = world.rig.fakes.stand::<Zoho>().ok_or_else(|| Trouble::new("no fake".to_owned()))?;
    let hosts: BTreeSet<String> =
        stand.journal.entries().into_iter().filter_map(|entry| entry.headers.get("host").cloned()).collect();
    let asked: Vec<&str> = hosts.iter().map(String::as_str).filter(|host| host.contains("zoho")).collect();
    assert_eq!(asked, ["accounts.zoho.com", "www.zohoapis.com"]);
    let (_, other) = world.log_in(&zoho.login())?;
    assert!(other.is_some_and(|other| other != connection), "another data centre is another organisation");
    Ok(())
}

#[test]
fn folders_of_workdrive_can_be_picked_for_the_settings() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let roots = world.tenant.pick(&connection, "workdrive-roots", "", &[])?;
    let labels: Vec<&str> = roots.iter().filter_map(|root| root["label"].as_str()).collect();
    assert_eq!(labels, ["Verslagen", "My Folders"], "a team folder of others is not offered");
    let root = roots.first().and_then(|root| root["id"].as_str()).unwrap_or_default().to_owned();
    assert!(world.tenant.pick(&connection, "workdrive-folders", "", &[("workdrive-roots", &root)])?.is_empty());
    assert_eq!(world.refusals(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_connection_that_is_deleted_takes_its_consent_back() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    assert_eq!(world.zoho()?.grants(), 1);
    world.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_until("the consent to end", LIMIT, || Ok((world.zoho()?.grants() == 0).then_some(())))?;
    assert_eq!(world.refusals(), Vec::<String>::new());
    Ok(())
}

#[test]
fn an_account_in_china_has_a_way_to_log_in_of_its_own_and_no_other_account_comes_in_by_it() -> Result<()> {
    let world = World::start()?;
    let zoho = world.zoho()?;
    let by_china = |login: &Login| -> Result<(Page, Option<String>)> {
        let session = world.tenant.session(ID, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let mut review = browser.review(&session.url, ID)?.url;
        review.query_pairs_mut().append_pair("auth", "oauth-cn");
        let review = browser.open(review.as_str())?;
        let away = browser.authorise(&review, &[])?;
        let back = walk(&mut browser, &leads(&away)?, login, true)?;
        let page = browser.return_to(&back)?;
        Ok((page, world.tenant.made_by(&session.id).ok()))
    };
    let (page, made) = by_china(&zoho.login())?;
    assert!(made.is_none() && page.status >= 400, "{} {}", page.status, page.text);
    let stand = world.rig.fakes.stand::<Zoho>().ok_or_else(|| Trouble::new("no fake".to_owned()))?;
    let tokens = |entry: &&patchbay_test_support::fakes::Entry| entry.path.starts_with("/oauth/v2/token");
    assert_eq!(stand.journal.entries().iter().filter(tokens).count(), 0, "no secret was sent anywhere");
    let (page, made) = by_china(&zoho.login_in_china())?;
    let made = made.ok_or_else(|| Trouble::new(page.text))?;
    let connection = world.tenant.get(&format!("/v1/connections/{made}"))?;
    assert_eq!(connection.text_at("/state")?, "active");
    world.tenant.settled()?;
    let hosts: BTreeSet<String> =
        stand.journal.entries().into_iter().filter_map(|entry| entry.headers.get("host").cloned()).collect();
    let asked: Vec<&str> = hosts.iter().map(String::as_str).filter(|host| host.contains("zoho")).collect();
    assert_eq!(asked, ["accounts.zoho.com.cn", "www.zohoapis.com.cn"]);
    Ok(())
}
