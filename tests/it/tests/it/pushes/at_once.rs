//! 64 clients send the same item in the same moment.

use std::collections::BTreeSet;

use patchbay_it::{ACTIONS, DeskItem, Nodes, RigSetup, ServerDatabase, Tenant, pdf};
use patchbay_test_support::{Answer, Result, together};

use super::Scene;

const CLIENTS: usize = 64;
const SMALL: usize = 64 * 1024;

/// One item of each action.
fn each(tenant: &Tenant, key: &str) -> Result<Vec<DeskItem>> {
    let blob = tenant.upload("at-once.pdf", "application/pdf", pdf(3, SMALL))?;
    let item = |action: &str| if action == "report" { DeskItem::report(key, &blob) } else { DeskItem::of(action, key) };
    Ok(ACTIONS.iter().map(|(action, _)| item(action)).collect())
}

/// One id in all answers, and all but one say whose duplicate they are; the id.
fn one_item(answers: Vec<Result<Answer>>) -> Result<String> {
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(answers.len(), CLIENTS);
    let ids = answers.iter().map(|answer| answer.text_at("/id")).collect::<Result<BTreeSet<_>>>()?;
    let id = ids.first().cloned().unwrap_or_default();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let duplicates = answers.iter().filter(|answer| answer.status == 200 && answer.json["duplicate_of"] == id.as_str());
    assert_eq!(duplicates.count(), CLIENTS - 1);
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201 && answer.json["duplicate_of"].is_null()).count(),
        1
    );
    Ok(id)
}

#[test]
fn of_64_clients_that_send_the_same_item_at_once_one_is_first_and_the_provider_has_one_object() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let items = each(&scene.tenant, "all")?;
    for item in &items {
        let push = one_item(together(CLIENTS, |_| {
            Tenant { api: scene.rig.stranger().with_key(&scene.tenant.key), ..scene.tenant.copy() }.send(item)
        }))?;
        assert_eq!(scene.tenant.push_ended(&push)?["state"], "done");
    }
    assert_eq!((scene.listed("")?.len(), scene.rig.written_once(&items)?), (items.len(), items.len()));
    assert_eq!(scene.writes(), items.len() + 1, "the report is two");
    Ok(())
}

#[test]
fn so_it_is_on_two_nodes_with_32_clients_each() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let nodes = Nodes::start(2, &database, RigSetup::default())?;
    nodes.rig.install_desk()?;
    let tenant = nodes.rig.tenant("A")?;
    tenant.connect_desk(&nodes.rig.fakes.desk, "owner")?;
    let items = each(&tenant, "all")?;
    for item in &items {
        let push = one_item(together(CLIENTS, |client| nodes.tenant_at(client % 2, &tenant)?.send(item)))?;
        assert_eq!(tenant.push_ended(&push)?["state"], "done");
    }
    assert_eq!(nodes.rig.written_once(&items)?, items.len());
    let writes = nodes.rig.fakes.desk.journal.entries().iter().filter(|entry| entry.method != "GET").count();
    assert_eq!(writes, items.len() + 1);
    Ok(())
}
