//! **A person picks where a push goes from what there is**: what was typed finds clients and, of the client that was
//! chosen, folders; a refresh finds what has come since; a picker tells how old its answer is. [`asked`]: what the
//! provider is asked for, once a minute at most. [`hidden`]: streams that are read for a picker only. [`odd`]: whatever
//! is typed, and whatever things are called.

mod asked;
mod hidden;
mod odd;

use std::time::Duration;

use patchbay_it::{Rig, RigSetup, Tenant};
use patchbay_test_support::{
    Answer, Result,
    fakes::{
        Act, Rule,
        desk::{Desk, DeskStand},
    },
    wait_until,
};
use serde_json::{Value, json};

/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);
/// Choices of one answer from records.
const SHOWN: usize = 20;

/// A host, a tenant, and its connection to the desk, whose streams have been read.
struct Scene {
    rig: Rig,
    tenant: Tenant,
    connection: String,
}

impl Scene {
    fn start() -> Result<Self> {
        Self::of(RigSetup::default())
    }

    fn of(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_desk()?;
        let tenant = rig.tenant("A")?;
        let connection = tenant.connect_desk(&rig.fakes.desk, "owner")?;
        let scene = Self { rig, tenant, connection };
        scene.all_read()?;
        Ok(scene)
    }

    fn all_read(&self) -> Result<()> {
        self.tenant.all_read(std::slice::from_ref(&self.connection))
    }

    fn stand(&self) -> &DeskStand {
        &self.rig.fakes.desk
    }

    fn desk(&self) -> &Desk {
        &self.stand().provider
    }

    /// Asks a picker, whatever the answer.
    fn ask(&self, picker: &str, query: &str) -> Result<Answer> {
        self.tenant.api.get(&format!("/v1/connections/{}/pickers/{picker}?{query}", self.connection))
    }

    fn ids(&self, picker: &str, typed: &str, parents: &[(&str, &str)]) -> Result<Vec<String>> {
        Ok(ids(&self.tenant.pick(&self.connection, picker, typed, parents)?))
    }

    /// Has a picker's stream read now; the run.
    fn refresh(&self, picker: &str) -> Result<Option<String>> {
        let path = format!("/v1/connections/{}/pickers/{picker}/refresh", self.connection);
        let run = self.tenant.api.post(&path, &json!({}))?.expect(202)?.json["run"].clone();
        Ok(run.as_str().map(str::to_owned))
    }

    /// The same, to its end.
    fn refreshed(&self, picker: &str) -> Result<()> {
        let run = self.refresh(picker)?.unwrap_or_default();
        let ended = self.tenant.ended(&run)?;
        assert_eq!(ended["state"], json!("done"), "{ended}");
        Ok(())
    }
}

fn ids(choices: &[Value]) -> Vec<String> {
    choices.iter().map(|choice| text(choice, "id")).collect()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The code of a problem, and the places that are wrong.
fn told(answer: &Answer) -> (u16, String, Vec<String>) {
    let places = answer.json["errors"].as_array().into_iter().flatten().map(|error| text(error, "pointer")).collect();
    (answer.status, text(&answer.json, "code"), places)
}

#[test]
fn a_folder_is_picked_of_the_client_that_was_chosen_and_of_no_other() -> Result<()> {
    let scene = Scene::start()?;
    let (one, two) = (scene.desk().add_client("One"), scene.desk().add_client("Two"));
    let (of_one, of_two) = (scene.desk().add_folder(&one, "Same"), scene.desk().add_folder(&two, "Same"));
    scene.refreshed("clients")?;
    scene.refreshed("folders")?;
    for (clients, folders) in [("clients", "folders"), ("search_clients", "search_folders")] {
        let of = |client: &str| scene.ids(folders, "same", &[(clients, client)]);
        assert_eq!((of(&one)?, of(&two)?), (vec![of_one.clone()], vec![of_two.clone()]), "{folders}");
        assert_eq!(of("c4711")?, Vec::<String>::new(), "{folders}: a client that there is not has none");
        for (query, place) in [
            ("q=same".to_owned(), format!("/parent.{clients}")),
            (format!("q=same&parent.{clients}="), format!("/parent.{clients}")),
            (format!("parent.{clients}=c1&parent.{folders}=f1"), format!("/parent.{folders}")),
            (format!("parent.{clients}=c1&parent.{clients}=c2"), format!("/parent.{clients}")),
            (format!("parent.{clients}=c1%0a"), format!("/parent.{clients}")),
            (format!("parent.{clients}={}", "1".repeat(1_025)), format!("/parent.{clients}")),
        ] {
            let answer = scene.ask(folders, &query)?;
            assert_eq!(told(&answer), (422, "PB5008".to_owned(), vec![place]), "{folders}?{query}: {}", answer.text());
        }
        let answer = scene.ask(clients, &format!("parent.{folders}=f1"))?;
        assert_eq!(told(&answer), (422, "PB5008".to_owned(), vec![format!("/parent.{folders}")]), "{}", answer.text());
    }
    let missing = scene.ask("folders", "q=same")?.text_at("/errors/0/detail")?;
    assert!(missing.contains("depends on the choice of clients"), "{missing}");
    // The catalog says which choices come first.
    let catalog = scene.tenant.get("/v1/catalog/acme.desk")?.array_at("/pickers")?;
    let parents =
        |name: &str| catalog.iter().find(|picker| picker["name"] == json!(name)).map(|p| p["parents"].clone());
    assert_eq!((parents("folders"), parents("clients")), (Some(json!(["clients"])), Some(json!([]))), "{catalog:?}");
    Ok(())
}

#[test]
fn a_refresh_reads_the_stream_now_and_says_so_and_the_new_client_is_found() -> Result<()> {
    let scene = Scene::start()?;
    let before = scene.ask("clients", "q=newcomer")?.expect(200)?.json;
    assert_eq!((&before["choices"], &before["refreshing"]), (&json!([]), &json!(false)));
    let client = scene.desk().add_client("Newcomer & Sons");
    assert_eq!(scene.ids("clients", "newcomer", &[])?, Vec::<String>::new(), "nobody has read it yet");

    scene.stand().script.add(Rule::on("GET", "/clients", Act::Hold { name: "read".to_owned(), applied: false }));
    let run = scene.refresh("clients")?.unwrap_or_default();
    assert!(scene.stand().script.wait_until_held("read", LIMIT), "it is read at once, not when it is due");
    let during = scene.ask("clients", "q=newcomer")?.expect(200)?.json;
    let told = (&during["choices"], &during["refreshing"], &during["as_of"]);
    assert_eq!(told, (&json!([]), &json!(true), &before["as_of"]), "while it is read, what is known is told");
    assert_eq!(scene.refresh("clients")?, Some(run.clone()), "who asks meanwhile follows the same run");
    assert_eq!(scene.ask("folders", "parent.clients=c1")?.json["refreshing"], json!(false), "another stream is not");

    scene.stand().script.release("read");
    assert_eq!(scene.tenant.ended(&run)?["state"], json!("done"));
    let after = scene.ask("clients", "q=newcomer")?.expect(200)?.json;
    assert_eq!(ids(after["choices"].as_array().map_or(&[], Vec::as_slice)), [client]);
    assert_eq!(after["refreshing"], json!(false));
    assert!(text(&after, "as_of") > text(&before, "as_of"), "{after} {before}");
    Ok(())
}

#[test]
fn a_new_name_and_whatever_the_case_is_found_by_name_code_or_id() -> Result<()> {
    let scene = Scene::start()?;
    let client = scene.desk().add_client("Zoë Ångström & Fils");
    scene.refreshed("clients")?;
    let code = scene.desk().clients().last().map(|client| text(client, "code")).unwrap_or_default();
    for typed in ["zoë å", "ZOË Å", " & fils", code.as_str(), client.as_str()] {
        assert_eq!(scene.ids("clients", typed, &[])?, [client.as_str()], "{typed}");
    }
    assert!(!scene.ids("clients", &client[..client.len() - 1], &[])?.contains(&client), "an id by all of it");
    for typed in ["zo%", "zo_ ", "' OR 1=1 --", "*", "\\", "zo\u{0}", "[z]"] {
        assert_eq!(scene.ids("clients", typed, &[])?, Vec::<String>::new(), "{typed:?} means itself");
    }
    assert!(scene.desk().rename(&client, "Quite another one"));
    scene.refreshed("clients")?;
    assert_eq!(scene.ids("clients", "zoë ångström &", &[])?, Vec::<String>::new());
    assert_eq!(scene.ids("clients", "another", &[])?, [client]);
    Ok(())
}

#[test]
fn pages_follow_each_other_until_each_choice_was_shown_once() -> Result<()> {
    let scene = Scene::start()?;
    let all = scene.desk().clients().len();
    // The desk has two pages for the connector, which asks for 50.
    scene.desk().resize(120, 1);
    scene.refreshed("clients")?;
    assert!(all < 120);
    for (picker, page) in [("clients", SHOWN), ("search_clients", 50)] {
        let (mut seen, mut cursor, mut sizes) = (Vec::new(), String::new(), Vec::new());
        loop {
            let answer = scene.ask(picker, &format!("q=&cursor={cursor}"))?.expect(200)?;
            let choices = answer.array_at("/choices")?;
            sizes.push(choices.len());
            assert!(sizes.len() < 10, "{picker}: it has no end: {sizes:?}");
            seen.extend(ids(&choices));
            cursor = text(&answer.json, "next");
            if cursor.is_empty() {
                break;
            }
        }
        assert!(sizes.iter().rev().skip(1).all(|size| *size == page), "{picker}: {sizes:?}");
        seen.sort_unstable();
        let mut every: Vec<String> = scene.desk().clients().iter().map(|client| text(client, "id")).collect();
        every.sort_unstable();
        assert_eq!(seen, every, "{picker}");
    }
    Ok(())
}

#[test]
fn a_connection_that_is_switched_off_is_not_read_and_nobody_else_sees_it() -> Result<()> {
    let scene = Scene::start()?;
    let client = scene.ids("clients", "c7", &[])?;
    assert_eq!(client, ["c7"]);
    scene.tenant.change(&scene.connection, &json!({ "enabled": false }))?;
    assert_eq!(scene.ids("clients", "c7", &[])?, ["c7"], "what was read can be picked");
    let path = |picker: &str| format!("/v1/connections/{}/pickers/{picker}", scene.connection);
    let before = scene.stand().journal.last();
    for picker in ["clients", "search_clients"] {
        let refused = scene.tenant.api.post(&format!("{}/refresh", path(picker)), &json!({}))?;
        let wanted = if picker == "clients" { 409 } else { 202 };
        assert_eq!(refused.status, wanted, "{picker}: {}", refused.text());
    }
    scene.ask("search_clients", "q=a")?.expect(409)?;
    assert_eq!(scene.stand().journal.last(), before, "nothing is asked of the provider");
    scene.tenant.change(&scene.connection, &json!({ "enabled": true }))?;
    assert_eq!(scene.ids("search_clients", "10007", &[])?, ["c7"]);

    let other = scene.rig.tenant("B")?;
    for picker in ["clients", "search_clients", "nothing"] {
        other.api.get(&path(picker))?.expect(404)?;
        other.api.post(&format!("{}/refresh", path(picker)), &json!({}))?.expect(404)?;
        scene.rig.stranger().get(&path(picker))?.expect(401)?;
    }
    wait_until("nothing to run", LIMIT, || Ok(scene.tenant.settled().ok()))
}
